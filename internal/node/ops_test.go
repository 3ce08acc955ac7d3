package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/metrics"
)

// operated runs a node with an operator's listener, and tells where both listen.
func operated(t *testing.T, environ ...string) (n *Node, addr, opsURL string, stop context.CancelFunc, ended <-chan error) {
	t.Helper()
	n = newNode(t, append([]string{"FLOWXI_OPS_ADDR=127.0.0.1:0"}, environ...)...)
	opsURL = opsOf(n)
	addr, stop, ended = serving(t, n)
	return n, addr, opsURL, stop, ended
}

func opsOf(n *Node) string {
	o, _ := n.opened[0].(*ops)
	return "http://" + o.listener.Addr().String()
}

func fetch(t *testing.T, url string) (status int, body string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func expectMetric(t *testing.T, at, line string) {
	t.Helper()
	if _, text := fetch(t, at+"/metrics"); !strings.Contains(text, "\n"+line+"\n") {
		t.Errorf("the metrics have no line %q", line)
	}
}

func awaitServing(t *testing.T, opsURL string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if status, _ := fetch(t, opsURL+"/readyz"); status == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("it never gets ready")
		}
	}
}

func TestTheOperatorsListenerTellsHowANodeIs(t *testing.T) {
	t.Parallel()
	n := newNode(t, "FLOWXI_OPS_ADDR=127.0.0.1:0", "FLOWXI_DRAIN_DELAY=1s")
	at := opsOf(n)
	if status, body := fetch(t, at+"/readyz"); status != 503 || body != "starting\n" {
		t.Errorf("before it serves, /readyz is %d %q", status, body)
	}
	expectMetric(t, at, "flowxi_ready 0")
	addr, stop, ended := serving(t, n)
	awaitServing(t, at)
	expectMetric(t, at, "flowxi_ready 1")
	for path, want := range map[string]int{
		"/livez": 200, "/readyz": 200, "/metrics": 200, "/debug/pprof/": 200, "/debug/pprof/goroutine?debug=1": 200, "/debug/pprof/profile?seconds=1": 200,
		"/debug/pprof/nothing": 404, "/": 404, "/api/v1/health": 404, "/livez/": 404,
	} {
		if status, _ := fetch(t, at+path); status != want {
			t.Errorf("%s is %d, want %d", path, status, want)
		}
	}
	for _, path := range []string{"/livez", "/readyz", "/metrics", "/debug/pprof/", "/debug/pprof/heap"} {
		if status, _ := fetch(t, "http://"+addr+path); status != 404 {
			t.Errorf("to the public %s is %d", path, status)
		}
	}
	stop()
	time.Sleep(100 * time.Millisecond)
	if status, body := fetch(t, at+"/readyz"); status != 503 || body != "draining\n" {
		t.Errorf("when it is told to stop, /readyz is %d %q", status, body)
	}
	if status, _ := fetch(t, at+"/livez"); status != 200 {
		t.Errorf("when it is told to stop, /livez is %d", status)
	}
	awaitEnd(t, ended)
	if _, err := http.Get(at + "/livez"); err == nil {
		t.Error("the listener outlives the node")
	}
}

func TestProfilesAreForTheListenersOwnNames(t *testing.T) {
	t.Parallel()
	n := &Node{cfg: config.Config{OpsAddr: "Node1.internal:9090"}, metrics: metrics.New("test")}
	h := n.opsHandler()
	for host, want := range map[string]int{
		"127.0.0.1": 200, "127.0.0.1:9090": 200, "[::1]:9090": 200, "10.42.0.7:9090": 200, "localhost": 200, "LOCALHOST:9090": 200, "node1.internal:9090": 200,
		"evil.example": 403, "evil.example:9090": 403, "127.0.0.1.evil.example": 403, "localhost.evil.example:9090": 403, "node1": 403, "": 403, ":9090": 403,
	} {
		paths := []string{"/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/symbol", "/debug/pprof/goroutine"}
		if want == 403 {
			paths = append(paths, "/debug/pprof/profile?seconds=1", "/debug/pprof/trace?seconds=1")
		}
		for _, path := range paths {
			if got := askedOf(h, host, path); got != want {
				t.Errorf("%s is %d to %q, want %d", path, got, host, want)
			}
		}
		if got := askedOf(h, host, "/livez"); got != 200 {
			t.Errorf("/livez is %d to %q", got, host)
		}
	}
	n.cfg.OpsAddr = ":9090"
	if n.isOwnName("") {
		t.Error("an address without a host is one without a name")
	}
}

func askedOf(h http.Handler, host, path string) (status int) {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = host
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

func TestADeadDatabaseLeavesANodeReady(t *testing.T) {
	t.Parallel()
	n, addr, at, stop, ended := operated(t, "FLOWXI_DRAIN_DELAY=0s")
	awaitServing(t, at)
	if err := n.store.Close(); err != nil {
		t.Fatal(err)
	}
	if status, _ := fetch(t, at+"/readyz"); status != 200 {
		t.Errorf("/readyz is %d", status)
	}
	if status, body := fetch(t, at+"/metrics"); status != 200 || strings.Contains(body, "flowxi_outbox_waiting ") {
		t.Errorf("/metrics is %d, and it makes up what it cannot know", status)
	}
	if status, body := fetch(t, "http://"+addr+"/api/v1/health"); status != 503 || !strings.Contains(body, "SERVICE_UNAVAILABLE") {
		t.Errorf("the health check is %d %s", status, body)
	}
	stop()
	<-ended // the jobs complain of the database
}

func TestATakenOperatorsAddressStopsTheStart(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := newConfig(t, "FLOWXI_OPS_ADDR="+l.Addr().String())
	if _, err := New(t.Context(), cfg, Options{}); err == nil || !strings.Contains(err.Error(), "FLOWXI_OPS_ADDR: ") {
		t.Errorf("it says %v", err)
	}
}

// balancer sends requests to a node for as long as /readyz says yes.
type balancer struct {
	ready    atomic.Bool
	answered atomic.Int64
	closed   atomic.Int64 // answers after which the node wanted the connection closed
}

func (b *balancer) watch(opsURL string, until <-chan struct{}) {
	for {
		resp, err := http.Get(opsURL + "/readyz")
		b.ready.Store(err == nil && resp.StatusCode == http.StatusOK)
		if err == nil {
			_ = resp.Body.Close()
		}
		select {
		case <-until:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// storm asks again and again, over connections that it keeps, and never a second time
// for one answer.
func (b *balancer) storm(client *http.Client, base string, worker int) error {
	for i := worker; b.ready.Load(); i++ {
		req, err := mixedRequest(base, i)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(resp.Body)
		if err = errors.Join(err, resp.Body.Close()); err != nil {
			return fmt.Errorf("%s: %w", req.URL.Path, err)
		}
		if !strings.HasSuffix(strings.TrimSpace(string(body)), "}") || resp.StatusCode >= 500 {
			return fmt.Errorf("%s: %d %q", req.URL.Path, resp.StatusCode, body)
		}
		b.answered.Add(1)
		if resp.Close {
			b.closed.Add(1)
		}
	}
	return nil
}

func mixedRequest(base string, i int) (*http.Request, error) {
	switch i % 3 {
	case 0:
		return http.NewRequest(http.MethodGet, base+"/api/v1/health", nil)
	case 1:
		return http.NewRequest(http.MethodGet, base+"/api/v1/me", nil)
	}
	body := struct{ io.Reader }{strings.NewReader(`{"email":"nobody"}`)} // no GetBody: nothing is sent twice
	req, err := http.NewRequest(http.MethodPost, base+"/api/v1/register-email-code/send", body)
	if err == nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, err
}

func TestNoRequestIsCutWhenANodeIsToldToStop(t *testing.T) {
	t.Parallel()
	const workers = 32
	_, addr, opsURL, stop, ended := operated(t, "FLOWXI_DRAIN_DELAY=2s", "FLOWXI_RATE_LIMITS=off")
	awaitServing(t, opsURL)
	var b balancer
	b.ready.Store(true)
	gone := make(chan struct{})
	defer close(gone)
	go b.watch(opsURL, gone)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers}}
	failed := make([]error, workers)
	var storm sync.WaitGroup
	for i := range workers {
		storm.Go(func() { failed[i] = b.storm(client, "http://"+addr, i) })
	}
	time.Sleep(500 * time.Millisecond)
	told := time.Now()
	stop()
	storm.Wait()
	awaitEnd(t, ended)
	if err := errors.Join(failed...); err != nil {
		t.Errorf("requests failed: %v", err)
	}
	if b.closed.Load() == 0 {
		t.Error("no connection was asked to be closed")
	}
	if took := time.Since(told); took < 2*time.Second || took > 12*time.Second {
		t.Errorf("it stopped after %s", took)
	}
	t.Logf("%d answers, %d of them with the wish to close the connection", b.answered.Load(), b.closed.Load())
}

func TestWithoutAnOperatorsListenerANodeStopsAtOnce(t *testing.T) {
	t.Parallel()
	_, stop, ended := serving(t, newNode(t, "FLOWXI_DRAIN_DELAY=60s"))
	stop()
	awaitEnd(t, ended)
}
