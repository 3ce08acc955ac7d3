package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"flowxi.app/flowxi/internal/trace"
)

// workTime is what a statement or a transaction gets whose caller has set no deadline, so
// that none is without: background jobs and commands of operators would otherwise wait
// for a database that has hung. What needs longer sets a deadline of its own.
const workTime = 30 * time.Second

// endless is a context for what cannot be kept waiting.
type endless struct{ context.Context }

// Done implements context.Context.
func (endless) Done() <-chan struct{} { return nil }

// seats are the connections that may read at once beside the journal of SQLite (WAL), where
// nobody waits for who writes. Whoever needs one waits here, as long as their context lasts.
type seats struct {
	free chan struct{}
	waiting
}

func newSeats(n int) *seats {
	s := &seats{free: make(chan struct{}, n)}
	for range n {
		s.free <- struct{}{}
	}
	return s
}

// take takes a seat, which leave gives back. Of no seats at all there is always one.
func (s *seats) take(ctx context.Context) error {
	if s == nil {
		return nil
	}
	select {
	case <-s.free:
		return nil
	default:
	}
	defer s.end(s.begin())
	select {
	case <-s.free:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	}
}

func (s *seats) leave() {
	if s != nil {
		s.free <- struct{}{}
	}
}

// waiting is how often somebody had to wait, and for how long.
type waiting struct {
	waits  atomic.Uint64
	waited atomic.Int64 // nanoseconds
}

// begin counts somebody who waits from now on, and end for how long.
func (w *waiting) begin() time.Time {
	w.waits.Add(1)
	return time.Now()
}

func (w *waiting) end(began time.Time) { w.waited.Add(int64(time.Since(began))) }

// of puts the figures into those of a pool.
func (w *waiting) of(p Pool) Pool {
	p.Waits, p.Waited = w.waits.Load(), time.Duration(w.waited.Load())
	return p
}

// work is a statement or a transaction under way.
type work struct {
	began  time.Time
	span   trace.Span
	cancel context.CancelFunc // nil where the caller has set a deadline
}

// begin gives work its deadline and its span, which has the name of what is being done.
func (r reader) begin(ctx context.Context, what string) (context.Context, work) {
	w := work{began: time.Now()}
	if _, bounded := ctx.Deadline(); !bounded {
		ctx, w.cancel = context.WithTimeout(ctx, workTime)
	}
	ctx, w.span = trace.Start(r.within.Into(ctx), what)
	return ctx, w
}

func (w *work) end(t *tally, kind Work, err error) {
	if w.cancel != nil {
		w.cancel()
	}
	if errors.Is(err, ErrNotFound) {
		err = nil // an answer like any other
	}
	w.span.End(err)
	if t != nil && t.observe != nil {
		t.observe(kind, time.Since(w.began))
	}
}
