package auth

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
)

// Operator is what whoever runs Flowxi may do to people. It works beside any number of
// running servers and is safe for concurrent use. What it does to a person whom there is not
// is account.ErrNotFound.
type Operator struct {
	actor   string
	store   *store.Store
	keys    *seal.KeyRing
	idleTTL time.Duration
	now     func() time.Time
}

// NewOperator returns the verbs of an operator, whom the audit trail will call actor.
func NewOperator(actor string, s *store.Store, keys *seal.KeyRing, cfg config.Config, now func() time.Time) *Operator {
	return &Operator{actor: actor, store: s, keys: keys, idleTTL: cfg.TokenIdleTTL, now: now}
}

// IdleTTL is how long a session lives unused.
func (o *Operator) IdleTTL() time.Duration { return o.idleTTL }

// ListUsers lists people by id, after one and up to a limit; an empty status means any.
func (o *Operator) ListUsers(ctx context.Context, status account.Status, after account.UserID, limit int) ([]account.User, error) {
	return o.store.Users(ctx, status, after, limit)
}

// FindUser finds a person by id, username or e-mail, with their live sessions.
// account.ErrNotFound where there is none.
func (o *Operator) FindUser(ctx context.Context, ref string) (account.User, []account.Session, error) {
	u, err := o.lookUp(ctx, strings.ToLower(strings.TrimSpace(ref)))
	if errors.Is(err, store.ErrNotFound) {
		return u, nil, account.ErrNotFound
	}
	if err != nil {
		return u, nil, err
	}
	now := o.now()
	sessions, err := o.store.Sessions(ctx, u.ID, now, now.Add(-o.idleTTL))
	return u, sessions, err
}

func (o *Operator) lookUp(ctx context.Context, ref string) (account.User, error) {
	if strings.Contains(ref, "@") {
		return o.store.UserByEmail(ctx, ref)
	}
	if id, err := strconv.ParseInt(ref, 10, 64); err == nil {
		return o.store.UserByID(ctx, account.UserID(id))
	}
	return o.store.UserByUsername(ctx, ref)
}

// Events lists what the audit trail has about a person, newest first.
func (o *Operator) Events(ctx context.Context, id account.UserID, limit int) ([]store.AuditEvent, error) {
	return o.store.AuditOf(ctx, id, limit)
}

// Block locks a person out and ends every session, from this moment and on every node.
// account.ErrNotFound where there is no such person; a closed account stays closed.
func (o *Operator) Block(ctx context.Context, id account.UserID) (account.User, error) {
	return o.setStatus(ctx, id, func(u account.User) account.Status {
		if u.Status == account.Closed {
			return account.Closed
		}
		return account.Blocked
	})
}

// Unblock lets a blocked person in again. Sessions stay ended.
func (o *Operator) Unblock(ctx context.Context, id account.UserID) (account.User, error) {
	return o.setStatus(ctx, id, func(u account.User) account.Status {
		switch {
		case u.Status != account.Blocked:
			return u.Status
		case u.PasswordHash == "":
			return account.Pending // blocked before activation
		}
		return account.Active
	})
}

// CloseAccount ends an account for good, and every session with it. One that is closed stays
// as it is.
func (o *Operator) CloseAccount(ctx context.Context, id account.UserID) (account.User, error) {
	return o.setStatus(ctx, id, func(account.User) account.Status { return account.Closed })
}

func (o *Operator) setStatus(ctx context.Context, id account.UserID, next func(account.User) account.Status) (account.User, error) {
	return o.to(ctx, id, func(tx *store.Tx, u *account.User) error {
		was := u.Status
		if u.Status = next(*u); u.Status == was {
			return nil
		}
		if err := tx.SetStatus(ctx, id, was, u.Status, o.now()); err != nil {
			return err
		}
		if u.Status.Locked() {
			if _, err := tx.RevokeAll(ctx, id, o.now()); err != nil {
				return err
			}
		}
		return tx.Audit(ctx, o.event(eventStatusChanged, id, string(was)+" to "+string(u.Status)))
	})
}

// to does something to a person in a transaction, and returns the person as do has left
// them. account.ErrNotFound where there is no such person.
func (o *Operator) to(ctx context.Context, id account.UserID, do func(*store.Tx, *account.User) error) (u account.User, err error) {
	err = o.store.Tx(ctx, func(tx *store.Tx) error {
		if u, err = tx.UserByID(ctx, id); err != nil {
			return err
		}
		return do(tx, &u)
	})
	if errors.Is(err, store.ErrNotFound) {
		err = account.ErrNotFound
	}
	return u, err
}

// LogoutAll ends every session of a person, whatever the state of the account.
func (o *Operator) LogoutAll(ctx context.Context, id account.UserID) (account.User, error) {
	return o.to(ctx, id, func(tx *store.Tx, u *account.User) error {
		n, err := tx.RevokeAll(ctx, id, o.now())
		if err != nil {
			return err
		}
		return tx.Audit(ctx, o.event(eventOperatorLogout, id, strconv.FormatInt(n, 10)+" sessions"))
	})
}

// ErrNotActive says that something is for active people alone.
var ErrNotActive = errors.New("this person is not active")

// ResetTwoFA takes away the second factor of an active person who has lost it, and ends
// every session: a thief may have put it there. ErrTwoFANotEnabled where there is none,
// ErrNotActive where the person cannot log in anyway.
func (o *Operator) ResetTwoFA(ctx context.Context, id account.UserID) (account.User, error) {
	return o.to(ctx, id, func(tx *store.Tx, u *account.User) error {
		if u.Status != account.Active {
			return ErrNotActive
		}
		off, err := tx.DisableTOTP(ctx, id, u.TOTP.EnabledAt, o.now())
		if err != nil {
			return err
		}
		if !off {
			return account.ErrTwoFANotEnabled
		}
		if _, err := tx.RevokeAll(ctx, id, o.now()); err != nil {
			return err
		}
		u.TOTP = account.TOTP{}
		return tx.Audit(ctx, o.event(eventOperatorReset, id, ""))
	})
}

// Deed is what an operator did beside the database, such as to the key ring. It is not in
// one transaction with its event.
type Deed string

// The deeds.
const (
	KeyAdded   Deed = "operator.key_added"
	KeyRetired Deed = "operator.key_retired"
	BackedUp   Deed = "operator.backed_up"
	Restored   Deed = "operator.restored"
	Moved      Deed = "operator.moved"
)

// Record writes a deed to the audit trail.
func (o *Operator) Record(ctx context.Context, deed Deed, detail string) error {
	return o.store.Tx(ctx, func(tx *store.Tx) error { return tx.Audit(ctx, o.event(string(deed), 0, detail)) })
}

func (o *Operator) event(action string, about account.UserID, detail string) store.AuditEvent {
	return store.AuditEvent{At: o.now(), Action: action, Actor: o.actor, UserID: about, Detail: detail}
}
