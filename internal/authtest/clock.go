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
	moved func(time.Duration)
	redis bool
	since time.Time // when it was moved last, by the wall
}

// newClock is the clock of nodes on that Redis, whose own clock goes on by itself and
// that grows older with them. Without one it is the clock of a node by itself.
func newClock(t testing.TB, redis string) *Clock {
	c := &Clock{
		now:   time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC),
		moved: func(time.Duration) {},
		since: time.Now(),
	}
	if redis != "" {
		c.redis = true
		c.moved = func(d time.Duration) { redistest.Age(t, redis, d) }
	}
	return c
}

// Drift is how far apart the seconds may be that two limits tell of which both began after
// the clock was moved last: none, but where Redis counts them, whose clock stands still for
// nobody. There it is what the wall's clock has gone since, and the second to which each is
// rounded up.
func (c *Clock) Drift() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.redis {
		return 0
	}
	return time.Since(c.since) + time.Second
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
	c.since = time.Now()
	c.now = c.now.Add(d)
	c.moved(d)
}
