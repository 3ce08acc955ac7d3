package api

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// within is the time for a piece of work, which is done whether or not the client is still
// there. Cut off by who hangs up, it would be half a piece: a try that does not count, a
// fault in the log that is nobody's, a change of which nobody knows whether it was made.
// And who shuts down their half of the connection alone, which is allowed, would get an
// answer that tells how far the work had come.
//
// Its user calls end.
func (x *exchange) within(d time.Duration) *allowance {
	var a *allowance
	if x.used < len(x.allowances) {
		a = &x.allowances[x.used]
		x.used++
	} else {
		a = new(allowance)
	}
	a.Context, a.deadline, a.server = x.request.Context(), time.Now().Add(d), x.Ended
	return a
}

// allowance is a context with a deadline, which ends with the server too. What can be kept
// waiting asks for its Done, and the clock is set then: most requests never ask.
type allowance struct {
	context.Context // of the request, of which this has the values, and not the end
	deadline        time.Time
	server          context.Context // nil where it does not end

	once  sync.Once
	clock atomic.Pointer[clock]
	over  atomic.Bool
}

// clock is the context of an allowance for those who wait.
type clock struct {
	context.Context
	stop func()
}

func (a *allowance) set() *clock {
	a.once.Do(func() {
		ctx, cancel := context.WithDeadline(context.WithoutCancel(a.Context), a.deadline)
		c := &clock{ctx, cancel}
		if a.server != nil {
			free := context.AfterFunc(a.server, cancel)
			c.stop = func() { free(); cancel() }
			if a.server.Err() != nil {
				cancel() // now, and not beside: Err has said so already
			}
		}
		a.clock.Store(c)
		if a.over.Load() {
			c.stop()
		}
	})
	return a.clock.Load()
}

// end gives back what the allowance holds.
func (a *allowance) end() {
	a.over.Store(true)
	if c := a.clock.Load(); c != nil {
		c.stop()
	}
}

// Deadline implements context.Context.
func (a *allowance) Deadline() (time.Time, bool) { return a.deadline, true }

// Done implements context.Context.
func (a *allowance) Done() <-chan struct{} { return a.set().Done() }

// Err implements context.Context.
func (a *allowance) Err() error {
	switch c := a.clock.Load(); {
	case c != nil:
		return c.Err()
	case a.over.Load(), a.server != nil && a.server.Err() != nil:
		return context.Canceled
	case !time.Now().Before(a.deadline):
		return context.DeadlineExceeded
	}
	return nil
}

// Value implements context.Context. Contexts that are made of this one ask for its Done, and
// then find its end by a value.
func (a *allowance) Value(key any) any {
	if c := a.clock.Load(); c != nil {
		return c.Value(key)
	}
	return a.Context.Value(key)
}
