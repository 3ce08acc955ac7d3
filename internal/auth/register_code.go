package auth

import (
	"context"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
)

// SendCode mails a registration code (contract section 5). An active person's address
// is ErrEmailAlreadyUsed, unless registration is private.
func (a *Auth) SendCode(ctx context.Context, c *Caller, in EmailInput) error {
	return a.invite(ctx, c, in.Email, a.codeInvitation(in.Email, false, account.ErrEmailAlreadyUsed))
}

// ResendCode mails a new code to somebody who has started to register, and to nobody
// else, with the same answer.
func (a *Auth) ResendCode(ctx context.Context, c *Caller, in EmailInput) error {
	return a.invite(ctx, c, in.Email, a.codeInvitation(in.Email, true, account.ErrEmailAlreadyActive))
}

func (a *Auth) codeInvitation(email string, resend bool, taken account.Error) invitation {
	code := a.chance.Code()
	digest := a.keys.Digest(codePurpose, email, code)
	return invitation{
		kind: account.MailRegistrationCode, ttl: a.cfg.OTPTTL, resend: resend, taken: taken,
		content: account.MailContent{Code: code, TTL: a.cfg.OTPTTL},
		put: func(ctx context.Context, tx *store.Tx, id account.UserID, now, expires time.Time) error {
			return tx.PutCode(ctx, id, digest, now, expires)
		},
	}
}

// codePurpose keys the digests of codes: six digits could be tried out offline.
const codePurpose = "registration code"

// VerifyCode tells whether a code is right. It neither spends it nor activates anybody, but
// a wrong one counts, and too many end the code. One that was right and is too old is
// ErrOTPExpired, any other is ErrOTPInvalid.
func (a *Auth) VerifyCode(ctx context.Context, c *Caller, in CodeCheckInput) error {
	return a.checkCode(ctx, c, in.Email, in.Code)
}

// RegisterByCode activates the person of a right code, spends it and logs them in. Its
// errors are those of VerifyCode.
func (a *Auth) RegisterByCode(ctx context.Context, c *Caller, in CodePasswordInput) (Issued, error) {
	// The check counts a wrong try in a transaction of its own, which stays counted
	// whatever becomes of the activation.
	if err := a.checkCode(ctx, c, in.Email, in.Code); err != nil {
		return Issued{}, err
	}
	return a.activate(ctx, c, in.Email, in.Password, in.Device, account.ErrOTPInvalid, func(tx *store.Tx, now time.Time) (account.UserID, error) {
		return tx.SpendCode(ctx, in.Email, a.codeDigests(in.Email, in.Code), a.cfg.Limits.CodeTries, now)
	})
}

func (a *Auth) codeDigests(email string, code account.Secret) [][]byte {
	return a.keys.Digests(codePurpose, email, string(code))
}

// checkCode compares a code and counts a wrong try.
func (a *Auth) checkCode(ctx context.Context, c *Caller, email string, code account.Secret) error {
	outcome := store.CodeWrong
	err := a.limited(ctx, c, a.codeRules(c, email), func() (err error) {
		outcome, err = a.compareCode(ctx, c, email, code)
		return err
	})
	switch {
	case err != nil:
		return err
	case outcome == store.CodeExpired:
		return account.ErrOTPExpired
	case outcome == store.CodeWrong:
		return account.ErrOTPInvalid
	}
	return nil
}

// checkRows are written by every check of a code: its counter and the event.
const checkRows = 2

// compareCode runs the same statements for an unknown address as for a known one, and
// writes as many rows.
func (a *Auth) compareCode(ctx context.Context, c *Caller, email string, code account.Secret) (outcome store.CodeCheck, err error) {
	err = a.store.Tx(ctx, func(tx *store.Tx) (err error) {
		var about account.UserID
		if outcome, about, err = tx.CheckCode(ctx, email, a.codeDigests(email, code), a.cfg.Limits.CodeTries, a.now()); err != nil {
			return err
		}
		action := eventCodeRefused
		if outcome == store.CodeRight {
			action = eventCodeVerified
		}
		if err := tx.Audit(ctx, a.event(c, action, about, "")); err != nil {
			return err
		}
		return tx.Pad(ctx, checkRows, store.LikeUpdates, a.now())
	})
	return outcome, err
}
