package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
	"flowxi.app/flowxi/internal/trace"
)

// invitation is a code or a link on its way to somebody who wants to register.
type invitation struct {
	kind   account.MailKind
	ttl    time.Duration
	resend bool          // only to a person who is there already
	taken  account.Error // what an active person's address is answered with

	content account.MailContent
	put     func(ctx context.Context, tx *store.Tx, id account.UserID, now, expires time.Time) error
}

// rows are those that a request for it writes, whoever it is for: at most the person, what
// completes the person, the preferences, the code or link, the mail and the event. A
// resend makes nobody, but may drop a link.
func (inv invitation) rows() int64 {
	if inv.resend {
		return 4
	}
	return 6
}

// invite answers every request for a code or link (contract sections 4 to 6). Whoever
// the address belongs to, the same limits are met and the same statements are run in the
// same order: where nobody may be written to they change nothing but padding, and the
// mail is born expired, so that the outbox drops it.
func (a *Auth) invite(ctx context.Context, c *Caller, email string, inv invitation) error {
	inv.content.Origin, inv.content.Asker = trace.Origin(ctx), askerOf(c)
	err := a.limited(ctx, c, a.mailRules(c, email), func() error { return a.putInvitation(ctx, c, email, inv) })
	if err == nil {
		a.wakeMail()
	}
	return err
}

// putInvitation rests on the row of the person, which a request that may make one writes
// where it is pending. A resend only reads it: an activation meanwhile would leave what it
// puts.
func (a *Auth) putInvitation(ctx context.Context, c *Caller, email string, inv invitation) error {
	taken := false
	run := a.store.RowTx
	if inv.resend {
		run = a.store.Tx
	}
	err := run(ctx, func(tx *store.Tx) error {
		now := a.now()
		u, err := a.invitee(ctx, tx, email, c.Locale, inv.resend, now)
		if err != nil {
			return err
		}
		mail := account.Mail{
			ID: a.hex(16), Kind: inv.kind, To: email, Locale: c.Locale,
			CreatedAt: now, ExpiresAt: now, // born expired
		}
		if taken = u.Status == account.Active && !a.cfg.StrictPrivacy(); taken {
			return tx.Audit(ctx, a.event(c, eventNotInvited, u.ID, string(mail.Kind)))
		}
		switch u.Status {
		case account.Active:
			mail.Kind, mail.ExpiresAt = account.MailAlreadyRegistered, now.Add(inv.ttl)
		case account.Pending:
			mail.ExpiresAt = now.Add(inv.ttl)
		case account.Blocked, account.Closed: // nobody, as far as a stranger can tell
		}
		if err := inv.put(ctx, tx, u.ID, now, mail.ExpiresAt); err != nil {
			return err
		}
		if mail.Sealed, err = a.sealMail(mail, inv.content); err != nil {
			return err
		}
		if err := tx.PutMail(ctx, mail); err != nil {
			return err
		}
		if err := tx.Audit(ctx, a.event(c, eventInvited, u.ID, string(mail.Kind))); err != nil {
			return err
		}
		return tx.Pad(ctx, inv.rows(), store.LikeInserts, now)
	})
	if err == nil && taken {
		err = inv.taken
	}
	return err
}

// invitee is the person of an address: made where there is none, except on a resend,
// which makes nobody. The zero user stands for nobody.
func (a *Auth) invitee(ctx context.Context, tx *store.Tx, email string, locale account.Locale, resend bool, now time.Time) (account.User, error) {
	if !resend {
		return tx.EnsureApplicant(ctx, email, locale, now)
	}
	u, err := tx.UserByEmail(ctx, email)
	if errors.Is(err, store.ErrNotFound) {
		return account.User{}, nil
	}
	return u, err
}

// sealMail closes what a mail says, all but the fact that it is a mail.
func (a *Auth) sealMail(m account.Mail, content account.MailContent) ([]byte, error) {
	if m.Kind == account.MailAlreadyRegistered {
		content = account.MailContent{Asker: content.Asker, Origin: content.Origin}
	}
	plain, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("encode mail: %w", err)
	}
	return a.keys.Seal(plain, m.SealContext()), nil
}

// Issued is a new token and whose it is.
type Issued struct {
	Token  account.Secret
	UserID account.UserID
	Status account.Status
}

// activate turns the person of an address whose code or link spend takes into an active one, in one
// transaction, and opens their first session (contract section 4). gone is the answer
// where somebody else was faster.
func (a *Auth) activate(ctx context.Context, c *Caller, email string, plain account.Secret, device account.Device, gone account.Error,
	spend func(tx *store.Tx, now time.Time) (account.UserID, error),
) (issued Issued, err error) {
	hash, err := a.hasher.Hash(ctx, string(plain))
	if err := hashed(err); err != nil {
		return Issued{}, err
	}
	// The language of this request replaces that of who asked for the code or the link, who may
	// have been a stranger. Our own page opens in that of the mail, which the person then has
	// before them, and can change.
	var locale account.Locale
	if c.Explicit {
		locale = c.Locale
	}
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		now := a.now()
		var id account.UserID
		err := tx.HoldPending(ctx, email, now)
		if err == nil {
			id, err = spend(tx, now)
		}
		if errors.Is(err, store.ErrNotFound) {
			return gone
		}
		if err != nil {
			return err
		}
		u, err := tx.Activate(ctx, id, store.Activation{PasswordHash: account.Secret(hash), Locale: locale, At: now})
		if err != nil {
			return err
		}
		if err := tx.Audit(ctx, a.event(c, eventActivated, u.ID, "")); err != nil {
			return err
		}
		issued, err = a.openSession(ctx, tx, c, u, device)
		return err
	})
	return issued, err
}

// linkURL is the address that a link mail leads to, from the template of the settings
// and never from the request. Where the template asks for it, the page opens in the
// language of the mail, whatever browser it is opened in.
func (a *Auth) linkURL(token, email string, l account.Locale) string {
	values := strings.NewReplacer("{token}", url.QueryEscape(token), "{email}", url.QueryEscape(email), "{lang}", url.QueryEscape(string(l)))
	return values.Replace(a.cfg.MagicLinkURL)
}
