package authtest

import (
	"sync"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/cache/redistest"
)

// Clock is the time of one server. It stands still but for a microsecond at each look,
// so that no two things happen at once, and no slow machine lets time pass.
type Clock struct {
	mu    sync.Mutex
	now   time.Time
	redis bool
	moved func(time.Duration)
}

// newClock is the clock of nodes on that Redis, whose own clock goes on by itself and
// that grows older with them. Without one it is the clock of a node by itself.
func newClock(t testing.TB, redis string) *Clock {
	c := &Clock{now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), moved: func(time.Duration) {}}
	if redis != "" {
		c.redis = true
		c.moved = func(d time.Duration) { redistest.Age(t, redis, d) }
	}
	return c
}

// Drift is how far the seconds of two limits may be apart that began one call after the
// other: none, but where Redis counts them, whose clock stands still for nobody.
func (c *Clock) Drift() time.Duration {
	if c.redis {
		return 5 * time.Second
	}
	return 0
}

// Now is the server's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Microsecond)
	return c.now
}

// Advance lets time pass; a negative one steps back.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.moved(d)
}
