package cache

import (
	"math"
	"sync"
	"time"
)

// clock counts the nanoseconds that have passed since it was made, and never
// runs backwards. Where the time behind it steps back, the count stands still
// and goes on from there: no event comes to lie in the future, nothing expires
// early, and nobody is locked out for the length of the step.
type clock struct {
	now   func() time.Time
	start time.Time

	mu   sync.Mutex
	last int64
	lag  int64 // the sum of all steps back
}

func newClock(now func() time.Time) *clock {
	return &clock{now: now, start: now()}
}

// read asks for the time under its lock: two callers that asked before and
// were served in the other order would look like a step back.
func (c *clock) read() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := int64(c.now().Sub(c.start)) + c.lag
	if t < c.last {
		c.lag += c.last - t
		t = c.last
	}
	c.last = t
	return t
}

// after is t + d, or the end of time where that overflows.
func after(t int64, d time.Duration) int64 {
	if t > 0 && int64(d) > math.MaxInt64-t {
		return math.MaxInt64
	}
	return t + int64(d)
}
