package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
)

// knownDevices is how many devices of a person are remembered at least: more than may be
// logged in at once, so that one which was logged out is no stranger.
const knownDevices = 200

// openSession issues a token to a person on a device, in the caller's transaction, which
// has written the person's row, so that no other opens or revokes a session of theirs
// meanwhile. The token that the device had is revoked by the same stroke, and past the limit
// of devices the one that was used longest ago is logged out (contract section 7).
func (a *Auth) openSession(ctx context.Context, tx *store.Tx, c *Caller, u account.User, device account.Device) (Issued, error) {
	now, secret := a.now(), newSecret(a.chance, a.tokenPrefix())
	id, replaced, err := tx.PutSession(ctx, account.Session{
		UserID: u.ID, Device: device, IP: c.IP.String(),
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(a.cfg.TokenTTL),
	}, hashSecret(secret))
	if err != nil {
		return Issued{}, err
	}
	if device.Known() {
		if err := tx.RememberDevice(ctx, u.ID, hashDevice(device.ID), now, max(knownDevices, 2*a.cfg.Limits.DevicesPerPerson)); err != nil {
			return Issued{}, err
		}
	}
	if device.Known() && !replaced { // in place of another it makes them no more
		if err := a.trimDevices(ctx, tx, c, u.ID, id); err != nil {
			return Issued{}, err
		}
	}
	e := a.eventOn(c, device.ID, eventLogin, u.ID, factors(u, device))
	e.SessionID = id
	if err := tx.Audit(ctx, e); err != nil {
		return Issued{}, err
	}
	return Issued{Token: formatToken(id, secret), UserID: u.ID, Status: u.Status}, nil
}

// factors is the detail of a login. Our words come first, since the type of the device is
// the caller's.
func factors(u account.User, device account.Device) string {
	detail := "one factor"
	if u.TOTP.Enabled() { // no session is opened without it
		detail = "two factors"
	}
	if device.Type != "" {
		detail += ": " + device.Type
	}
	return detail
}

// trimDevices holds a person to the limit of devices; the newest one always stays,
// whatever the clock says.
func (a *Auth) trimDevices(ctx context.Context, tx *store.Tx, c *Caller, id account.UserID, newest account.SessionID) error {
	n, err := tx.CountDevices(ctx, id)
	if err != nil || n <= a.cfg.Limits.DevicesPerPerson {
		return err
	}
	// Which one is unused longest is not decided by what has not been flushed yet.
	if err := tx.Touch(ctx, a.lastUse.of(id)); err != nil {
		return err
	}
	trimmed, err := tx.TrimDevices(ctx, id, newest, a.cfg.Limits.DevicesPerPerson)
	if err != nil || trimmed == 0 {
		return err
	}
	return tx.Audit(ctx, a.event(c, eventTrimmed, id, strconv.FormatInt(trimmed, 10)+" sessions"))
}

// Authenticate finds out who holds a token and counts the request against it. A token
// that is malformed, unknown, revoked, expired, of the other environment or of a person
// who is not active is one and the same ErrUnauthenticated. It reads one row by primary
// key and writes nothing.
func (a *Auth) Authenticate(ctx context.Context, c *Caller, token string) error {
	id, secret, ok := parseToken(token, a.tokenPrefix())
	if !ok {
		return account.ErrUnauthenticated
	}
	used := a.lastUse.at(id) // before the row is read: a flush in between would leave it in neither
	who, hash, err := a.store.Identity(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return account.ErrUnauthenticated
	}
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(hash, hashSecret(secret)) != 1 {
		return account.ErrUnauthenticated
	}
	now := a.now()
	if used.After(who.Session.LastUsedAt) {
		who.Session.LastUsedAt = used
	}
	if !now.Before(who.Session.Expires(a.cfg.TokenIdleTTL)) {
		return account.ErrUnauthenticated
	}
	if err := a.admitToken(ctx, c, id); err != nil {
		return err
	}
	a.lastUse.note(id, who.User.ID, now)
	who.Session.LastUsedAt = now
	c.Identity = &who
	return nil
}

// Logout revokes the caller's token and no other.
func (a *Auth) Logout(ctx context.Context, c *Caller) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		gone, err := tx.Revoke(ctx, c.Identity.User.ID, c.Identity.Session.ID, a.now())
		if err != nil {
			return err
		}
		if !gone {
			return account.ErrUnauthenticated
		}
		return tx.Audit(ctx, a.event(c, eventLogout, c.Identity.User.ID, ""))
	})
}

// lastUse keeps in memory when tokens were last used, so that reading a session writes
// nothing. It is flushed in batches; a crash loses a minute of it at most (flushEvery).
type lastUse struct {
	mu   sync.Mutex
	uses map[account.SessionID]use
}

type use struct {
	user account.UserID
	at   time.Time
}

func newLastUse() *lastUse { return &lastUse{uses: make(map[account.SessionID]use)} }

func (l *lastUse) note(id account.SessionID, user account.UserID, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.uses[id].at.Before(at) {
		l.uses[id] = use{user, at}
	}
}

// at returns when a token was last used, the zero time where that is flushed.
func (l *lastUse) at(id account.SessionID) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.uses[id].at
}

// tell has a session that was read know of a use that is not flushed yet.
func (l *lastUse) tell(s *account.Session) {
	if used := l.at(s.ID); used.After(s.LastUsedAt) {
		s.LastUsedAt = used
	}
}

// of returns what is not flushed of one person.
func (l *lastUse) of(user account.UserID) map[account.SessionID]time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	mine := make(map[account.SessionID]time.Time)
	for id, u := range l.uses {
		if u.user == user {
			mine[id] = u.at
		}
	}
	return mine
}

// all returns what is not flushed.
func (l *lastUse) all() map[account.SessionID]time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make(map[account.SessionID]time.Time, len(l.uses))
	for id, u := range l.uses {
		all[id] = u.at
	}
	return all
}

// flushed forgets uses that are in the database now, unless there was a later one.
func (l *lastUse) flushed(done map[account.SessionID]time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, at := range done {
		if !l.uses[id].at.After(at) {
			delete(l.uses, id)
		}
	}
}

// flushBatch bounds the transaction of one flush.
const flushBatch = 500

// FlushLastUse writes the uses of tokens that are only in memory to the database: those
// of the moment when it begins, each once, however many come meanwhile.
func (a *Auth) FlushLastUse(ctx context.Context) error {
	return a.lastUse.flush(ctx, a.store.NoteUses)
}

// flush writes in batches. One that fails does not keep the others from being written.
func (l *lastUse) flush(ctx context.Context, write func(context.Context, map[account.SessionID]time.Time) error) error {
	var failed error
	all := l.all()
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(all)), flushBatch) {
		some := make(map[account.SessionID]time.Time, len(ids))
		for _, id := range ids {
			some[id] = all[id]
		}
		err := write(ctx, some)
		if err == nil {
			l.flushed(some)
		}
		failed = errors.Join(failed, err)
		if err != nil && ctx.Err() != nil {
			break
		}
	}
	return failed
}
