package metrics

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/store"
)

func TestRequestsAreCountedByFixedLabels(t *testing.T) {
	t.Parallel()
	m := New("v1")
	for range 2 {
		m.Answered(api.Answered{Method: "GET", Route: "/api/v1/me", Status: 200, Code: string(account.MeOK), Took: time.Millisecond})
	}
	m.Answered(api.Answered{Method: "POST", Route: "none", Status: 429, Code: account.ErrTooManyRequests.Code})
	m.Answered(api.Answered{Method: "BREW", Route: "/secret", Status: 799, Code: "SECRET"})
	want := `
		# HELP flowxi_http_requests_total Requests that were answered, by route, method and status.
		# TYPE flowxi_http_requests_total counter
		flowxi_http_requests_total{code="200",method="GET",route="/api/v1/me"} 2
		flowxi_http_requests_total{code="429",method="POST",route="other"} 1
		flowxi_http_requests_total{code="other",method="other",route="other"} 1
	`
	if err := testutil.GatherAndCompare(m.Gatherer(), strings.NewReader(want), "flowxi_http_requests_total"); err != nil {
		t.Error(err)
	}
	if got := testutil.ToFloat64(m.requests.codes["TOO_MANY_REQUESTS"]); got != 1 {
		t.Errorf("%v refusals are counted", got)
	}
	if got := testutil.CollectAndCount(m.requests.refusals); got != len(account.Errors()) {
		t.Errorf("there are %d codes of refusals, want the %d of the catalogue", got, len(account.Errors()))
	}
}

func TestRequestsInFlightAreCounted(t *testing.T) {
	t.Parallel()
	m := New("v1")
	m.Begun()
	m.Begun()
	m.Ended()
	if got := testutil.ToFloat64(m.requests.inFlight); got != 1 {
		t.Errorf("%v are in flight", got)
	}
}

func TestEveryRouteAndMethodIsKnown(t *testing.T) {
	t.Parallel()
	m := New("v1")
	for _, r := range api.Routes() {
		if _, known := m.requests.routes[routeKey{r.Method, api.Prefix + r.Path}]; !known {
			t.Errorf("%s %s is not counted by its name", r.Method, r.Path)
		}
	}
	if len(m.requests.routes) > 300 {
		t.Errorf("there are %d pairs of route and method", len(m.requests.routes))
	}
}

func TestCountingARequestIsCheap(t *testing.T) { // not parallel: it counts allocations
	m, a := New("v1"), api.Answered{Method: "GET", Route: "/api/v1/me", Status: 200, Took: time.Millisecond}
	if n := testing.AllocsPerRun(100, func() { m.Answered(a); m.Worked(store.Read, time.Millisecond) }); n > 1 {
		t.Errorf("it allocates %v times", n)
	}
}

func TestTheConventionsAreKept(t *testing.T) {
	t.Parallel()
	m := New("v1")
	m.Answered(api.Answered{Method: "GET", Route: "pages", Status: 200})
	problems, err := testutil.GatherAndLint(m.Gatherer())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range slices.DeleteFunc(problems, func(p promlint.Problem) bool { return !strings.HasPrefix(p.Metric, "flowxi_") }) {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
