package attack_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// wireTime is how long a connection of a test may take at most.
const wireTime = 15 * time.Second

// dial opens a connection to the first node, to be written to byte by byte.
func (w *world) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(wireTime)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// wired is an answer that came over a connection.
type wired struct {
	Status int
	Header http.Header
	Body   string
}

// code is the stable code of the answer, empty where it has none.
func (a wired) code() string {
	var envelope struct{ Code string }
	if json.Unmarshal([]byte(a.Body), &envelope) != nil {
		return ""
	}
	return envelope.Code
}

// wire sends text as it is and reads one answer.
func (w *world) wire(t *testing.T, text string) wired {
	t.Helper()
	conn := w.dial(t)
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return readWired(t, conn)
}

func readWired(t *testing.T, conn net.Conn) wired {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("no answer came: %v", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("the answer was cut: %v", err)
	}
	return wired{resp.StatusCode, resp.Header, string(body)}
}

// wireText is a request as it goes over the wire, with such headers beside what each
// needs, one a line.
func wireText(w *world, method, target, body string, headers ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", method, target)
	for _, h := range append([]string{"X-Forwarded-For: " + w.address(), "Connection: close"}, headers...) {
		b.WriteString(h + "\r\n")
	}
	if !strings.Contains(b.String(), "\r\nHost: ") {
		fmt.Fprintf(&b, "Host: %s\r\n", strings.TrimPrefix(w.URL, "http://"))
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	return b.String() + "\r\n" + body
}

// encoded is a value as JSON.
func encoded(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}
