package auth

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/ratelimit"
)

// flightWait is how long a login waits for others that are under way.
// It is as long as one waits for a hash at the most.
const flightWait = 10 * time.Second

// flights are the logins that are under way on this node, by e-mail. Each holds a place
// in the limits of failures until it has turned out to be none, and whoever finds no
// place waits for those rather than being refused for what nobody has done.
type flights struct {
	mu    sync.Mutex
	aloft map[string]*flight
}

type flight struct {
	n        int
	landings int           // of those that had a place
	landed   chan struct{} // closed at the next of them
}

func newFlights() *flights { return &flights{aloft: make(map[string]*flight)} }

// start begins one, and returns how many have landed since the first of those aloft.
func (f *flights) start(email string) (landings int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.aloft[email]
	if e == nil {
		e = &flight{landed: make(chan struct{})}
		f.aloft[email] = e
	}
	e.n++
	return e.landings
}

// land ends one that had a place, and wakes whoever waits for it.
func (f *flights) land(email string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.aloft[email]
	close(e.landed)
	e.landings, e.landed = e.landings+1, make(chan struct{})
	f.end(email)
}

// refused ends one that had no place, and returns what to wait for: nil where no other
// is under way, and nothing any more where a place came free since it had seen so many
// landings. It wakes nobody as long as there is one who will.
func (f *flights) refused(email string, seen int) <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.aloft[email]
	f.end(email)
	if e.n == 0 {
		close(e.landed)
	}
	switch {
	case e.landings != seen:
		return over
	case e.n == 0:
		return nil
	}
	return e.landed
}

// over is a wait that has ended.
var over = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func (f *flights) end(email string) {
	e := f.aloft[email]
	if e.n--; e.n == 0 {
		delete(f.aloft, email)
	}
}

// loginTicket is a place in the limits of failed logins.
type loginTicket struct {
	*ratelimit.Ticket
	land func() // once it is known what became of the login; more than once does nothing
}

// reserveLogin takes a place. Of what is left it tells nothing but in a refusal: a known
// device has another allowance, and the difference would tell who has an account.
func (a *Auth) reserveLogin(ctx context.Context, c *Caller, email, device string, known bool) (loginTicket, error) {
	rules, quota := append(a.loginRules(c, email, device, known), aloftRule(email)), c.Quota
	limited, cancel := context.WithTimeout(ctx, flightWait)
	defer cancel()
	for {
		seen := a.flights.start(email)
		ticket, err := a.tryReserve(ctx, c, rules...)
		if err == nil {
			c.Quota = quota
			return loginTicket{ticket, sync.OnceFunc(func() { a.land(ctx, email, ticket) })}, nil
		}
		others := a.flights.refused(email, seen)
		var refused *ratelimit.Refused
		if !errors.As(err, &refused) {
			return loginTicket{}, err
		}
		if others == nil && refused.Pending == 0 {
			a.reachedBy(c, rules)
			return loginTicket{}, err
		}
		var elsewhere <-chan time.Time
		if others == nil {
			elsewhere = time.After(elsewherePause)
		}
		select {
		case <-others:
		case <-elsewhere:
		case <-limited.Done():
			c.Quota = quota
			return loginTicket{}, errors.Join(account.ErrServiceUnavailable.After(busyPause), limited.Err())
		}
	}
}

// land ends a login that had a place, for those of this node and of all others that wait.
func (a *Auth) land(ctx context.Context, email string, ticket *ratelimit.Ticket) {
	if err := ticket.Settle(context.WithoutCancel(ctx)); err != nil {
		slog.DebugContext(ctx, "a login stays under way", "error", err)
	}
	a.flights.land(email)
}

// aloftRule tells of the logins of an address that are under way on any node. It is wider
// than what the limits of failures have room for, and limits nothing.
func aloftRule(email string) ratelimit.Rule {
	return ratelimit.Rule{
		Name: "login.aloft", Subject: email, Pending: true, Fleeting: true,
		Rates: ratelimit.Rates{{Limit: 1000, Per: flightWait}},
	}
}

// elsewherePause is how often is asked about logins that are under way on other nodes.
const elsewherePause = 50 * time.Millisecond
