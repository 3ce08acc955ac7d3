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

// A login takes a place in the limits of failures before its password is looked at, and
// gives it back where it turns out to be none. While its place is taken it is aloft.
// Whoever finds no place, but some taken by logins aloft, waits for these rather than be
// refused for what nobody has done: on each node those who meet the same limits stand in
// line, and the first of the line asks for a place again whenever one of them lands, and
// at intervals for those elsewhere. An owner on a known device, and everybody on another
// network than a stranger, is in another line than the stranger.

const (
	// flightWait is how long a login waits for others, in line included. It is as long as
	// one waits for a hash at the most.
	flightWait = 10 * time.Second

	// The first of a line asks about logins elsewhere at intervals that grow.
	flightAsk     = 50 * time.Millisecond
	flightAskLast = 800 * time.Millisecond

	// flightLine is how many logins of one line wait or are aloft on a node. It is as many
	// as wait for a hash.
	flightLine = 256
)

// flights are the lines of a node, by whom they are of.
type flights struct {
	mu    sync.Mutex
	lines map[string]*line
}

// line is there while there is anybody in it or aloft.
type line struct {
	users  int           // who wait, ask or are aloft
	first  chan struct{} // has room for the first of the line
	landed chan struct{} // tells the first that one has landed
}

func newFlights() *flights { return &flights{lines: make(map[string]*line)} }

// join returns a line, and nil where that is too long. Leave ends it.
func (f *flights) join(of string) *line {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.lines[of]
	if l == nil {
		l = &line{first: make(chan struct{}, 1), landed: make(chan struct{}, 1)}
		f.lines[of] = l
	}
	if l.users >= flightLine {
		return nil
	}
	l.users++
	return l
}

func (f *flights) leave(of string, l *line) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(f.lines, of)
	}
}

// land tells the first of the line that there may be a place.
func (l *line) land() {
	select {
	case l.landed <- struct{}{}:
	default: // it has been told
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
	limited, cancel := context.WithTimeout(ctx, flightWait)
	defer cancel()
	rules := a.loginRules(c, email, device, known)
	of := rules[0].Subject // the narrowest: who meets it meets the others too
	l := a.flights.join(of)
	if l == nil {
		return loginTicket{}, account.ErrServiceUnavailable.After(busyPause)
	}
	quota := c.Quota
	ticket, err := a.reserveInLine(limited, c, l, rules)
	if err != nil {
		a.flights.leave(of, l)
		if limited.Err() != nil {
			c.Quota = quota
			err = errors.Join(account.ErrServiceUnavailable.After(busyPause), limited.Err())
		}
		return loginTicket{}, err
	}
	c.Quota = quota
	return loginTicket{ticket, sync.OnceFunc(func() {
		if err := ticket.Settle(context.WithoutCancel(ctx)); err != nil {
			slog.DebugContext(ctx, "a login stays aloft", "error", err)
		}
		l.land()
		a.flights.leave(of, l)
	})}, nil
}

// reserveInLine waits until it is the first of the line, and then until there is a place
// or nobody aloft who could leave one.
func (a *Auth) reserveInLine(ctx context.Context, c *Caller, l *line, rules []ratelimit.Rule) (*ratelimit.Ticket, error) {
	select {
	case l.first <- struct{}{}:
		defer func() { <-l.first }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for ask := flightAsk; ; ask = min(2*ask, flightAskLast) {
		ticket, err := a.tryReserve(ctx, c, rules...)
		var refused *ratelimit.Refused
		if !errors.As(err, &refused) {
			return ticket, err
		}
		if refused.Pending == 0 {
			a.reachedBy(c, rules)
			return nil, err
		}
		select {
		case <-l.landed:
		case <-time.After(ask):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
