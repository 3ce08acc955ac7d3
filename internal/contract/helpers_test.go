package contract_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/config"
)

// Fields is a JSON object to send.
type Fields = authtest.Fields

const (
	ada   = "ada@example.com"
	bob   = "bob@example.com"
	carol = "carol@example.com"

	password = authtest.Password
	racers   = 32
)

// onEach runs a test on each engine, at once, each with a server of its own. The
// server trusts loopback as its proxy, so that a client may come From anywhere.
func onEach(t *testing.T, test func(t *testing.T, srv *authtest.Server)) {
	t.Helper()
	onEachWith(t, func(*config.Config) {}, test)
}

// onEachWith is onEach with another configuration.
func onEachWith(t *testing.T, configure func(*config.Config), test func(t *testing.T, srv *authtest.Server)) {
	t.Helper()
	t.Parallel()
	authtest.Engines(t, func(t *testing.T, e authtest.Engine) {
		test(t, start(t, e, configure))
	})
}

// onOneWith runs a test on one node alone, for what a node keeps to itself: its inbox, and
// for up to a minute when a token was last used.
func onOneWith(t *testing.T, configure func(*config.Config), test func(t *testing.T, srv *authtest.Server)) {
	t.Helper()
	t.Parallel()
	test(t, start(t, authtest.Embedded, configure))
}

func onOne(t *testing.T, test func(t *testing.T, srv *authtest.Server)) {
	t.Helper()
	onOneWith(t, func(*config.Config) {}, test)
}

func start(t *testing.T, e authtest.Engine, configure func(*config.Config)) *authtest.Server {
	t.Helper()
	return authtest.Start(t, e, authtest.WithLimits(), authtest.FastHash(),
		authtest.WithEnv("FLOWXI_TRUSTED_PROXIES=127.0.0.0/8,::1/128"), authtest.WithConfig(configure))
}

func withoutLimits(c *config.Config) { c.RateLimits = false }

// count tells how many answers have that status.
func count(answers []*authtest.Answer, status int) int {
	n := 0
	for _, a := range answers {
		if a.Status == status {
			n++
		}
	}
	return n
}

// onlyOne demands that exactly one of the answers succeeded, and returns it.
func onlyOne(t *testing.T, answers []*authtest.Answer) *authtest.Answer {
	t.Helper()
	if n := count(answers, 200); n != 1 {
		t.Fatalf("%d of %d callers succeeded, want exactly one\n%s", n, len(answers), answers[0])
	}
	for _, a := range answers {
		if a.Status == 200 {
			return a
		}
	}
	return nil
}

// alike demands that two answers of a server cannot be told apart, but for what differs from
// request to request anyway.
func alike(t *testing.T, srv *authtest.Server, what string, got, want *authtest.Answer) {
	t.Helper()
	g, gotOver := essence(got)
	w, wantOver := essence(want)
	if g != w {
		t.Errorf("%s is told apart\ngot:  %s\nwant: %s", what, g, w)
	}
	drift := srv.Drift()
	for name, over := range gotOver {
		if (over - wantOver[name]).Abs() > drift {
			t.Errorf("%s is told apart: %s is %s and %s, which may be %s apart", what, name, over, wantOver[name], drift)
		}
	}
}

// essence is what an answer says, and apart from it after what times its limits are over,
// by the header that tells.
func essence(a *authtest.Answer) (text string, over map[string]time.Duration) {
	header, over := a.Header.Clone(), map[string]time.Duration{}
	for _, name := range []string{"RateLimit-Reset", "Retry-After"} {
		if seconds, err := strconv.Atoi(header.Get(name)); err == nil {
			over[name] = time.Duration(seconds) * time.Second
			header.Set(name, "some")
		}
	}
	header.Del("Date")
	header.Del("X-Request-Id")
	var lines strings.Builder
	_ = header.Write(&lines)
	return strings.Join([]string{http.StatusText(a.Status), lines.String(), string(a.Body)}, "\n"), over
}

func long(n int) string { return strings.Repeat("a", n) }
