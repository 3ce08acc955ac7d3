package store

import (
	"context"
	"errors"
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
