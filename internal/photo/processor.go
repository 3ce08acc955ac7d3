package photo

import (
	"context"
	"time"
)

// Processor bounds the memory and the processors that photos take. Any number
// of goroutines may use it.
type Processor struct {
	places chan struct{} // for those at work and those that wait
	slots  chan struct{} // for those at work
	wait   time.Duration
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
func (p *Processor) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.places <- struct{}{}:
	default:
		return ErrBusy
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
		return ErrBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Processor) leave() {
	<-p.slots
	<-p.places
}
