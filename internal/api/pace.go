package api

import (
	"context"
	"sync"
	"time"
)

// When an answer goes that is held: once its time is over, or, where the work took longer,
// at the end of the step that the work ended in. The time is several times what the work
// takes on a node that is well.
const (
	paceTime = 15 * time.Millisecond
	paceStep = 5 * time.Millisecond
)

// pace holds answers back, so that the time of an answer does not tell what was done for
// it. It is for calls that answer everybody alike, do more for one than for another, and
// hash nothing whose cost would hide that. Safe for concurrent use; the zero value is ready.
type pace struct {
	mu      sync.Mutex
	held    []heldAnswer
	running bool // release, for as long as anything is held
}

type heldAnswer struct {
	until time.Time
	gone  chan struct{}
}

// hold returns when an answer may go to a request whose work began at that time, or when
// nobody waits for it any more.
func (p *pace) hold(ctx context.Context, began time.Time) {
	h := heldAnswer{until: began.Add(paced(time.Since(began))), gone: make(chan struct{})}
	p.mu.Lock()
	p.held = append(p.held, h)
	if !p.running {
		p.running = true
		go p.release()
	}
	p.mu.Unlock()
	select {
	case <-h.gone:
	case <-ctx.Done():
	}
}

// paced is how long an answer takes whose work took that long.
func paced(work time.Duration) time.Duration {
	if work <= paceTime {
		return paceTime
	}
	return (work + paceStep - 1).Truncate(paceStep)
}

// release lets answers go until none is held.
//
// The timers of the runtime will not do: they wait for whole milliseconds, counted from when
// the last goroutine went to sleep, and so from when the work ended (netpoll in package
// runtime). A thread that sleeps by itself wakes within some 50 microseconds of any time.
func (p *pace) release() {
	for {
		rest := p.releaseDue(time.Now())
		if rest == 0 {
			return
		}
		threadSleep(min(rest, time.Millisecond)) // one with less time may have come meanwhile
	}
}

// releaseDue tells how long the next answer has to wait: 0 where none is held.
func (p *pace) releaseDue(now time.Time) (rest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.held[:0]
	for _, h := range p.held {
		left := h.until.Sub(now)
		if left <= 0 {
			close(h.gone)
			continue
		}
		kept = append(kept, h)
		if rest == 0 || left < rest {
			rest = left
		}
	}
	clear(p.held[len(kept):])
	p.held = kept
	p.running = rest > 0
	return rest
}
