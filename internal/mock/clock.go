package mock

import (
	"errors"
	"math"
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

// The clock stays between these, so that what is some years from now still has a year of
// four digits, and authenticators have a code.
var (
	earliest = time.Unix(0, 0)
	latest   = time.Date(9000, time.December, 31, 0, 0, 0, 0, time.UTC)
)

// longestMove is the most seconds that a time.Duration holds.
const longestMove = int64(math.MaxInt64 / time.Second)

var errTooFar = errors.New("that is too far away")

// move does a change as a whole, and returns what the clock shows then. Where that is too
// far away it does none of it.
func (c *clock) move(change clockChange) (now time.Time, running bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, running := c.read(), !c.started.IsZero()
	if change == (clockChange{}) {
		return at, running, nil
	}
	if change.Now != nil {
		at = *change.Now
	}
	if change.Running != nil {
		running = *change.Running
	}
	if change.Advance > longestMove || change.Advance < -longestMove {
		return at, running, errTooFar
	}
	at = at.Add(time.Duration(change.Advance) * time.Second)
	if at.Before(earliest) || at.After(latest) {
		return at, running, errTooFar
	}
	c.put(at, running)
	return c.at, running, nil
}
