package faults_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// endure has people use a server while it is broken and mended again, round by round,
// and judges what is left.
func (s *single) endure(t *testing.T, name string, change func(*storm), breaks func(l *tally)) {
	t.Helper()
	l := newTally(name, seed(t))
	people := newStorm(s, l)
	change(people)
	for range rounds(t) {
		people.blow()
		time.Sleep(1500 * time.Millisecond)
		breaks(l)
		l.awaitSuccess()
		time.Sleep(1500 * time.Millisecond)
		people.calm()
		l.pause()
		people.verify(t)
		l.pause()
		l.rounds--
	}
	l.judge(t)
}

func asTheyAre(*storm) {}

func TestAKillLosesNothingThatWasAnswered(t *testing.T) {
	s := newSingle(t, t.TempDir())
	s.start(t)
	s.endure(t, "embedded: kill -9", asTheyAre, func(l *tally) {
		s.kill(t)
		l.mend()
		s.start(t)
	})
	s.verifyTrail(t)
}

// verifyTrail has an operator's command judge the audit trail, beside the server.
func (s *single) verifyTrail(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary(t), "audit", "verify")
	cmd.Env = s.environ
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("flowxi audit verify: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// TestNobodyIsCutByAnEnd counts requests that had been sent. One that was sent to a
// listener which closed before anybody took it is nobody's: its connection is reset, and
// the server never heard of it.
func TestNobodyIsCutByAnEnd(t *testing.T) {
	s := newSingle(t, t.TempDir(), "FLOWXI_OPS_ADDR=127.0.0.1:0", "FLOWXI_DRAIN_DELAY=500ms")
	s.start(t)
	var cut unanswered
	s.endure(t, "embedded: SIGTERM", cut.watch, func(l *tally) {
		if code := s.terminate(t); code != 0 {
			t.Errorf("it ended with %d", code)
		}
		l.mend()
		s.start(t)
	})
	atTheDoor := 0
	for _, r := range cut.list {
		// A connection that nobody had taken yet is reset; one that lay idle is closed,
		// and a request may be on its way over it (RFC 9112 §9.3.1). Neither is under way:
		// an end that cuts what is does not exit with 0.
		closing := errors.Is(r.err, syscall.ECONNRESET) || r.reused && errors.Is(r.err, io.EOF)
		if closing && !s.logged(t, r.id) {
			atTheDoor++
			continue
		}
		t.Errorf("%s was sent and not answered: %v", r.what, r.err)
	}
	if atTheDoor > rounds(t)*workers {
		t.Errorf("%d requests came to a door that was closing", atTheDoor)
	}
}

// unanswered are the requests that were sent whole and not answered.
type unanswered struct {
	mu   sync.Mutex
	list []sentRequest
}

type sentRequest struct {
	id, what string
	reused   bool // it went over a connection that had carried another
	err      error
}

// watch looks over the shoulder of everybody in a storm.
func (u *unanswered) watch(s *storm) {
	for _, w := range s.workers {
		w.http.Transport = &watched{next: w.http.Transport, seen: u}
	}
}

type watched struct {
	next http.RoundTripper
	seen *unanswered
}

// RoundTrip implements http.RoundTripper.
func (w *watched) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent, reused atomic.Bool
	id := rand.Text()
	r = r.Clone(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GotConn:      func(c httptrace.GotConnInfo) { reused.Store(c.Reused) },
		WroteRequest: func(i httptrace.WroteRequestInfo) { sent.Store(i.Err == nil) },
	}))
	r.Header.Set("X-Request-Id", id)
	resp, err := w.next.RoundTrip(r)
	if err != nil && sent.Load() {
		w.seen.mu.Lock()
		defer w.seen.mu.Unlock()
		w.seen.list = append(w.seen.list, sentRequest{id, r.Method + " " + r.URL.Path, reused.Load(), err})
	}
	return resp, err
}

// logged tells whether the server has taken a request.
func (s *single) logged(t *testing.T, id string) bool {
	t.Helper()
	text, err := os.ReadFile(s.log.Name())
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(text), id)
}

// resident registers somebody, and returns how they call the server.
func resident(t *testing.T, w world, l *tally, email string) (c *caller, token string) {
	t.Helper()
	c = newCaller(w.url(), l.note)
	if r := c.call("POST", "/register-email-code/send", "", map[string]any{"email": email}); r.Status != 200 {
		t.Fatalf("a code is answered %d %s", r.Status, r.Code)
	}
	code := ""
	for deadline := time.Now().Add(15 * time.Second); code == "" && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if mails := w.inbox(email); len(mails) > 0 {
			code = mails[0].Code
		}
	}
	r := c.call("POST", "/register-email-code/set-password", "", map[string]any{
		"email": email, "code": code, "password": password, "password_confirmation": password,
	})
	if r.Code != "TOKEN_ISSUED" {
		t.Fatalf("a registration is answered %d %s", r.Status, r.Code)
	}
	return c, r.text("access_token")
}

// loginOf is the body of a login.
func loginOf(email, secret, device string) map[string]any {
	return map[string]any{"email": email, "password": secret, "device_id": device, "device_type": "ios", "device_name": "Phone"}
}

// logLine is what the tests read of a line of the log.
type logLine struct {
	Level string `json:"level"`
	Msg   string `json:"msg"`
	Error string `json:"error"`
}

// awaitLog waits for a line of the log that holds all of the words.
func (s *single) awaitLog(t *testing.T, words string) logLine {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		text, err := os.ReadFile(s.log.Name())
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var l logLine
			if strings.Contains(line, words) && json.Unmarshal([]byte(line), &l) == nil {
				return l
			}
		}
	}
	t.Fatalf("the log says nothing of %q", words)
	return logLine{}
}
