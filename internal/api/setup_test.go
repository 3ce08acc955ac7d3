package api

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/ratelimit"
)

var testTime = time.Date(2026, 1, 9, 17, 8, 57, 1500, time.UTC)

// newServer returns an API without limits and without a database: it goes as far as
// a request that nobody has to be looked up for.
func newServer(t testing.TB, configure ...func(*Deps)) *server {
	t.Helper()
	catalog, err := locale.New()
	if err != nil {
		t.Fatal(err)
	}
	d := Deps{
		Auth:    auth.New(auth.Deps{Limiter: ratelimit.New(nil, nil, true), Now: func() time.Time { return testTime }}),
		Catalog: catalog,
		Config:  config.Config{PublicURL: &url.URL{Scheme: "http", Host: "localhost"}, Environment: "sandbox"},
		Log:     slog.New(slog.NewTextHandler(io.Discard, nil)),
		Version: "1.2.3",
		Now:     func() time.Time { return testTime },
	}
	for _, change := range configure {
		change(&d)
	}
	return New(d).(*server)
}

func overHTTPS(d *Deps) { d.Config.PublicURL = &url.URL{Scheme: "https", Host: "api.example.com"} }

func trusting(networks ...string) func(*Deps) {
	return func(d *Deps) {
		for _, n := range networks {
			d.Config.TrustedProxies = append(d.Config.TrustedProxies, netip.MustParsePrefix(n))
		}
	}
}

func logTo(w io.Writer) func(*Deps) {
	return func(d *Deps) { d.Log = slog.New(slog.NewTextHandler(w, nil)) }
}

// ask sends a request with headers given as name, value, name, value.
func ask(h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const jsonType = "application/json"

// post sends a JSON body.
func post(h http.Handler, target, body string, headers ...string) *httptest.ResponseRecorder {
	return ask(h, "POST", target, body, append([]string{"Content-Type", jsonType}, headers...)...)
}

// expect checks status and code.
func expect(t *testing.T, w *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	var e struct{ Message, Code string }
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil {
		t.Fatalf("the answer is %d %q: %v", w.Code, w.Body, err)
	}
	if w.Code != status || e.Code != code || e.Message == "" {
		t.Errorf("got %d %s, want %d %s", w.Code, bytes.TrimSpace(w.Body.Bytes()), status, code)
	}
}

func expectHeader(t *testing.T, w *httptest.ResponseRecorder, name, want string) {
	t.Helper()
	if got := strings.Join(w.Header().Values(name), ", "); got != want {
		t.Errorf("%s is %q, want %q", name, got, want)
	}
}

// exchangeFor returns an exchange in the middle of a request.
func exchangeFor(t testing.TB, r *http.Request) (*exchange, *httptest.ResponseRecorder) {
	t.Helper()
	w := httptest.NewRecorder()
	return newServer(t).begin(w, r), w
}
