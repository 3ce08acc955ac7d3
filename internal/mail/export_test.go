package mail

import (
	"context"
	"crypto/x509"
	"net"
	"time"
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

// What is open to tests of mails for nobody.
const (
	Remembered  = remembered
	FailedAge   = failedAge
	Guessed     = guessed
	SendTimeout = sendTimeout
)

// ErrExpired and ErrLikeFailed are open to tests.
var (
	ErrExpired    = errExpired
	ErrLikeFailed = errLikeFailed
	ErrDeferred   = errDeferred
)

// Note has w know a try that took so long, and what came of it.
func (w *Worker) Note(took time.Duration, err error) { w.recent.note(took, err) }

// Pretend is open to tests.
func (w *Worker) Pretend(ctx context.Context) error { return w.pretend(ctx, Message{}, time.Now()) }

// Source is open to tests.
var Source = source
