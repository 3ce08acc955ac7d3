package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestUnknownPathsAreNotFoundAndNeverRedirected(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, path := range []string{
		"/", "/nowhere", "/v1/me", "/api", "/api/", "/api/v1", "/api/v1/", "/api/v2/me", "/api/v1/ME", "/API/v1/me",
		"/api/v1/me/", "/api/v1//me", "//api/v1/me", "/api/v1/./me", "/api/v1/auth/../me", "/api/v1/x/%2e%2e/me", "/../api/v1/me",
		"/api/v1/me%2f", "/api/v1/auth%2fdevices", "/api%2fv1/me", "/%2fapi/v1/me", "/api/v1/m%65", "/api/v1/me%00", "/api/v1/me%20",
		"/api/v1/me;x=y", `/api/v1\me`, "/api/v1/{x}", "/api/v1/auth/login/2fa/",
	} {
		for _, method := range []string{"GET", "POST", "PROPFIND"} {
			w := ask(s, method, "http://localhost"+path, "")
			expect(t, w, 404, "NOT_FOUND")
			expectHeader(t, w, "Location", "")
		}
	}
}

func TestOddTargetsAreNotFound(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	expect(t, ask(s, "OPTIONS", "*", ""), 404, "NOT_FOUND")
	expect(t, ask(s, "CONNECT", "localhost:80", ""), 404, "NOT_FOUND")
}

func TestAWrongMethodIsToldTheRightOnes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, tt := range []struct{ method, path, allow string }{
		{"GET", "/auth/login", "POST"},
		{"HEAD", "/auth/login", "POST"},
		{"post", "/auth/login", "POST"},
		{"POST", "/me", "GET, HEAD, PATCH"},
		{"OPTIONS", "/me", "GET, HEAD, PATCH"},
		{"GET", "/me/photo", "DELETE, POST"},
		{"DELETE", "/health", "GET, HEAD"},
	} {
		w := ask(s, tt.method, Prefix+tt.path, "")
		if tt.method != "HEAD" {
			expect(t, w, 405, "METHOD_NOT_ALLOWED")
		}
		expectHeader(t, w, "Allow", tt.allow)
	}
}

func TestPagesGetWhatIsOutsideTheAPI(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(d *Deps) {
		d.Pages = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	})
	for _, path := range []string{"/", "/docs", "/docs/", "/apiary", "/nowhere", "/a%2fb"} {
		if w := ask(s, "GET", path, ""); w.Code != http.StatusTeapot || w.Header().Get(RequestIDHeader) == "" {
			t.Errorf("%s: %d, want the pages to answer, behind the gates of the API", path, w.Code)
		}
	}
	for _, path := range []string{"/api", "/api/", "/api/v1/nowhere", "/API/v1/me", "//docs", "/x/../docs", "/docs//", "/%2e%2e/docs"} {
		expect(t, ask(s, "GET", "http://localhost"+path, ""), 404, "NOT_FOUND")
	}
}

func TestWorkEndsWithTheServerAndNotWithTheClient(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	client, hangUp := context.WithCancel(t.Context())
	s := newServer(t, func(d *Deps) { d.Ended = ended })
	x := s.begin(httptest.NewRecorder(), httptest.NewRequestWithContext(client, http.MethodGet, "/", nil))
	waits, works, short, over := x.within(time.Minute), x.within(time.Minute), x.within(-1), x.within(time.Minute)
	defer waits.end()
	child, cancel := context.WithCancel(waits)
	defer cancel()
	if hangUp(); child.Err() != nil || works.Err() != nil {
		t.Error("it ends where the client hangs up")
	}
	if !errors.Is(short.Err(), context.DeadlineExceeded) {
		t.Errorf("past its time it has ended by %v", short.Err())
	}
	end()
	for _, ctx := range []context.Context{waits, works, child} {
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Second):
			t.Error("it goes on where the server has ended")
		}
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("it has ended by %v", ctx.Err())
		}
	}
	over.end()
	if <-over.Done(); over.Err() == nil {
		t.Error("it goes on after its end")
	}
}

func TestAnAllowanceEndsByItsTime(t *testing.T) {
	t.Parallel()
	x := newServer(t).begin(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	ctx := x.within(time.Millisecond)
	defer ctx.end()
	if <-ctx.Done(); !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("it has ended by %v", ctx.Err())
	}
}
