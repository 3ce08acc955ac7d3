package mail

import (
	"context"
	"crypto/x509"
	"net"
)

// Backoff is open to tests.
var Backoff = backoff

// Parallel is open to tests.
const Parallel = parallel

// Through makes s connect to addr in place of its host, and trust roots alone.
func (s *SMTP) Through(addr string, roots *x509.CertPool) *SMTP {
	s.roots = roots
	s.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, addr)
	}
	return s
}
