package auth

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/password"
	"flowxi.app/flowxi/internal/store"
)

// LoginResult is a token, or a challenge for the second factor.
type LoginResult struct {
	Issued    Issued         // the zero one where there is a challenge
	Challenge account.Secret // empty where no second factor is needed
	ExpiresIn time.Duration  // of the challenge
}

// Login is step 1 of a login, and the whole of it for a person without a second factor
// (contract section 7). An unknown address, a wrong password and an account that is not
// active are ErrInvalidCredentials, after the same work.
func (a *Auth) Login(ctx context.Context, c *Caller, in LoginInput) (LoginResult, error) {
	who, err := a.store.Applicant(ctx, in.Email, hashDevice(in.Device.ID))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return LoginResult{}, err
	}
	active := who.User.Status == account.Active
	ticket, err := a.reserveLogin(ctx, c, in.Email, in.Device.ID, active && who.KnownDevice)
	if err != nil {
		return LoginResult{}, err
	}
	defer ticket.land()
	ok, stale, err := a.verifyPassword(ctx, who, in.Password)
	if err != nil {
		a.release(ctx, ticket.Ticket)
		return LoginResult{}, err
	}
	if !ok {
		ticket.land()
		return LoginResult{}, a.refuseLogin(ctx, c, in.Device.ID, who.User.ID)
	}
	a.release(ctx, ticket.Ticket) // what is limited is failures
	ticket.land()
	if stale {
		if err := a.tryRehash(ctx, who.User, in.Password); err != nil {
			return LoginResult{}, err
		}
	}
	result, err := a.finishLogin(ctx, c, who.User, in.Device)
	if errors.Is(err, account.ErrInvalidCredentials) {
		err = a.refuseLogin(ctx, c, in.Device.ID, who.User.ID)
	}
	return result, err
}

// finishLogin opens a session for somebody whose password was right, or asks them for the
// second factor. To look at a password takes its time: what has become of the person
// meanwhile holds for this login, as it would for one that began now.
func (a *Auth) finishLogin(ctx context.Context, c *Caller, u account.User, device account.Device) (result LoginResult, err error) {
	since := u.Grounds()
	if u.TOTP.Enabled() {
		if u, err = unchanged(ctx, a.store.UserByID, u.ID, since.PasswordHolds, account.ErrInvalidCredentials); err != nil {
			return LoginResult{}, err
		}
	}
	if !u.TOTP.Enabled() {
		id := u.ID
		err = a.store.RowTx(ctx, func(tx *store.Tx) (err error) {
			u, err = unchanged(ctx, tx.HoldUser, id, since.PasswordHolds, account.ErrInvalidCredentials)
			if err != nil || u.TOTP.Enabled() {
				return err
			}
			result.Issued, err = a.openSession(ctx, tx, c, u, device)
			return err
		})
	}
	switch {
	case err != nil:
		return LoginResult{}, err
	case u.TOTP.Enabled():
		return a.challenge(ctx, c, u, device)
	}
	return result, nil
}

// verifyPassword checks the password of an active person. For anybody else it does the
// same work and says no. In a storm of logins a known device goes before strangers.
func (a *Auth) verifyPassword(ctx context.Context, who store.Applicant, plain account.Secret) (ok, stale bool, err error) {
	if who.User.Status != account.Active {
		return false, false, hashed(a.hasher.VerifyNobody(ctx, string(plain)))
	}
	turn := password.InTurn
	if who.KnownDevice {
		turn = password.First
	}
	ok, stale, err = a.hasher.Verify(ctx, turn, string(who.User.PasswordHash), string(plain))
	return ok, stale, hashed(err)
}

// tryRehash is rehash where it can be had now. It is not what the person came for, and
// the next login tries again: no more than the end of ctx is an error.
func (a *Auth) tryRehash(ctx context.Context, u account.User, plain account.Secret) error {
	if err := a.rehash(ctx, u, plain); err != nil {
		slog.InfoContext(ctx, "a password keeps its older hash", "user", u.ID, "error", err)
	}
	return ctx.Err()
}

// rehash stores the password of a person anew, whose hash is of an older kind.
func (a *Auth) rehash(ctx context.Context, u account.User, plain account.Secret) error {
	hash, err := a.hasher.Hash(ctx, string(plain))
	if err != nil {
		return hashed(err)
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error { return tx.Rehash(ctx, u.ID, u.PasswordHash, account.Secret(hash)) })
}

func (a *Auth) refuseLogin(ctx context.Context, c *Caller, device string, about account.UserID) error {
	if err := a.record(ctx, a.eventOn(c, device, eventLoginRefused, about, "")); err != nil {
		return err
	}
	return account.ErrInvalidCredentials
}

// unchanged reads a person again and refuses by that error where what the login rests on
// does not hold any more.
func unchanged(
	ctx context.Context, read func(context.Context, account.UserID) (account.User, error), id account.UserID, holds func(account.User) bool, refusal error,
) (account.User, error) {
	u, err := read(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !holds(u) {
		return u, refusal
	}
	return u, err
}
