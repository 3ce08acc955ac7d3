package node_test

import (
	"bytes"
	"encoding/hex"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	wire "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/node"
)

// What must never stand in a metric or a span.
const (
	canaryMail   = "canary-person@example.com"
	canaryIP     = "203.0.113.77"
	canaryDevice = "canary-device"
	canaryName   = "Canaryname"
)

// live has a person do what people do, and strangers what strangers do. It returns every
// secret of theirs.
func live(t *testing.T, srv *authtest.Server) (secrets []string) {
	t.Helper()
	c := srv.Client(t).From(canaryIP)
	person := c.Register(canaryMail)
	phone := person.LoginOn(canaryDevice)
	phone.Get("/me").Expect(200, "ME_OK")
	phone.Patch("/me", authtest.Fields{"firstname": canaryName}).Expect(200, "ME_UPDATED")
	var photo bytes.Buffer
	if err := png.Encode(&photo, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	phone.Upload(photo.Bytes()).Expect(200, "ME_PHOTO_UPDATED")
	c.Login("canary-stranger@example.com", canaryDevice).Expect(401, "INVALID_CREDENTIALS")
	c.Get("/canary-path?canary-query=1").Expect(404, "NOT_FOUND")
	c.Send("CANARY", api.Prefix+"/me", nil).Expect(405, "METHOD_NOT_ALLOWED")
	return []string{canaryMail, canaryIP, canaryDevice, canaryName, "anary", "example.com", person.Bearer(), phone.Bearer(), "profile_photos"}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func scrape(t *testing.T, addr string) []byte {
	t.Helper()
	resp, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", resp.Status, err)
	}
	return text
}

func TestMetricsTellOfTrafficAndOfNobody(t *testing.T) {
	t.Parallel()
	ops := freeAddr(t)
	srv := authtest.Start(t, authtest.Embedded, authtest.FastHash(),
		authtest.WithEnv("FLOWXI_OPS_ADDR="+ops, "FLOWXI_DRAIN_DELAY=0s", "FLOWXI_TRUSTED_PROXIES=127.0.0.1"))
	secrets := live(t, srv)
	text := scrape(t, ops)
	for _, s := range secrets {
		if bytes.Contains(text, []byte(s)) {
			t.Errorf("the metrics tell of %q", s)
		}
	}
	problems, err := promlint.New(bytes.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "flowxi_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	expectFamilies(t, families)
	expectLabels(t, families)
}

func expectFamilies(t *testing.T, families map[string]*dto.MetricFamily) {
	t.Helper()
	for _, name := range []string{
		"http_requests_total", "http_request_duration_seconds", "http_requests_in_flight", "refusals_total",
		"password_hash_active", "password_hash_waiting", "password_hash_refused_total",
		"photo_active", "photo_waiting", "photo_refused_total", "photo_trash_waiting",
		"database_connections_max", "database_connections_open", "database_connections_in_use",
		"database_connection_waits_total", "database_connection_wait_seconds_total",
		"database_work_duration_seconds", "database_transaction_retries_total",
		"outbox_waiting", "outbox_oldest_seconds", "mails_total", "job_runs_total", "panics_total", "build_info",
		"backup_last_success_timestamp_seconds", "ready", "database_up", "clock_timestamp_seconds", "data_dir_free_ratio", "data_dir_free_bytes",
		"cache_entries", "cache_entries_max", "cache_refused_total",
	} {
		if families["flowxi_"+name] == nil {
			t.Errorf("flowxi_%s is missing", name)
		}
	}
	for _, name := range []string{"go_goroutines", "process_start_time_seconds"} {
		if families[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	refused := 0.0
	for _, m := range families["flowxi_refusals_total"].GetMetric() {
		refused += m.GetCounter().GetValue()
	}
	if refused != 3 {
		t.Errorf("%v refusals are counted, want 3", refused)
	}
}

// expectLabels holds every value of every label against a list, or a form.
func expectLabels(t *testing.T, families map[string]*dto.MetricFamily) {
	t.Helper()
	codes := regexp.MustCompile(`^([2-5]\d\d|other)$`)
	lists := map[string][]string{
		"route": append(api.RouteNames(), "other"), "method": api.Methods(),
		"kind": {"read", "write", "owners", "logins", "codes", "mails", "floods"}, "pool": {"read", "write", "all"}, "job": {"flush_last_use", "empty_trash", "sweep", "audit", "note_limits"},
		"result": {"sent", "retried", "dropped", "succeeded", "failed", "elsewhere"},
	}
	for _, e := range account.Errors() {
		lists["code"] = append(lists["code"], e.Code)
	}
	for name, family := range families {
		if !strings.HasPrefix(name, "flowxi_") || name == "flowxi_build_info" {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "code" && codes.MatchString(l.GetValue()) {
					continue
				}
				if !slices.Contains(lists[l.GetName()], l.GetValue()) {
					t.Errorf("%s has the label %s=%q", name, l.GetName(), l.GetValue())
				}
			}
		}
	}
}

// receiver is a collector that keeps what it is sent.
type receiver struct {
	mu    sync.Mutex
	spans []*wire.Span
	raw   []byte
}

func (c *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var batch collector.ExportTraceServiceRequest
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &batch) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw = append(c.raw, body...)
	for _, of := range batch.GetResourceSpans() {
		for _, by := range of.GetScopeSpans() {
			c.spans = append(c.spans, by.GetSpans()...)
		}
	}
}

// named returns the spans of a name.
func (c *receiver) named(name string) (list []*wire.Span) {
	for _, s := range c.spans {
		if s.GetName() == name {
			list = append(list, s)
		}
	}
	return list
}

func TestTracesLeadFromTheRequestToTheMailAndToNobody(t *testing.T) {
	t.Parallel()
	authtest.Engines(t, func(t *testing.T, e authtest.Engine) {
		var got receiver
		to := httptest.NewServer(&got)
		defer to.Close()
		srv := authtest.Start(t, e, authtest.FastHash(), authtest.WithEnv("FLOWXI_TRACES_URL="+to.URL, "FLOWXI_TRUSTED_PROXIES=127.0.0.1"))
		secrets := live(t, srv)
		srv.Restart(t) // which sends what waits
		got.mu.Lock()
		defer got.mu.Unlock()
		for _, s := range secrets {
			if bytes.Contains(got.raw, []byte(s)) {
				t.Errorf("the traces tell of %q", s)
			}
		}
		logins := got.named("POST /api/v1/auth/login")
		if len(logins) != 2 {
			t.Fatalf("there are %d spans of logins, want 2", len(logins))
		}
		for _, name := range []string{"wait to hash password", "hash password", "transaction"} {
			if !within(got.named(name), logins[0]) {
				t.Errorf("no %q within the login", name)
			}
		}
		if !within(got.named("put object"), got.named("POST /api/v1/me/photo")[0]) {
			t.Error("no object within the upload")
		}
		mails := got.named("send mail: registration_code")
		sent := got.named("POST /api/v1/register-email-code/send")
		if len(mails) != 1 || len(sent) != 1 || len(mails[0].GetLinks()) != 1 || !bytes.Equal(mails[0].GetLinks()[0].GetSpanId(), sent[0].GetSpanId()) {
			t.Errorf("the mails %v are not linked to the requests %v", mails, sent)
		}
		if len(got.named("other /api/v1/me")) != 1 || len(got.named("GET none")) != 1 {
			t.Error("what strangers ask for is not in words of ours")
		}
	})
}

func within(spans []*wire.Span, parent *wire.Span) bool {
	return slices.ContainsFunc(spans, func(s *wire.Span) bool {
		return bytes.Equal(s.GetParentSpanId(), parent.GetSpanId()) && bytes.Equal(s.GetTraceId(), parent.GetTraceId())
	})
}

func TestOnlyATrustedProxySaysWhichTraceItIs(t *testing.T) {
	t.Parallel()
	const trace = "0af7651916cd43dd8448eb211c80319c"
	for name, c := range map[string]struct {
		environ []string
		header  string
		joined  bool
	}{
		"a stranger":           {nil, "00-" + trace + "-b7ad6b7169203331-01", false},
		"a proxy":              {[]string{"FLOWXI_TRUSTED_PROXIES=127.0.0.1"}, "00-" + trace + "-b7ad6b7169203331-01", true},
		"a proxy that has not": {[]string{"FLOWXI_TRUSTED_PROXIES=127.0.0.1"}, "00-" + trace + "-b7ad6b7169203331-00", true},
		"a proxy that errs":    {[]string{"FLOWXI_TRUSTED_PROXIES=127.0.0.1"}, "00-" + trace + "-x-01", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got receiver
			to := httptest.NewServer(&got)
			defer to.Close()
			srv := authtest.Start(t, authtest.Embedded, authtest.WithEnv(append(c.environ, "FLOWXI_TRACES_URL="+to.URL)...))
			srv.Client(t).Header("traceparent", c.header).Get("/health").Expect(200, "HEALTH_OK")
			srv.Restart(t)
			got.mu.Lock()
			defer got.mu.Unlock()
			asked := got.named("GET /api/v1/health")
			if len(asked) != 1 {
				t.Fatalf("%d spans have come, want 1 whatever the header says", len(asked))
			}
			if joined := hex.EncodeToString(asked[0].GetTraceId()) == trace; joined != c.joined {
				t.Errorf("the trace is %x", asked[0].GetTraceId())
			}
		})
	}
}

func TestACollectorThatHangsHoldsUpNobody(t *testing.T) {
	t.Parallel()
	may := make(chan struct{})
	to := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-may }))
	defer to.Close()
	defer close(may)
	n, err := node.New(t.Context(), settings(t, dbtest.SQLite, "FLOWXI_TRACES_URL="+to.URL), node.Options{})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for range 10_000 { // more than may wait
		get(n, "/nowhere")
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("requests took %s", took)
	}
	began = time.Now()
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("the end took %s", took)
	}
}
