package attack_test

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
)

var rawQuestions = []attempt{
	{kind: whoHasAnAccount, try: "a login, by the order of the headers and every byte of the refusal",
		defence: oneRefusal, run: rawAlike(loginPath, loginBody, everyState...), alone: true},
	{kind: whoHasAnAccount, try: "a request for a code, by the order of the headers and every byte of the answer",
		defence: lockedAsUnknown, run: rawAlike(sendCode, emailBody, notActive...), alone: true},
	{kind: whoHasAnAccount, try: "a wrong code, by the order of the headers and every byte of the refusal",
		defence: wrongCodeOfNobody, run: rawAlike("/register-email-code/verify", codeBody, everyState...), alone: true},
}

const loginPath = "/auth/login"

func loginBody(email string) string {
	return `{"email":"` + email + `","password":"` + wrongSecret + `","device_id":"phone","device_type":"ios","device_name":"Phone"}`
}

func emailBody(email string) string { return `{"email":"` + email + `"}` }

func codeBody(email string) string { return `{"email":"` + email + `","code":"` + wrongCode + `"}` }

// rawAlike makes an attempt that compares what comes over the wire.
func rawAlike(path string, body func(email string) string, states ...state) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		emails := make([]string, len(states))
		for i, s := range states {
			emails[i] = w.inState(t, s)
		}
		w.Advance(2 * time.Hour)
		want := w.raw(t, path, body(emails[0]))
		for i, s := range states[1:] {
			if got := w.raw(t, path, body(emails[i+1])); got != want {
				t.Errorf("an address that is %s is told from one that is not\n%s\n%s", s, got, want)
			}
		}
	}
}

// unlike is what differs from answer to answer. Its length does not.
var unlike = regexp.MustCompile(`(?m)^(Date|X-Request-Id): .*$`)

// raw sends a request from a network that nobody else is in, and returns the answer as
// it came over the wire.
func (w *world) raw(t *testing.T, path, body string) string {
	t.Helper()
	return w.rawFrom(t, path, body, w.address())
}

// rawFrom sends a request with a line of X-Forwarded-For for each address.
func (w *world) rawFrom(t *testing.T, path, body string, addresses ...string) string {
	t.Helper()
	conn := w.send(t, path, body, addresses...)
	defer func() { _ = conn.Close() }()
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return unlike.ReplaceAllString(string(answer), "$1")
}

// shutDown sends a request, says after a while that nothing more will come, and returns
// the answer.
func (w *world) shutDown(t *testing.T, path, body string, after time.Duration) string {
	t.Helper()
	conn := w.send(t, path, body, w.address())
	defer func() { _ = conn.Close() }()
	time.Sleep(after)
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func (w *world) send(t *testing.T, path, body string, addresses ...string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	lines := "X-Forwarded-For: " + strings.Join(addresses, "\r\nX-Forwarded-For: ")
	_, err = fmt.Fprintf(conn, "POST /api/v1%s HTTP/1.1\r\nHost: localhost\r\n%s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		path, lines, len(body), body)
	if err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}
