package photo

import (
	"context"
	"sync/atomic"
	"time"

	"flowxi.app/flowxi/internal/trace"
)

// Processor bounds the memory and the processors that photos take. Any number
// of goroutines may use it.
type Processor struct {
	places chan struct{} // for those at work and those that wait
	slots  chan struct{} // for those at work
	wait   time.Duration

	refused atomic.Uint64
}

// NewProcessor returns a processor that works on at most slots photos at once,
// lets at most queue callers wait for their turn, and none of them for longer
// than wait. At least one slot there is.
func NewProcessor(slots, queue int, wait time.Duration) *Processor {
	slots, queue = max(1, slots), max(0, queue)
	return &Processor{
		places: make(chan struct{}, slots+queue),
		slots:  make(chan struct{}, slots),
		wait:   wait,
	}
}

// enter waits for a slot, which leave gives back.
func (p *Processor) enter(ctx context.Context) (err error) {
	ctx, span := trace.Start(ctx, "wait to decode photo")
	defer func() { span.End(err) }()
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.places <- struct{}{}:
	default:
		return p.refuse()
	}
	if err := p.awaitSlot(ctx); err != nil {
		<-p.places
		return err
	}
	return nil
}

func (p *Processor) awaitSlot(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(p.wait)
	defer timer.Stop()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-timer.C:
		return p.refuse()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Processor) leave() {
	<-p.slots
	<-p.places
}

func (p *Processor) refuse() error {
	p.refused.Add(1)
	return ErrBusy
}

// Load is how busy a Processor is.
type Load struct {
	Active  int    // photos that are worked on
	Waiting int    // callers that wait for their turn
	Refused uint64 // callers that got ErrBusy, since the start
}

// Load tells how busy the processor is.
func (p *Processor) Load() Load {
	active := len(p.slots)
	return Load{Active: active, Waiting: max(0, len(p.places)-active), Refused: p.refused.Load()}
}
