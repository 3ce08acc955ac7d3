package auth

import (
	"context"
	"errors"
	"log/slog"
	"strconv"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/ratelimit"
	"flowxi.app/flowxi/internal/store"
)

// The limits of contract section 12, each as the rules that one kind of call meets.
// The figures are settings (config.Limits); what they are counted by stands here.

// mailRules limit the codes and links that are mailed. The two share one allowance, and
// an address that nobody has counts like any other.
func (a *Auth) mailRules(c *Caller, email string) []ratelimit.Rule {
	l := &a.cfg.Limits
	return []ratelimit.Rule{
		{Name: "mail.email", Rates: l.MailPerEmail, Subject: email},
		{Name: "mail.network", Rates: l.MailPerNetwork, Subject: c.Network()},
	}
}

// codeRules limit the checks of mailed codes and links.
func (a *Auth) codeRules(c *Caller, email string) []ratelimit.Rule {
	l := &a.cfg.Limits
	return []ratelimit.Rule{
		{Name: "code.email", Rates: l.CodePerEmail, Subject: email},
		{Name: "code.network", Rates: l.CodePerNetwork, Subject: c.Network()},
	}
}

// loginRules limit failed logins. A device that the person has used before has an
// allowance of its own and meets no other, so that strangers, even on the same network,
// cannot lock the owner out.
func (a *Auth) loginRules(c *Caller, email, device string, known bool) []ratelimit.Rule {
	l := &a.cfg.Limits
	if known {
		own := email + "\x00" + device
		return []ratelimit.Rule{{Name: "login.device", Rates: l.LoginPerDevice, Subject: own}, aloft("device", own)}
	}
	network := c.Network()
	here := email + "\x00" + network
	return []ratelimit.Rule{
		{Name: "login.email_network", Rates: l.LoginPerEmailNetwork, Subject: here},
		aloft("email_network", here),
		{Name: "login.email", Rates: l.LoginPerEmail, Subject: email},
		aloft("email", email),
		{Name: "login.network", Rates: l.LoginPerNetwork, Subject: network},
		aloft("network", network),
	}
}

// aloft tells of the logins that are under way, on any node, by what the limit before it
// counts. It is wider than any of them.
func aloft(by, subject string) ratelimit.Rule {
	return ratelimit.Rule{
		Name: "aloft." + by, Subject: subject, Pending: true, Fleeting: true,
		Rates: ratelimit.Rates{{Limit: 10_000, Per: flightWait}},
	}
}

// personRule limits the checks of second factors, all flows together.
func (a *Auth) personRule(id account.UserID) ratelimit.Rule {
	return ratelimit.Rule{Name: "2fa.person", Rates: a.cfg.Limits.TwoFAPerPerson, Subject: subject(id)}
}

// networkRule limits the second factors that fail from one network.
func (a *Auth) networkRule(c *Caller) ratelimit.Rule {
	return ratelimit.Rule{Name: "2fa.network", Rates: a.cfg.Limits.TwoFAPerNetwork, Subject: c.Network()}
}

// AdmitRequest counts a request against its network. Everything but the health check
// passes here first, and past the limit it is ErrTooManyRequests.
func (a *Auth) AdmitRequest(ctx context.Context, c *Caller) error {
	_, err := a.reserve(ctx, c, ratelimit.Rule{Name: "all.network", Rates: a.cfg.Limits.RequestsPerNetwork, Subject: c.Network(), Fleeting: true})
	return err
}

// AdmitPhoto counts a photo upload before its body is read. Past the limit it is
// ErrTooManyRequests.
func (a *Auth) AdmitPhoto(ctx context.Context, c *Caller) error {
	_, err := a.reserve(ctx, c, ratelimit.Rule{Name: "photo.person", Rates: a.cfg.Limits.PhotoPerPerson, Subject: subject(c.Identity.User.ID)})
	return err
}

// admitToken counts a request against its token.
func (a *Auth) admitToken(ctx context.Context, c *Caller, id account.SessionID) error {
	_, err := a.reserve(ctx, c, ratelimit.Rule{Name: "all.token", Rates: a.cfg.Limits.RequestsPerToken, Subject: strconv.FormatInt(int64(id), 10), Fleeting: true})
	return err
}

func subject(id account.UserID) string { return strconv.FormatInt(int64(id), 10) }

// reserve takes one event from each rule before the work is done, so that callers at
// the same time cannot share one. A refusal is ErrTooManyRequests and a
// *ratelimit.Refused, and noted for the audit trail; a cache that does not answer closes
// the door.
func (a *Auth) reserve(ctx context.Context, c *Caller, rules ...ratelimit.Rule) (*ratelimit.Ticket, error) {
	ticket, err := a.tryReserve(ctx, c, rules...)
	if err != nil && errors.Is(err, account.ErrTooManyRequests) { // to compare costs an allocation
		a.reachedBy(c, rules)
	}
	return ticket, err
}

// tryReserve is reserve for what may be tried again, and is noted by the caller.
func (a *Auth) tryReserve(ctx context.Context, c *Caller, rules ...ratelimit.Rule) (*ratelimit.Ticket, error) {
	ticket, err := a.limiter.Reserve(ctx, rules...)
	if err != nil {
		var refused *ratelimit.Refused
		if !errors.As(err, &refused) {
			return nil, a.cacheDown(ctx, err)
		}
		c.Quota = c.Quota.Tighter(refused.Quota)
		return nil, errors.Join(account.ErrTooManyRequests.After(refused.RetryAfter), refused)
	}
	c.Quota = c.Quota.Tighter(ticket.Quota())
	return ticket, nil
}

// limited does work that the rules allow. Where the server could not do it, it counts for
// nothing: the caller is told to come back, and must not be refused then. It stays counted
// where it may have been done, or where its time was over.
func (a *Auth) limited(ctx context.Context, c *Caller, rules []ratelimit.Rule, work func() error) error {
	quota := c.Quota
	ticket, err := a.reserve(ctx, c, rules...)
	if err != nil {
		return err
	}
	err = work()
	if errors.Is(err, account.ErrServiceUnavailable) && !errors.Is(err, store.ErrUncertain) && ctx.Err() == nil {
		a.release(ctx, ticket)
		c.Quota = quota
	}
	return err
}

// release gives a reservation back where the work turned out not to count. Where that
// fails the event stays counted, which is the safe side.
func (a *Auth) release(ctx context.Context, ticket *ratelimit.Ticket) {
	if err := ticket.Release(context.WithoutCancel(ctx)); err != nil {
		slog.DebugContext(ctx, "a reservation stays counted", "error", err)
	}
}

// cacheDown turns a cache that does not answer into a 503.
func (a *Auth) cacheDown(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(account.ErrServiceUnavailable.After(busyPause), err)
}
