package main

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"flowxi.app/flowxi/bench/floor"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/node"
)

// nowhere is an answer that nobody reads.
type nowhere struct {
	header http.Header
	status int
}

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) WriteHeader(status int)      { n.status = status }
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }

// allocations is how many of them an answer to a request takes, once all is warm.
func allocations(t *testing.T, h http.Handler, method, path, token, body string) float64 {
	t.Helper()
	r := request(t, method, path, token)
	one := func() {
		w := nowhere{header: http.Header{}}
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		h.ServeHTTP(&w, r)
		if w.status != 0 && w.status != http.StatusOK {
			t.Fatalf("%s %s: %d", method, path, w.status)
		}
	}
	for range 20 {
		one()
	}
	return testing.AllocsPerRun(100, one)
}

// request is one as it comes from net/http.
func request(t testing.TB, method, path, token string) *http.Request {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r := httptest.NewRequestWithContext(ctx, method, "http://localhost:8080/api/v1"+path, nil)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-App-Locale", "en")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.RemoteAddr = "127.0.0.1:1234"
	return r
}

// Times tell little in a test, and allocations are exact. What nobody else does meanwhile
// is counted: that of the background, too, if there is any.
func TestHotPathsAllocateLittle(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // what pools lose to it would be counted
	flowxi, bare, people := inProcess(t)
	token := people.token(1)

	read := allocations(t, flowxi, http.MethodGet, "/me", token, "")
	floor := allocations(t, bare, http.MethodGet, "/me", token, "")
	t.Logf("a read of /me: %.0f, and on the floor %.0f", read, floor)
	if read > floor+25 {
		t.Errorf("a read of /me allocates %.0f times, which is %.0f above the floor; want 25 at most", read, read-floor)
	}
	login := allocations(t, flowxi, http.MethodPost, "/auth/login", "", loginBody(1))
	t.Logf("a login: %.0f", login)
	if login > 900 {
		t.Errorf("a login allocates %.0f times; want 900 at most", login)
	}
}

// What the floor saves itself in an answer would count as a cost of Flowxi.
func TestTheFloorSendsTheSameBytes(t *testing.T) {
	flowxi, bare, people := inProcess(t)
	answer := func(h http.Handler) (headers map[string]int, body string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request(t, http.MethodGet, "/me", people.token(1)))
		headers = map[string]int{}
		for name, value := range w.Result().Header {
			headers[name] = len(value[0])
		}
		delete(headers, "Content-Length") // which net/http sets behind the floor
		return headers, w.Body.String()
	}
	headers, body := answer(flowxi)
	floorHeaders, floorBody := answer(bare)
	if !maps.Equal(headers, floorHeaders) {
		t.Errorf("Flowxi has headers of these sizes: %v\nand the floor of these: %v", headers, floorHeaders)
	}
	if body != floorBody {
		t.Errorf("Flowxi sends %s\nand the floor  %s", body, floorBody)
	}
}

// inProcess makes Flowxi and the floor over the same database.
func inProcess(t testing.TB) (flowxi, bare http.Handler, p people) {
	t.Helper()
	dir := t.TempDir()
	cfg, err := config.Load(append(limits(), "FLOWXI_DATA_DIR="+dir))
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.New(t.Context(), cfg, node.Options{Log: slog.New(slog.NewJSONHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	p = people{count: 10, prefix: "fxp_"}
	path := filepath.Join(dir, "flowxi.db")
	if err := (&target{engine: sqlite, people: p}).settle(t.Context(), "sqlite", path); err != nil {
		t.Fatal(err)
	}
	if bare, err = floor.New(sqlite, path, 1); err != nil {
		t.Fatal(err)
	}
	return n.Handler(), bare, p
}
