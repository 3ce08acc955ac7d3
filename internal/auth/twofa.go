package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
	"flowxi.app/flowxi/internal/totp"
)

// Issuer is the name that an authenticator shows.
const Issuer = "Flowxi"

// TwoFAStatus is whether the second factor is on and, where it is not, what an
// authenticator needs to turn it on.
type TwoFAStatus struct {
	Enabled   bool
	Email     string
	Issuer    string
	Secret    account.Secret // empty where enabled
	URI       account.Secret // otpauth://…, empty where enabled
	ExpiresIn time.Duration  // what is left of the pending secret
}

// TwoFAStatus tells the state of the caller's second factor (contract section 9). A
// pending secret lives in the cache only and is made once while it is valid.
func (a *Auth) TwoFAStatus(ctx context.Context, c *Caller) (TwoFAStatus, error) {
	u, err := a.store.UserByID(ctx, c.Identity.User.ID)
	if err != nil {
		return TwoFAStatus{}, err
	}
	status := TwoFAStatus{Enabled: u.TOTP.Enabled(), Email: u.Email, Issuer: Issuer}
	if status.Enabled {
		return status, nil
	}
	secret, left, err := a.ensurePending(ctx, u)
	if err != nil {
		return TwoFAStatus{}, err
	}
	status.Secret, status.ExpiresIn = account.Secret(secret), left
	status.URI = account.Secret(totp.URI(Issuer, u.Email, secret))
	return status, nil
}

// pendingKey is another after a session was ended: a thief who had its token may know the
// secret that was pending, and would share the factor that the owner turns on.
func pendingKey(u account.User) string {
	return fmt.Sprintf("enroll:%d:%d", u.ID, u.DevicesRevoked.UnixMicro())
}

// pendingSecret reads the secret that a person is about to confirm, or cache.ErrMiss.
func (a *Auth) pendingSecret(ctx context.Context, u account.User) (string, time.Duration, error) {
	key := pendingKey(u)
	sealed, left, err := a.cache.Get(ctx, key)
	if errors.Is(err, cache.ErrMiss) {
		return "", 0, err
	}
	if err != nil {
		return "", 0, a.cacheDown(ctx, err)
	}
	secret, err := a.keys.Open(sealed, key)
	if err != nil { // its key was retired: make another
		return "", 0, errors.Join(cache.ErrMiss, a.cache.Delete(ctx, key))
	}
	return string(secret), left, nil
}

// ensurePending reads the pending secret, made where there is none. Of callers at the
// same time one makes it, and the others get the same.
func (a *Auth) ensurePending(ctx context.Context, u account.User) (string, time.Duration, error) {
	for range 3 { // it may expire between one step and the next
		secret, left, err := a.pendingSecret(ctx, u)
		if !errors.Is(err, cache.ErrMiss) {
			return secret, left, err
		}
		key, secret := pendingKey(u), a.chance.TOTPSecret()
		added, err := a.cache.Add(ctx, key, a.keys.Seal([]byte(secret), key), a.cfg.EnrollTTL)
		if err != nil {
			return "", 0, a.cacheDown(ctx, err)
		}
		if added {
			return secret, a.cfg.EnrollTTL, nil
		}
	}
	return "", 0, account.ErrServiceUnavailable.After(busyPause)
}

// EnableTwoFA turns the second factor on with a code of the pending secret. A wrong code is
// ErrTwoFAInvalidCode, no pending secret ErrTwoFAEnrollmentExpired, and a second factor that
// is on already ErrTwoFAAlreadyEnabled.
func (a *Auth) EnableTwoFA(ctx context.Context, c *Caller, in TOTPInput) error {
	u, err := a.store.UserByID(ctx, c.Identity.User.ID)
	if err != nil {
		return err
	}
	if u.TOTP.Enabled() {
		return account.ErrTwoFAAlreadyEnabled
	}
	secret, _, err := a.pendingSecret(ctx, u)
	if errors.Is(err, cache.ErrMiss) {
		return a.notPending(ctx, u.ID)
	}
	if err != nil {
		return err
	}
	step, err := a.matchSecret(ctx, c, u.ID, secret, in.Code)
	if err != nil {
		return err
	}
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		if _, err := a.stillThere(ctx, tx, c); err != nil {
			return err
		}
		now, err := tx.UserByID(ctx, u.ID)
		if err != nil {
			return err
		}
		if pendingKey(now) != pendingKey(u) {
			return account.ErrTwoFAEnrollmentExpired
		}
		enabled, err := tx.EnableTOTP(ctx, u.ID, a.keys.Seal([]byte(secret), totpContext(u.ID)), a.now())
		if err != nil {
			return err
		}
		if !enabled {
			return account.ErrTwoFAAlreadyEnabled
		}
		if err := a.useStep(ctx, tx, u.ID, step); err != nil {
			return err
		}
		return tx.Audit(ctx, a.event(c, eventTwoFAEnabled, u.ID, ""))
	})
	if err := a.orReplayed(ctx, c, u.ID, err); err != nil {
		return err
	}
	// It is on. A pending secret that cannot be cleared now expires by itself, and until
	// then nothing reads it.
	_ = a.cache.Delete(ctx, pendingKey(u))
	return nil
}

// notPending says why there is no pending secret: whoever lost a race to turn the second
// factor on finds it on.
func (a *Auth) notPending(ctx context.Context, id account.UserID) error {
	u, err := a.store.UserByID(ctx, id)
	switch {
	case err != nil:
		return err
	case u.TOTP.Enabled():
		return account.ErrTwoFAAlreadyEnabled
	}
	return account.ErrTwoFAEnrollmentExpired
}

// DisableTwoFA turns the second factor off with a code of the stored secret. A code that is
// wrong or was used before is ErrTwoFAInvalidCode; where the second factor is off, it is
// ErrTwoFANotEnabled.
func (a *Auth) DisableTwoFA(ctx context.Context, c *Caller, in TOTPInput) error {
	return a.prove(ctx, c, in.Code, eventTwoFADisabled, func(tx *store.Tx, u account.User) error {
		disabled, err := tx.DisableTOTP(ctx, u.ID, u.TOTP.EnabledAt, a.now())
		if err == nil && !disabled {
			err = account.ErrTwoFANotEnabled
		}
		return err
	})
}

// StepUp proves the second factor again for the caller's session and issues no token. Its
// errors are those of DisableTwoFA.
func (a *Auth) StepUp(ctx context.Context, c *Caller, in TOTPInput) error {
	return a.prove(ctx, c, in.Code, eventSteppedUp, func(tx *store.Tx, _ account.User) error {
		return tx.StepUp(ctx, c.Identity.Session.ID, a.now())
	})
}

// stillThere reads the caller's person again, in the transaction that acts for them. A
// session that has ended meanwhile, or a person who was locked out, acts no more.
func (a *Auth) stillThere(ctx context.Context, tx *store.Tx, c *Caller) (account.User, error) {
	who, _, err := tx.Identity(ctx, c.Identity.Session.ID)
	if errors.Is(err, store.ErrNotFound) {
		err = account.ErrUnauthenticated
	}
	return who.User, err
}

// prove checks a code of the caller's stored secret, uses its time step and does then,
// all in one transaction.
func (a *Auth) prove(ctx context.Context, c *Caller, code account.Secret, action string, then func(*store.Tx, account.User) error) error {
	u, err := a.store.UserByID(ctx, c.Identity.User.ID)
	if err != nil {
		return err
	}
	if !u.TOTP.Enabled() {
		return account.ErrTwoFANotEnabled
	}
	step, err := a.matchCode(ctx, c, u, code)
	if err != nil {
		return err
	}
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		now, err := a.stillThere(ctx, tx, c)
		if err != nil {
			return err
		}
		if !now.TOTP.EnabledAt.Equal(u.TOTP.EnabledAt) {
			return account.ErrTwoFANotEnabled
		}
		if err := a.useStep(ctx, tx, u.ID, step); err != nil {
			return err
		}
		if err := then(tx, u); err != nil {
			return err
		}
		return tx.Audit(ctx, a.event(c, action, u.ID, ""))
	})
	return a.orReplayed(ctx, c, u.ID, err)
}

// matchCode finds the time step of a code of a person's stored secret. Where that is sealed
// under a key that the ring has not, which is new or was lost, no code is right or wrong.
func (a *Auth) matchCode(ctx context.Context, c *Caller, u account.User, code account.Secret) (int64, error) {
	secret, err := a.keys.Open(u.TOTP.Sealed, totpContext(u.ID))
	if errors.Is(err, seal.ErrUnknownKey) {
		err = errors.Join(account.ErrServiceUnavailable.After(busyPause), err)
	}
	if err != nil {
		return 0, fmt.Errorf("open second factor of user %d: %w", u.ID, err)
	}
	return a.matchSecret(ctx, c, u.ID, string(secret), code)
}

// matchSecret finds the time step of a code. Every check counts against the person, a
// wrong one against the network too.
func (a *Auth) matchSecret(ctx context.Context, c *Caller, id account.UserID, secret string, code account.Secret) (int64, error) {
	network, err := a.reserve(ctx, c, a.networkRule(c))
	if err != nil {
		return 0, err
	}
	if _, err := a.reserve(ctx, c, a.personRule(id)); err != nil {
		a.release(ctx, network)
		return 0, err
	}
	step, ok := totp.Match(secret, string(code), a.now())
	if !ok {
		if err := a.record(ctx, a.event(c, eventCodeWrong, id, "")); err != nil {
			return 0, err
		}
		return 0, account.ErrTwoFAInvalidCode
	}
	a.release(ctx, network)
	return step, nil
}

// useStep takes a time step, or says that the code is of no use: used before, in
// whatever flow (RFC 6238 section 5.2).
func (a *Auth) useStep(ctx context.Context, tx *store.Tx, id account.UserID, step int64) error {
	fresh, err := tx.UseStep(ctx, id, step)
	if err == nil && !fresh {
		err = account.ErrTwoFAInvalidCode
	}
	return err
}

// orReplayed records a code that was right and had been used. The transaction that found
// out is undone.
func (a *Auth) orReplayed(ctx context.Context, c *Caller, id account.UserID, err error) error {
	if !errors.Is(err, account.ErrTwoFAInvalidCode) {
		return err
	}
	if err := a.record(ctx, a.event(c, eventCodeWrong, id, "used before")); err != nil {
		return err
	}
	return err
}

// totpContext binds a sealed secret to its person.
func totpContext(id account.UserID) string { return fmt.Sprintf("totp:%d", id) }
