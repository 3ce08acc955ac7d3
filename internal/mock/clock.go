package mock

import (
	"sync"
	"time"
)

// clock is the time of a mock. Its zero value stands in the year 1.
type clock struct {
	mu      sync.Mutex
	at      time.Time
	started time.Time // by the clock of the machine, zero where it stands
}

// now is the time of the mock, in whole microseconds as it is stored.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read()
}

func (c *clock) read() time.Time {
	if c.started.IsZero() {
		return c.at
	}
	return c.at.Add(time.Since(c.started)).Truncate(time.Microsecond)
}

// set moves the clock, and has it run or stand.
func (c *clock) set(at time.Time, running bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(at, running)
}

func (c *clock) put(at time.Time, running bool) {
	c.at, c.started = at.UTC().Truncate(time.Microsecond), time.Time{}
	if running {
		c.started = time.Now()
	}
}

// move does a change as a whole, and returns what the clock shows then.
func (c *clock) move(change clockChange) (now time.Time, running bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, running := c.read(), !c.started.IsZero()
	if change.Now != nil {
		at = *change.Now
	}
	if change.Running != nil {
		running = *change.Running
	}
	c.put(at.Add(time.Duration(change.Advance)*time.Second), running)
	return c.at, running
}
