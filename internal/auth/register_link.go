package auth

import (
	"context"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
)

// SendLink mails a magic link (contract section 6). An active person's address is
// ErrEmailAlreadyUsed, unless registration is private.
func (a *Auth) SendLink(ctx context.Context, c *Caller, in EmailInput) error {
	return a.invite(ctx, c, in.Email, a.linkInvitation(in.Email, c.Locale, false, account.ErrEmailAlreadyUsed))
}

// ResendLink mails a new link to somebody who has started to register, and to nobody
// else, with the same answer.
func (a *Auth) ResendLink(ctx context.Context, c *Caller, in EmailInput) error {
	return a.invite(ctx, c, in.Email, a.linkInvitation(in.Email, c.Locale, true, account.ErrEmailAlreadyActive))
}

func (a *Auth) linkInvitation(email string, l account.Locale, resend bool, taken account.Error) invitation {
	token := a.hex(32)
	return invitation{
		kind: account.MailRegistrationLink, ttl: a.cfg.MagicLinkTTL, resend: resend, taken: taken,
		content: account.MailContent{Link: a.linkURL(token, email, l), TTL: a.cfg.MagicLinkTTL},
		put: func(ctx context.Context, tx *store.Tx, id account.UserID, now, expires time.Time) error {
			return tx.PutLink(ctx, id, hashSecret(token), now, expires)
		},
	}
}

// RegisterByLink activates the person of a live link, spends it and logs them in. A
// link that was right once is ErrMagicLinkExpired, any other is ErrMagicLinkInvalid.
func (a *Auth) RegisterByLink(ctx context.Context, c *Caller, in LinkPasswordInput) (Issued, error) {
	digest := hashSecret(string(in.Token))
	err := a.limited(ctx, c, a.codeRules(c, in.Email), func() error { return a.checkLink(ctx, c, in.Email, digest) })
	if err != nil {
		return Issued{}, err
	}
	return a.activate(ctx, c, in.Email, in.Password, in.Device, account.ErrMagicLinkExpired, func(tx *store.Tx, now time.Time) (account.UserID, error) {
		return tx.SpendLink(ctx, digest, in.Email, now)
	})
}

// checkLink refuses every link that is not live.
func (a *Auth) checkLink(ctx context.Context, c *Caller, email string, digest []byte) error {
	state, about, err := a.store.Link(ctx, digest, email, a.now())
	if err != nil {
		return err
	}
	if state != store.LinkLive {
		return a.refuseLink(ctx, c, state, about)
	}
	return nil
}

func (a *Auth) refuseLink(ctx context.Context, c *Caller, state store.LinkState, about account.UserID) error {
	if err := a.record(ctx, a.event(c, eventCodeRefused, about, "link")); err != nil {
		return err
	}
	if state == store.LinkOver {
		return account.ErrMagicLinkExpired
	}
	return account.ErrMagicLinkInvalid
}
