package node

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/config"
)

func newConfig(t testing.TB, environ ...string) config.Config {
	t.Helper()
	cfg, err := config.Load(append([]string{"FLOWXI_DATA_DIR=" + filepath.Join(t.TempDir(), "data")}, environ...))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func newNode(t testing.TB, environ ...string) *Node {
	t.Helper()
	n, err := New(t.Context(), newConfig(t, environ...), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// serving runs Serve until stop is called, which returns what Serve returned.
func serving(t testing.TB, n *Node) (addr string, stop context.CancelFunc, ended <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	served := make(chan error, 1)
	go func() { served <- n.Serve(ctx, l) }()
	return l.Addr().String(), cancel, served
}

func awaitEnd(t testing.TB, ended <-chan error) {
	t.Helper()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("Serve: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("Serve does not end")
	}
}

// slow is a handler that says when a request has come and answers when it may.
type slow struct{ came, may chan struct{} }

func newSlow() slow { return slow{make(chan struct{}), make(chan struct{})} }

// ServeHTTP implements http.Handler.
func (s slow) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	close(s.came)
	select {
	case <-s.may:
		_, _ = io.WriteString(w, "done")
	case <-r.Context().Done():
	}
}

func TestARequestUnderWayIsFinished(t *testing.T) {
	t.Parallel()
	n, handler := newNode(t), newSlow()
	n.handler = handler
	addr, stop, ended := serving(t, n)
	answered := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + addr)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		answered <- string(body)
	}()
	<-handler.came
	stop()
	awaitClosed(t, addr)
	select {
	case err := <-ended:
		t.Fatalf("Serve ended before the request: %v", err)
	default:
	}
	if err := n.store.Ping(t.Context()); err != nil {
		t.Errorf("the database is closed under the request: %v", err)
	}
	close(handler.may)
	if got := <-answered; got != "done" {
		t.Errorf("the request got %q", got)
	}
	awaitEnd(t, ended)
	if n.store.Ping(context.Background()) == nil {
		t.Error("the database is still open")
	}
}

// awaitClosed waits until nobody listens on addr.
func awaitClosed(t *testing.T, addr string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		_ = c.Close()
	}
	t.Fatal("it goes on listening")
}

func TestAnIdleConnectionDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	addr, stop, ended := serving(t, newNode(t))
	resp, err := http.Get("http://" + addr + "/api/v1/health")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close() // and the connection stays open
	began := time.Now()
	stop()
	awaitEnd(t, ended)
	if took := time.Since(began); took > drainTime/2 {
		t.Errorf("it took %s", took)
	}
}

// TestARequestOnItsWayIsAnswered sends over an open connection once nobody new is let in.
// A machine that is busy may be too late for partingTime, but not each time.
func TestARequestOnItsWayIsAnswered(t *testing.T) {
	t.Parallel()
	for range 5 {
		if answeredWhileParting(t) {
			return
		}
	}
	t.Error("no request is answered")
}

func answeredWhileParting(t *testing.T) bool {
	t.Helper()
	addr, stop, ended := serving(t, newNode(t))
	client := http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
	defer client.CloseIdleConnections()
	ask := func() (*http.Response, error) {
		resp, err := client.Post("http://"+addr+"/api/v1/auth/login", "application/json", strings.NewReader("{}"))
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
		return resp, err
	}
	if _, err := ask(); err != nil {
		t.Fatal(err)
	}
	stop()
	awaitClosed(t, addr)
	resp, err := ask()
	awaitEnd(t, ended)
	if err != nil {
		return false
	}
	if resp.StatusCode != http.StatusUnprocessableEntity || !resp.Close {
		t.Errorf("it is answered %d, to be closed: %t", resp.StatusCode, resp.Close)
	}
	return true
}

func TestAListenerThatFailsEndsTheServer(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if err := n.Serve(t.Context(), l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve: %v", err)
	}
	if n.store.Ping(t.Context()) == nil {
		t.Error("the database is still open")
	}
}
