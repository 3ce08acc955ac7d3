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

// Turn says who goes before whom where passwords wait to be hashed.
type Turn int

const (
	// InTurn is whoever may be anybody.
	InTurn Turn = iota

	// First is somebody on a device that they have used before. However many wait in their
	// turn, they wait for one of those at the most; and one of those is always among them, so
	// that nobody waits for ever.
	First
)

// gate lets so many in at once and so many wait, first come, first served: that
// is the order in which a channel serves its senders.
type gate struct {
	slots  chan struct{}
	places chan struct{} // to wait in
	first  chan struct{} // places of those who go First
	turn   chan struct{} // had by the one in its turn who waits for a slot
	wait   time.Duration

	refused atomic.Uint64
}

func newGate(slots, queue int, wait time.Duration) *gate {
	return &gate{
		slots: make(chan struct{}, slots), places: make(chan struct{}, queue), first: make(chan struct{}, queue),
		turn: make(chan struct{}, 1), wait: wait,
	}
}

// do runs work inside the gate.
func (g *gate) do(ctx context.Context, turn Turn, work func()) error {
	if err := g.enter(ctx, turn); err != nil {
		return err
	}
	defer func() { <-g.slots }()
	_, span := trace.Start(ctx, "hash password")
	work()
	span.End(nil)
	return nil
}

func (g *gate) enter(ctx context.Context, turn Turn) (err error) {
	ctx, span := trace.Start(ctx, "wait to hash password")
	defer func() { span.End(err) }()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("wait to hash: %w", err)
	}
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
		return g.queue(ctx, turn)
	}
}

func (g *gate) queue(ctx context.Context, turn Turn) error {
	places := g.places
	if turn == First {
		places = g.first
	}
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	default:
		return g.refuse()
	}
	over := time.NewTimer(g.wait)
	defer over.Stop()
	if turn == InTurn {
		if err := g.take(ctx, g.turn, over.C); err != nil {
			return err
		}
		defer func() { <-g.turn }()
	}
	return g.take(ctx, g.slots, over.C)
}

// take waits for room in one of the gate's channels.
func (g *gate) take(ctx context.Context, room chan<- struct{}, over <-chan time.Time) error {
	select {
	case room <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to hash: %w", ctx.Err())
	case <-over:
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
	return Load{Active: len(h.gate.slots), Waiting: len(h.gate.places) + len(h.gate.first), Refused: h.gate.refused.Load()}
}
