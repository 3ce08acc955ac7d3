package clustertest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

// ask asks a node's own listener for operators.
func (w world) ask(t *testing.T, n int, path string) (status int, text string) {
	t.Helper()
	resp, err := http.Get(w.OpsURL(n) + path)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	return resp.StatusCode, string(body)
}

// awaitReady waits until a node says that it takes requests.
func (w world) awaitReady(t *testing.T, n int) {
	t.Helper()
	w.eventually(t, 20*time.Second, "the node is ready", func() bool {
		status, _ := w.ask(t, n, "/readyz")
		return status == http.StatusOK
	})
}

func nodeTellsOfItself(t *testing.T, w world) {
	for n := 1; n <= w.nodes; n++ {
		for _, path := range []string{"/livez", "/readyz"} {
			if status, text := w.ask(t, n, path); status != 200 || text != "ok\n" {
				t.Errorf("node %d answers %s with %d %q", n, path, status, text)
			}
		}
		if _, text := w.ask(t, n, "/metrics"); !strings.Contains(text, "\nflowxi_cache_up 1\n") {
			t.Errorf("node %d does not tell that Redis is up", n)
		}
	}
}

// heard is how soon the proxy has heard that a node drains: two checks, and their answers.
const heard = time.Second

// drainLosesNothing stops a node while people change and read their names by the proxy.
func drainLosesNothing(t *testing.T, w world) {
	people := make([]*authtest.Client, 8)
	for i := range people {
		from := w.address()
		people[i] = w.Server(t).Client(t).From(from).Register("drained." + from + "@example.com").Client
	}
	lastUseIsKnown := w.useByFirstNode(t)
	stop := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		authtest.Race(racers, func(i int) *authtest.Answer { return use(t, people[i%len(people)], i < len(people), stop) })
	})
	time.Sleep(500 * time.Millisecond)
	running.Go(func() { sawDraining(t, w, 1) })
	w.Stop(t, "node1")
	time.Sleep(500 * time.Millisecond)
	close(stop)
	running.Wait()
	lastUseIsKnown()
	before, after := w.requests(t, 1)
	if before == 0 || after > 0 {
		t.Errorf("the node was sent %d requests while it was there and %d when the proxy knew that it was going, want some and none", before, after)
	}
	w.Start(t, "node1")
	w.awaitReady(t, 1)
}

// use reads a profile until it is told to stop, and writes it where no other caller does:
// writers of one row would get in each other's way. Nothing of it may fail.
func use(t *testing.T, c *authtest.Client, writes bool, stop <-chan struct{}) (a *authtest.Answer) {
	for i := 0; ; i++ {
		if a = c.Get("/me"); writes && a.Status == 200 {
			a = c.Patch("/me", Fields{"first_name": fmt.Sprint("Ada ", i)})
		}
		if a.Status != 200 {
			t.Errorf("a request failed while a node drained: %s", a)
			return a
		}
		select {
		case <-stop:
			return a
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// sawDraining waits until a node says that it drains, and goes on living.
func sawDraining(t *testing.T, w world, n int) {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if status, text := w.ask(t, n, "/readyz"); status == 503 && text == "draining\n" {
			if status, _ := w.ask(t, n, "/livez"); status != 200 {
				t.Errorf("a draining node does not say that it lives, but %d", status)
			}
			return
		}
	}
	t.Error("the node never said that it was draining")
}

// requests counts those that a node was sent in its last life until the proxy had heard
// that it was stopping, and those after that.
func (w world) requests(t *testing.T, n int) (before, after int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.Dir, fmt.Sprintf("node%d.log", n)))
	if err != nil {
		t.Fatal(err)
	}
	var stopping time.Time
	for line := range bytes.Lines(text) {
		var entry struct {
			Time     time.Time
			Msg      string
			Duration time.Duration
		}
		if json.Unmarshal(line, &entry) != nil {
			continue
		}
		switch {
		case entry.Msg == "stopping":
			stopping = entry.Time
		case entry.Msg != "request":
		case stopping.IsZero() || entry.Time.Add(-entry.Duration).Before(stopping.Add(heard)):
			before++
		default:
			after++
		}
	}
	return before, after
}

// useByFirstNode uses a session by the first node alone, and returns what demands that
// the last one knows of that.
func (w world) useByFirstNode(t *testing.T) (known func()) {
	t.Helper()
	person := w.person(t)
	phone := person.LoginOn("phone")
	time.Sleep(time.Second)
	used := time.Now()
	w.at(t, 1, phone, w.address()).Get("/me").Expect(200, "ME_OK")
	return func() {
		t.Helper()
		list := w.at(t, w.nodes, person.Client, w.address()).Get("/auth/devices")
		if got := list.Time("data.devices.0.last_used_at"); got.Before(used.Add(-time.Millisecond)) {
			list.Fail("the phone was used at %s", used)
		}
	}
}
