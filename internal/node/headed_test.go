package node

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/api"
)

// TestABodyIsNeverTakenForAnAnswer sends bodies that look like answers of net/http, so that
// pieces of them of every length begin with one.
func TestABodyIsNeverTakenForAnAnswer(t *testing.T) {
	t.Parallel()
	for _, like := range []string{string(noSuchExpect), string(statusLine) + "400 Bad Request" + string(bareHeaders)} {
		long := strings.Repeat(like, 20_000/len(like))
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := listens(api.NewServer(l.Addr().String(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.URL.Query().Get("first")+long)
		}), slog.New(slog.DiscardHandler)))
		go func() { _ = server.Serve(headedListener{l, unheard{http.Header{}, []byte("{}")}}) }()
		t.Cleanup(func() { _ = server.Close() })
		c := http.Client{Timeout: 10 * time.Second}
		for n := range len(like) {
			first := strings.Repeat("x", n)
			resp, err := c.Get("http://" + l.Addr().String() + "/?first=" + first)
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
