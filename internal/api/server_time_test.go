package api

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A client that asks again and again and reads nothing is cut when it has had the time of
// an answer. Without an end to that, Serve would hold it for as long as the client likes.
func TestAClientHasNoMoreThanItsTimeToReadAnAnswer(t *testing.T) {
	t.Parallel()
	page, ended := make([]byte, 1<<20), make(chan error, 100)
	server := NewServer("", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, err := w.Write(page)
		ended <- err
	}), slog.New(slog.NewTextHandler(io.Discard, nil)))
	if server.WriteTimeout <= 0 || server.WriteTimeout > time.Minute || server.IdleTimeout <= 0 || server.IdleTimeout > 2*time.Minute {
		t.Errorf("an answer may take %v, and the next request %v", server.WriteTimeout, server.IdleTimeout)
	}
	server.WriteTimeout /= 200
	conn, err := net.Dial("tcp", served(t, server))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, strings.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 60)); err != nil {
		t.Fatal(err)
	}
	for patience := time.After(10 * time.Second); ; {
		select {
		case err := <-ended:
			if err != nil {
				return
			}
		case <-patience:
			t.Fatal("an answer that nobody reads is still being written")
		}
	}
}

// A connection on which nothing more is asked is closed, and sooner where its next header
// has begun and does not end.
func TestAClientHasNoMoreThanItsTimeToAsk(t *testing.T) {
	t.Parallel()
	server := NewServer("", http.NotFoundHandler(), slog.New(slog.NewTextHandler(io.Discard, nil)))
	server.IdleTimeout /= 200
	server.ReadHeaderTimeout /= 10
	addr := served(t, server)
	for _, begun := range []string{"", "GET / HT"} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"+begun); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(conn); err != nil {
			t.Errorf("after %q: %v", begun, err)
		}
		_ = conn.Close()
	}
}

// served returns the address of a server that is stopped at the end of the test.
func served(t *testing.T, server *http.Server) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
}
