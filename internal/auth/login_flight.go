package auth

import (
	"context"
	"errors"
	"sync"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/ratelimit"
)

// flightWait is how long a login waits for others that are under way.
const flightWait = 5 * time.Second

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
	rules, quota := a.loginRules(c, email, device, known), c.Quota
	limited, cancel := context.WithTimeout(ctx, flightWait)
	defer cancel()
	for {
		seen := a.flights.start(email)
		ticket, err := a.reserve(ctx, c, rules...)
		if err == nil {
			c.Quota = quota
			return loginTicket{ticket, sync.OnceFunc(func() { a.flights.land(email) })}, nil
		}
		others := a.flights.refused(email, seen)
		var pause <-chan time.Time
		switch {
		case !errors.Is(err, account.ErrTooManyRequests):
			return loginTicket{}, err
		case others == nil && a.perhapsElsewhere(rules, err):
			pause = time.After(elsewherePause)
		case others == nil:
			return loginTicket{}, err
		}
		select {
		case <-others:
		case <-pause:
		case <-limited.Done():
			return loginTicket{}, err
		}
	}
}

// What other nodes have under way cannot be seen. It is waited for while it may be what
// fills the limit: as long as all places were taken within elsewhereTime.
const (
	elsewhereTime  = 2 * time.Second
	elsewherePause = 50 * time.Millisecond
)

// perhapsElsewhere tells whether logins that are under way on other nodes may have filled
// a limit: its window is nearly a whole one away from having room again.
func (a *Auth) perhapsElsewhere(rules []ratelimit.Rule, refused error) bool {
	var retry *account.Retry
	if a.cfg.RedisURL == "" || !errors.As(refused, &retry) {
		return false
	}
	for i := range rules {
		for _, rate := range rules[i].Rates {
			if age := rate.Per - retry.After; 0 <= age && age < elsewhereTime {
				return true
			}
		}
	}
	return false
}
