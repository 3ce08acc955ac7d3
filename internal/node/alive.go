package node

import (
	"context"
	"net/http"

	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/rescue"
)

// Alive asks the node for its health, as a proxy does, and returns once it has answered.
// Whatever the answer, the node lives: where the database is away, another start would
// mend nothing. One that hangs does not return.
//
// It does not go by the network, which a firewall may forbid and strangers may fill, and
// where a certificate may have expired: no start mends these either.
func (n *Node) Alive(ctx context.Context) {
	_ = rescue.Do(func() error { // a panic is an answer, too
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, api.Prefix+"/health", nil)
		if err != nil {
			return err
		}
		r.RemoteAddr = "127.0.0.1:0"
		n.handler.ServeHTTP(unread{}, r)
		return nil
	})
}

// unread is an answer that nobody reads.
type unread http.Header

// Header implements http.ResponseWriter.
func (u unread) Header() http.Header { return http.Header(u) }

// Write implements http.ResponseWriter.
func (unread) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader implements http.ResponseWriter.
func (unread) WriteHeader(int) {}
