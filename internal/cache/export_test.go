package cache

import (
	"sync"
	"time"
)

// FakeClock is a time that moves when told to. The sweeps read it, too.
type FakeClock struct {
	mu  sync.Mutex
	now time.Time
}

// NewFakeClock returns one that stands at a time of no meaning.
func NewFakeClock() *FakeClock {
	return &FakeClock{now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
}

// Now is the time that it shows.
func (c *FakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves it, back where d is negative.
func (c *FakeClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
