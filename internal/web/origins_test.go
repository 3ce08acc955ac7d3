package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/browsertest"
)

// TestPagesElsewhere has pages of other origins call the API from a browser, which goes by
// what the server says of them (contract section 1). All of them are on one host, so that
// they share cookies, as applications on one site do.
func TestPagesElsewhere(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	home, other := emptyPages(t), emptyPages(t)
	srv := authtest.Start(t, authtest.Embedded, authtest.WithLimits(), authtest.FastHash(), authtest.WithEnv("FLOWXI_FRONTEND_ORIGINS="+home))
	person := srv.Client(t).Register(email)
	seen := &witness{}
	api := seen.before(t, srv.URL)
	open := func(t *testing.T, origin string) elsewhere {
		ctx, closeTab := chromedp.NewContext(browser)
		t.Cleanup(closeTab)
		p := elsewhere{tab{t: t, ctx: ctx}, api + "/api/v1", person.Bearer()}
		p.do(chromedp.Navigate(origin))
		p.is(`(document.cookie = "who=ada") && document.cookie === "who=ada"`)
		seen.forget()
		return p
	}
	t.Run("the frontend reads answers and what is exposed of them", func(t *testing.T) {
		p := open(t, home)
		p.reads("200 ME_OK in en, told of request-id, limit", p.fetch("/me", p.authorized()))
		p.reads("200 ME_OK in en, told of request-id, limit", p.fetch("/me", p.authorized()))
		ask := `method: "POST", headers: {"Content-Type": "application/json", "X-App-Locale": "fr"}, body: '{"email": "bob@example.com"}'`
		p.reads("200 OTP_SENT in fr, told of request-id, limit", p.fetch("/register-email-code/send", ask))
		p.reads("429 TOO_MANY_REQUESTS in fr, told of request-id, limit, retry-after", p.fetch("/register-email-code/send", ask))
		// Each preflight holds for what comes after it.
		seen.expect(t, "OPTIONS /me for 600 s", "GET /me", "GET /me",
			"OPTIONS /register-email-code/send for 600 s", "POST /register-email-code/send", "POST /register-email-code/send")
	})
	t.Run("the frontend sends no cookies", func(t *testing.T) {
		p := open(t, home)
		p.reads("TypeError", p.fetch("/auth/devices", `credentials: "include", `+p.authorized()))
		seen.expect(t, "OPTIONS /auth/devices for 600 s")
		p.reads("TypeError", p.fetch("/health", `credentials: "include"`))
		seen.expect(t, "GET /health with a cookie")
	})
	t.Run("another page sends no token", func(t *testing.T) {
		p := open(t, other)
		p.reads("TypeError", p.fetch("/me", p.authorized()))
		p.reads("TypeError", p.fetch("/auth/logout", `method: "POST", `+p.authorized()))
		p.reads("TypeError", p.fetch("/me", `method: "DELETE"`))
		seen.expect(t, "OPTIONS /me", "OPTIONS /auth/logout", "OPTIONS /me")
		person.Get("/me").Expect(200, "ME_OK")
	})
	t.Run("another page reads nothing", func(t *testing.T) {
		p := open(t, other)
		p.reads("TypeError", p.fetch("/health", ""))
		p.reads("TypeError", p.fetch("/health", `mode: "no-cors"`))
		seen.expect(t, "GET /health", "GET /health")
	})
	t.Run("what another page sends without asking does nothing", func(t *testing.T) {
		p := open(t, other)
		p.reads("TypeError", p.fetch("/register-email-code/send", `method: "POST", mode: "no-cors", credentials: "include", body: '{"email": "eve@example.com"}'`))
		seen.expect(t, "POST /register-email-code/send with a cookie")
		srv.ExpectNoMail(t, "eve@example.com")
	})
}

// emptyPages is an origin of its own.
func emptyPages(t *testing.T) (origin string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// elsewhere is a page that calls the API of another origin.
type elsewhere struct {
	tab
	api, token string
}

func (p elsewhere) authorized() string {
	return `headers: {"Authorization": ` + quote("Bearer "+p.token) + `, "X-App-Locale": "en"}`
}

// fetch is a script that makes a call with such options, and tells what it can of the answer.
func (p elsewhere) fetch(path, options string) string {
	return `fetch(` + quote(p.api+path) + `, {` + options + `}).then(async (r) => {
		const told = {"request-id": "X-Request-Id", "limit": "RateLimit-Limit", "retry-after": "Retry-After"};
		const names = Object.keys(told).filter((name) => r.headers.get(told[name])).join(", ");
		return r.status + " " + (await r.json()).code + " in " + r.headers.get("Content-Language") + ", told of " + names;
	}).catch((e) => e.name)`
}

func (p elsewhere) reads(want, script string) {
	p.t.Helper()
	got, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil || got != want {
		p.t.Errorf("the page reads %q, %v, want %q\n%s", got, err, want, script)
	}
}

// witness stands before a server and takes down what comes to it.
type witness struct {
	mu    sync.Mutex
	calls []string
}

func (w *witness) before(t *testing.T, server string) (at string) {
	t.Helper()
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, ModifyResponse: w.note}
	s := httptest.NewServer(proxy)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL
}

func (w *witness) note(resp *http.Response) error {
	call := resp.Request.Method + " " + strings.TrimPrefix(resp.Request.URL.Path, "/api/v1")
	if resp.Request.Header.Get("Cookie") != "" {
		call += " with a cookie"
	}
	if age := resp.Header.Get("Access-Control-Max-Age"); age != "" {
		call += " for " + age + " s"
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, call)
	return nil
}

func (w *witness) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = nil
}

// expect demands what came since the last time.
func (w *witness) expect(t *testing.T, calls ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if diff := cmp.Diff(calls, w.calls); diff != "" {
		t.Errorf("what came to the server (-want +got):\n%s", diff)
	}
	w.calls = nil
}
