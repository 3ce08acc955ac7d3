package node

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/api"
)

// envelope is what follows every status that net/http chooses here.
const envelope = `{"code":"MALFORMED_REQUEST"}`

// serveHeaded serves over headed connections, and returns where.
func serveHeaded(t *testing.T, h http.HandlerFunc) (addr string) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := listens(api.NewServer(l.Addr().String(), h, slog.New(slog.DiscardHandler)))
	go func() {
		_ = server.Serve(headedListener{l, func(http.Header) (http.Header, []byte) { return http.Header{}, []byte(envelope) }})
	}()
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
}

// TestABodyIsNeverTakenForAnAnswer sends bodies that look like answers of net/http, so that
// pieces of them of every length begin with one.
func TestABodyIsNeverTakenForAnAnswer(t *testing.T) {
	t.Parallel()
	for _, like := range []string{string(noSuchExpect), string(statusLine) + "400 Bad Request" + string(bareHeaders)} {
		long := strings.Repeat(like, 20_000/len(like))
		addr := serveHeaded(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.URL.Query().Get("first")+long)
		})
		c := http.Client{Timeout: 10 * time.Second}
		for n := range len(like) {
			first := strings.Repeat("x", n)
			resp, err := c.Get("http://" + addr + "/?first=" + first)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil || !bytes.Equal(got, []byte(first+long)) {
				t.Errorf("%d bytes before %q: %d bytes of %d came, %v", n, like, len(got), n+len(long), err)
			}
		}
	}
}

func TestNonsenseHasTheEnvelopeWhateverCameBeforeIt(t *testing.T) {
	t.Parallel()
	const sound = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
	addr := serveHeaded(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "well") })
	for _, nonsense := range []string{
		"nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 40<<10) + "\r\n\r\n",
	} {
		for name, writes := range map[string][]string{
			"first": {nonsense}, "later": {sound, nonsense}, "at once": {sound + nonsense}, "third": {sound, sound, nonsense},
		} {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			in := bufio.NewReader(conn)
			for _, text := range writes {
				if _, err := io.WriteString(conn, text); err != nil {
					t.Fatal(err)
				}
				for range strings.Count(text, sound) {
					_ = body(t, in)
				}
			}
			if got := body(t, in); got != envelope {
				t.Errorf("%s, %.60q: %q", name, nonsense, got)
			}
			_ = conn.Close()
		}
	}
}

// What one request says of its language and its name is not taken for another's.
func TestNonsenseIsAnsweredByItsOwnHeaders(t *testing.T) {
	t.Parallel()
	const sound = "POST / HTTP/1.1\r\nHost: localhost\r\nX-App-Locale: en\r\nContent-Length: 60\r\n\r\n"
	const nonsense = "GET /%zz HTTP/1.1\r\nHost: localhost\r\n"
	like := fmt.Sprintf("%-60s", "first line\r\nX-App-Locale: en\r\n\r\n") // a body like a head
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := listens(api.NewServer(l.Addr().String(), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}), slog.New(slog.DiscardHandler)))
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		_ = server.Serve(headedListener{l, func(asked http.Header) (http.Header, []byte) {
			return http.Header{}, []byte(asked.Get("X-App-Locale"))
		}})
	}()
	for _, c := range []struct {
		name   string
		writes []string
		want   string
	}{
		{"its own", []string{nonsense + "X-App-Locale: fr\r\n\r\n"}, "fr"},
		{"its own, later", []string{sound + like, nonsense + "X-App-Locale: fr\r\n\r\n"}, "fr"},
		{"none, later", []string{sound + like, nonsense + "\r\n"}, ""},
		{"none, at once", []string{sound + like + nonsense + "\r\n"}, ""},
		{"none, with the body before", []string{sound, like + nonsense + "\r\n"}, ""},
	} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		in := bufio.NewReader(conn)
		for i, text := range c.writes {
			if _, err := io.WriteString(conn, text); err != nil {
				t.Fatal(err)
			}
			if i == 0 && text == sound {
				time.Sleep(50 * time.Millisecond) // the handler asks for the body meanwhile, or else it comes with the head
			}
			if strings.Contains(text, like) {
				_ = body(t, in)
			}
		}
		if got := body(t, in); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
		_ = conn.Close()
	}
}

func body(t *testing.T, in *bufio.Reader) string {
	t.Helper()
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return string(b)
}
