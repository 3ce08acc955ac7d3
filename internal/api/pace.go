package api

import (
	"slices"
	"sync"
	"time"
)

// How long answers are held: twice as long as nearly all of the last took to be made, by
// doublings, so that a node whose database is far or busy holds them for longer. Where
// they take longer than half of paceMost, their time tells something again.
const (
	paceLeast  = 15 * time.Millisecond
	paceMost   = paceLeast << 4
	paceLast   = 32 // that many are looked at
	paceSlower = 2  // of them, that many may have taken longer
)

// pace holds answers back, so that the time of an answer does not tell what was done for
// it, where everybody is answered alike. Each endpoint has its own, since some do more than
// others, and so a thread of its own while it holds any. Safe for concurrent use; the zero
// value is ready.
type pace struct {
	mu      sync.Mutex
	held    []heldAnswer
	running bool // release, for as long as anything is held
	last    [paceLast]time.Duration
	next    int // the place of the next of them
}

type heldAnswer struct {
	until time.Time
	gone  chan struct{}
}

// hold returns when an answer may go to a request whose work began at that time. Where it
// was not whole, the work says nothing of how long others take: a stranger who meets a
// limit again and again must not shorten the time of all.
//
// It heeds no context: who hangs up, or shuts down their half of the connection, would
// learn what was done by then.
func (p *pace) hold(began time.Time, whole bool) {
	work := time.Since(began)
	p.mu.Lock()
	h := heldAnswer{until: began.Add(timeOf(work, p.time())), gone: make(chan struct{})}
	p.held = append(p.held, h)
	if whole {
		p.note(work)
	}
	if !p.running {
		p.running = true
		go p.release()
	}
	p.mu.Unlock()
	<-h.gone
}

// note keeps how long an answer took to be made.
func (p *pace) note(work time.Duration) {
	p.last[p.next] = work
	p.next = (p.next + 1) % paceLast
}

// time is how long answers are held now, as those before tell.
func (p *pace) time() time.Duration {
	last := p.last
	slices.Sort(last[:])
	held := paceLeast
	for held < paceMost && held < 2*last[paceLast-1-paceSlower] {
		held *= 2
	}
	return held
}

// timeOf is when an answer goes whose work took that long: at the end of the time that
// answers are held, of the second such time where the work took longer, and so on.
func timeOf(work, held time.Duration) time.Duration {
	return max(held, (work + held - 1).Truncate(held))
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
