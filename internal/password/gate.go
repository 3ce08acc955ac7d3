package password

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"flowxi.app/flowxi/internal/trace"
)

// ErrBusy says that the queue for a hash is full, or that the longest wait was
// over. Nothing was hashed. The answer to it is 503.
var ErrBusy = errors.New("too many passwords are waiting to be hashed")

// gate lets so many in at once and so many wait, first come, first served: that
// is the order in which a channel serves its senders.
type gate struct {
	slots  chan struct{}
	places chan struct{} // to wait in
	wait   time.Duration

	refused atomic.Uint64
}

func newGate(slots, queue int, wait time.Duration) *gate {
	return &gate{slots: make(chan struct{}, slots), places: make(chan struct{}, queue), wait: wait}
}

// do runs work inside the gate.
func (g *gate) do(ctx context.Context, work func()) error {
	if err := g.enter(ctx); err != nil {
		return err
	}
	defer func() { <-g.slots }()
	_, span := trace.Start(ctx, "hash password")
	work()
	span.End(nil)
	return nil
}

func (g *gate) enter(ctx context.Context) (err error) {
	ctx, span := trace.Start(ctx, "wait to hash password")
	defer func() { span.End(err) }()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("wait to hash: %w", err)
	}
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
		return g.queue(ctx)
	}
}

func (g *gate) queue(ctx context.Context) error {
	select {
	case g.places <- struct{}{}:
		defer func() { <-g.places }()
	default:
		return g.refuse()
	}
	timer := time.NewTimer(g.wait)
	defer timer.Stop()
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to hash: %w", ctx.Err())
	case <-timer.C:
		return g.refuse()
	}
}

func (g *gate) refuse() error {
	g.refused.Add(1)
	return ErrBusy
}

// Load is how busy a Hasher is.
type Load struct {
	Active  int    // hashes under way
	Waiting int    // callers that wait for a slot
	Refused uint64 // callers that got ErrBusy, since the start
}

// Load tells how busy the hasher is.
func (h *Hasher) Load() Load {
	return Load{Active: len(h.gate.slots), Waiting: len(h.gate.places), Refused: h.gate.refused.Load()}
}
