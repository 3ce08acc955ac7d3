package api

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/form"
)

// invite makes an endpoint of a verb that mails a code or a link to whoever may have one,
// and answers all alike, after the same time.
func invite(send func(*auth.Auth, context.Context, *auth.Caller, auth.EmailInput) error) endpoint {
	paced := new(pace)
	return reads(func(x *exchange, in auth.EmailInput) (Answer, error) {
		ctx, began := x.request.Context(), time.Now()
		err := send(x.Auth, ctx, &x.caller, in)
		paced.hold(ctx, began, err == nil)
		return &Done{}, err
	})
}

// proves makes an endpoint of a verb for which somebody shows a secret. Who has the right
// one is answered at once, and all others alike, after the same time.
func proves[In any, P interface {
	*In
	form.Body
}](act func(x *exchange, in In) (Answer, error)) endpoint {
	paced := new(pace)
	return reads[In, P](func(x *exchange, in In) (Answer, error) {
		began := time.Now()
		answer, err := act(x, in)
		if slices.ContainsFunc(unproved, func(e account.Error) bool { return errors.Is(err, e) }) {
			paced.hold(x.request.Context(), began, true)
		}
		return answer, err
	})
}

// unproved are the answers to those who show a wrong secret for an address.
var unproved = []account.Error{
	account.ErrInvalidCredentials, account.ErrOTPInvalid, account.ErrOTPExpired, account.ErrMagicLinkInvalid, account.ErrMagicLinkExpired,
}

// How long answers are held: twice as long as nearly all of the last took to be made, by
// doublings, so that a node whose database is far or busy holds them for longer. Where
// they take longer than half of paceMost, their time tells something again.
const (
	paceLeast  = 15 * time.Millisecond
	paceMost   = paceLeast << 4
	paceLast   = 32 // that many are looked at
	paceSlower = 2  // of them, that many may have taken longer
)

// pace holds answers back, so that the time of an answer does not tell what was done for
// it, where everybody is answered alike. Each endpoint has its own, since some do more than
// others. Safe for concurrent use; the zero value is ready.
type pace struct {
	mu      sync.Mutex
	held    []heldAnswer
	running bool // release, for as long as anything is held
	last    [paceLast]time.Duration
	next    int // the place of the next of them
}

type heldAnswer struct {
	until time.Time
	gone  chan struct{}
}

// hold returns when an answer may go to a request whose work began at that time, or when
// nobody waits for it any more. Where it was not whole, the work says nothing of how long
// others take: a stranger who meets a limit again and again must not shorten the time of all.
func (p *pace) hold(ctx context.Context, began time.Time, whole bool) {
	work := time.Since(began)
	p.mu.Lock()
	h := heldAnswer{until: began.Add(timeOf(work, p.time())), gone: make(chan struct{})}
	p.held = append(p.held, h)
	if whole {
		p.last[p.next] = work
		p.next = (p.next + 1) % paceLast
	}
	if !p.running {
		p.running = true
		go p.release()
	}
	p.mu.Unlock()
	select {
	case <-h.gone:
	case <-ctx.Done():
	}
}

// time is how long answers are held now, as those before tell.
func (p *pace) time() time.Duration {
	last := p.last
	slices.Sort(last[:])
	held := paceLeast
	for held < paceMost && held < 2*last[paceLast-1-paceSlower] {
		held *= 2
	}
	return held
}

// timeOf is when an answer goes whose work took that long: at the end of the time that
// answers are held, of the second such time where the work took longer, and so on.
func timeOf(work, held time.Duration) time.Duration {
	return max(held, (work + held - 1).Truncate(held))
}

// release lets answers go until none is held.
//
// The timers of the runtime will not do: they wait for whole milliseconds, counted from when
// the last goroutine went to sleep, and so from when the work ended (netpoll in package
// runtime). A thread that sleeps by itself wakes within some 50 microseconds of any time.
func (p *pace) release() {
	for {
		rest := p.releaseDue(time.Now())
		if rest == 0 {
			return
		}
		threadSleep(min(rest, time.Millisecond)) // one with less time may have come meanwhile
	}
}

// releaseDue tells how long the next answer has to wait: 0 where none is held.
func (p *pace) releaseDue(now time.Time) (rest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.held[:0]
	for _, h := range p.held {
		left := h.until.Sub(now)
		if left <= 0 {
			close(h.gone)
			continue
		}
		kept = append(kept, h)
		if rest == 0 || left < rest {
			rest = left
		}
	}
	clear(p.held[len(kept):])
	p.held = kept
	p.running = rest > 0
	return rest
}
