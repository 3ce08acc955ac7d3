package blob

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	tolerated    = 3               // calls in a row that a server may leave unanswered
	breakerPause = 3 * time.Second // for which it is left alone then
)

// breaker keeps callers from queueing for a server that is gone. After some calls in
// a row without an answer it lets none through for a while, and then a single one, to
// see whether the server is back. It may be used from any number of goroutines.
type breaker struct {
	now func() time.Time

	mu         sync.Mutex
	unanswered int       // calls in a row
	until      time.Time // when the next call may go through, once that is too many
}

// admit tells whether a call may go through. One that may is settled in the end.
func (b *breaker) admit() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unanswered < tolerated {
		return true
	}
	if b.now().Before(b.until) {
		return false
	}
	b.until = b.now().Add(longestCall) // nobody else until this one is settled
	return true
}

// settle says how a call ended that began under ctx. Where the caller went away before
// the server had time to answer, it tells nothing of the server.
func (b *breaker) settle(ctx context.Context, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !errors.Is(err, ErrUnavailable):
		b.unanswered = 0
	case errors.Is(ctx.Err(), context.Canceled):
		b.until = b.now()
	default:
		b.unanswered++
		b.until = b.now().Add(breakerPause)
	}
}
