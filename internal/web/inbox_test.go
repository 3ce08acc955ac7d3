package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"flowxi.app/flowxi/internal/web"
)

// subjects lists the mails of an answer.
func subjects(t *testing.T, a answer) (list []string) {
	t.Helper()
	var body struct{ Mails []struct{ Subject string } }
	if err := json.Unmarshal([]byte(a.text), &body); err != nil || body.Mails == nil {
		t.Fatalf("got %s", a.text)
	}
	for _, m := range body.Mails {
		list = append(list, m.Subject)
	}
	return list
}

func TestTheInboxListsTheNewestMailsFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.send(1, "ada@example.org", "one")
	s.send(2, "grace@example.org", "two")
	s.send(3, "ada@example.org", "three")
	for _, c := range []struct{ query, want string }{
		{"", "three two one"}, {"?to=ada@example.org", "three one"}, {"?to=ADA@example.org&limit=1", "three"},
		{"?to=nobody@example.org", ""}, {"?limit=x", "three two one"},
	} {
		if got := strings.Join(subjects(t, s.get("/dev/inbox.json"+c.query)), " "); got != c.want {
			t.Errorf("%s lists %q, want %q", c.query, got, c.want)
		}
	}
}

func TestTheInboxListsNoMoreThanItMay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i := range 210 {
		s.send(byte(i), "ada@example.org", fmt.Sprint(i))
	}
	if got := subjects(t, s.get("/dev/inbox.json?limit=1000")); len(got) != 200 || got[0] != "209" {
		t.Errorf("it lists %d, the first of them %s", len(got), got[0])
	}
}

func TestAMailIsListedWhole(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.send(1, "ada@example.org", "Your code")
	var got struct{ Mails []map[string]string }
	if err := json.Unmarshal([]byte(s.get("/dev/inbox.json").text), &got); err != nil {
		t.Fatal(err)
	}
	m := got.Mails[0]
	if !strings.Contains(m["text"], "Your code:\n\n492017\n") || !strings.Contains(m["html"], "<body") {
		t.Errorf("the text is %q, the HTML %q", m["text"], m["html"])
	}
	delete(m, "text")
	delete(m, "html")
	want := map[string]string{
		"id": id, "to": "ada@example.org", "from": m["from"], "subject": "Your code", "date": "2026-01-09T12:00:00Z",
		"locale": "en", "kind": "registration_code", "code": "492017",
		"link": "http://localhost:8080/register?token=" + strings.Repeat("a", 64) + "&email=ada%40example.org",
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
}

func TestTheHTMLOfAMailIsLockedUp(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.get("/dev/inbox/messages/" + s.send(1, "ada@example.org", "x") + ".html")
	policy := a.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "style-src 'unsafe-inline'", "img-src data:", "frame-ancestors 'self'", "sandbox"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy lacks %s: %s", part, policy)
		}
	}
	if strings.Contains(policy, "allow-scripts") || strings.Contains(policy, "allow-same-origin") || strings.Contains(policy, "script-src") {
		t.Errorf("the policy lets the mail run scripts: %s", policy)
	}
	if !strings.Contains(a.text, `<head><base target="_blank">`) {
		t.Error("links of the mail open inside its frame")
	}
}

func TestTheSourceOfAMailIsPlainText(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.send(1, "ada@example.org", "x")
	a := s.get("/dev/inbox/messages/" + id + ".eml")
	if a.expect(t, http.StatusOK, "Content-Type", "text/plain; charset=utf-8"); !strings.Contains(a.text, "Subject: x\r\n") {
		t.Errorf("got %q", a.text)
	}
	for _, name := range []string{id, id + ".exe", "0.html", "..%2fx.eml"} {
		if a := s.get("/dev/inbox/messages/" + name); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s got %d", name, a.StatusCode)
		}
	}
}

func TestTheInboxAnswersToItsOwnNameOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.send(1, "ada@example.org", "x")
	paths := []string{"/dev/inbox", "/dev/inbox.json", "/dev/inbox/messages/" + id + ".html", "/dev/inbox/messages/" + id + ".eml"}
	for host, want := range map[string]int{
		"localhost:8080": http.StatusOK, "127.0.0.1:8080": http.StatusOK, "[::1]:8080": http.StatusOK, "LOCALHOST": http.StatusOK,
		"flowxi.example:8080": http.StatusOK, "flowxi.example": http.StatusOK, "[::1]": http.StatusOK,
		"evil.example": http.StatusForbidden, "localhost.evil.example:8080": http.StatusForbidden, "192.0.2.1": http.StatusForbidden,
		"127.0.0.1.evil.example": http.StatusForbidden, "": http.StatusForbidden,
	} {
		for _, path := range paths {
			if got := s.get(path, "Host", host).StatusCode; got != want {
				t.Errorf("%s at %q got %d, want %d", path, host, got, want)
			}
		}
	}
	if got := s.get("/dev/inbox/events", "Host", "evil.example").StatusCode; got != http.StatusForbidden {
		t.Errorf("the events at evil.example got %d", got)
	}
}

func TestTheInboxAnswersToThisMachineAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(d *web.Deps) { d.Config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} })
	for _, tt := range []struct {
		peer, name, value string
		want              int
	}{
		{"127.0.0.1:1", "", "", http.StatusOK},
		{"[::1]:1", "", "", http.StatusOK},
		{"203.0.113.9:1", "", "", http.StatusForbidden},
		{"127.0.0.1:1", "X-Forwarded-For", "127.0.0.1", http.StatusOK},
		{"127.0.0.1:1", "X-Forwarded-For", "203.0.113.9", http.StatusForbidden},
		{"127.0.0.1:1", "X-Forwarded-For", "127.0.0.1, 203.0.113.9", http.StatusForbidden},
		{"127.0.0.1:1", "X-Forwarded-For", "unknown", http.StatusForbidden},
		{"127.0.0.1:1", "X-Forwarded-For", "", http.StatusForbidden},
		{"127.0.0.1:1", "X-Real-Ip", "203.0.113.9", http.StatusForbidden},
		{"127.0.0.1:1", "Forwarded", "for=203.0.113.9", http.StatusForbidden},
		{"127.0.0.2:1", "X-Forwarded-For", "127.0.0.1", http.StatusForbidden}, // not trusted
		{"127.0.0.1:1", "Origin", "http://localhost:8080", http.StatusOK},
		{"127.0.0.1:1", "Origin", "http://evil.example", http.StatusForbidden},
		{"127.0.0.1:1", "Origin", "null", http.StatusForbidden},
	} {
		for _, path := range []string{"/dev/inbox", "/dev/inbox.json"} {
			r := httptest.NewRequest(http.MethodGet, "http://localhost:8080"+path, nil)
			if r.RemoteAddr = tt.peer; tt.name != "" {
				r.Header.Set(tt.name, tt.value)
			}
			w := httptest.NewRecorder()
			if s.handler.ServeHTTP(w, r); w.Code != tt.want {
				t.Errorf("%s from %s with %s %q got %d, want %d", path, tt.peer, tt.name, tt.value, w.Code, tt.want)
			}
		}
	}
}

// listen opens a stream of events.
func listen(ctx context.Context, t *testing.T, server *httptest.Server) (status int, events *bufio.Scanner) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/dev/inbox/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Body.Close() })
	return a.StatusCode, bufio.NewScanner(a.Body)
}

// next reads up to the end of an event and returns its first line.
func next(events *bufio.Scanner) (first string) {
	for events.Scan() && events.Text() != "" {
		if first == "" {
			first = events.Text()
		}
	}
	return first
}

func TestAPageIsToldOfNewMail(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := httptest.NewUnstartedServer(s.handler)
	server.Config.ReadTimeout, server.Config.WriteTimeout = 200*time.Millisecond, 200*time.Millisecond
	server.Start()
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, events := listen(ctx, t, server)
	if got := next(events); got != "event: mail" {
		t.Fatalf("at first came %q", got)
	}
	time.Sleep(300 * time.Millisecond) // longer than the server gives a request
	s.send(1, "ada@example.org", "x")
	if got := next(events); got != "event: mail" {
		t.Errorf("after a mail came %q", got)
	}
}

func TestThereAreNeverTooManyStreams(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := httptest.NewServer(s.handler)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 16 {
		if status, _ := listen(ctx, t, server); status != http.StatusOK {
			t.Fatalf("got %d", status)
		}
	}
	if status, _ := listen(ctx, t, server); status != http.StatusServiceUnavailable {
		t.Errorf("the seventeenth got %d", status)
	}
}

func TestStreamsEndWhenTheServerShutsDown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := httptest.NewServer(s.handler)
	defer server.Close()
	_, events := listen(t.Context(), t, server)
	next(events)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := server.Config.Shutdown(ctx); err != nil {
		t.Errorf("the server waits for streams: %v", err)
	}
	if got := next(events); got != "" {
		t.Errorf("the stream goes on with %q", got)
	}
}
