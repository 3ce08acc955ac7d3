package photo

import (
	"context"
	"sync/atomic"
	"time"

	"flowxi.app/flowxi/internal/trace"
)

// Processor bounds the memory and the processors that photos take. Any number
// of goroutines may use it. How many wait is for the caller to bound.
type Processor struct {
	slots chan struct{} // for those at work
	wait  time.Duration

	waiting atomic.Int64
	refused atomic.Uint64
}

// NewProcessor returns a processor that works on at most slots photos at once,
// and has nobody wait for their turn for longer than wait. At least one slot
// there is.
func NewProcessor(slots int, wait time.Duration) *Processor {
	return &Processor{slots: make(chan struct{}, max(1, slots)), wait: wait}
}

// enter waits for a slot, which leave gives back.
func (p *Processor) enter(ctx context.Context) (err error) {
	ctx, span := trace.Start(ctx, "wait to decode photo")
	defer func() { span.End(err) }()
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	timer := time.NewTimer(p.wait)
	defer timer.Stop()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-timer.C:
		p.refused.Add(1)
		return ErrBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Processor) leave() { <-p.slots }

// Load is how busy a Processor is.
type Load struct {
	Active  int    // photos that are worked on
	Waiting int    // callers that wait for their turn
	Refused uint64 // callers that got ErrBusy, since the start
}

// Load tells how busy the processor is.
func (p *Processor) Load() Load {
	return Load{Active: len(p.slots), Waiting: int(p.waiting.Load()), Refused: p.refused.Load()}
}
