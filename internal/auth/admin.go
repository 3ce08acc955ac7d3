package auth

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
)

// ListUsers lists people by id, after one and up to a limit; an empty status means any.
func (a *Auth) ListUsers(ctx context.Context, status account.Status, after account.UserID, limit int) ([]account.User, error) {
	return a.store.Users(ctx, status, after, limit)
}

// FindUser finds a person by id, username or e-mail, with their live sessions.
// account.ErrNotFound where there is none.
func (a *Auth) FindUser(ctx context.Context, ref string) (account.User, []account.Session, error) {
	u, err := a.lookUp(ctx, strings.ToLower(strings.TrimSpace(ref)))
	if errors.Is(err, store.ErrNotFound) {
		return u, nil, account.ErrNotFound
	}
	if err != nil {
		return u, nil, err
	}
	now := a.now()
	sessions, err := a.store.Sessions(ctx, u.ID, now, now.Add(-a.cfg.TokenIdleTTL))
	return u, sessions, err
}

func (a *Auth) lookUp(ctx context.Context, ref string) (account.User, error) {
	if strings.Contains(ref, "@") {
		return a.store.UserByEmail(ctx, ref)
	}
	if id, err := strconv.ParseInt(ref, 10, 64); err == nil {
		return a.store.UserByID(ctx, account.UserID(id))
	}
	return a.store.UserByUsername(ctx, ref)
}

// AuditOf lists the newest events about a person, newest first.
func (a *Auth) AuditOf(ctx context.Context, id account.UserID, limit int) ([]store.AuditEvent, error) {
	return a.store.AuditOf(ctx, id, limit)
}

// Block locks a person out and ends every session, from this moment and on every node.
// account.ErrNotFound where there is no such person; a closed account stays closed.
func (a *Auth) Block(ctx context.Context, actor string, id account.UserID) (account.User, error) {
	return a.setStatus(ctx, actor, id, func(u account.User) account.Status {
		if u.Status == account.Closed {
			return account.Closed
		}
		return account.Blocked
	})
}

// Unblock lets a blocked person in again. Sessions stay ended.
func (a *Auth) Unblock(ctx context.Context, actor string, id account.UserID) (account.User, error) {
	return a.setStatus(ctx, actor, id, func(u account.User) account.Status {
		switch {
		case u.Status != account.Blocked:
			return u.Status
		case u.PasswordHash == "":
			return account.Pending // blocked before activation
		}
		return account.Active
	})
}

// CloseAccount ends an account for good, and every session with it.
func (a *Auth) CloseAccount(ctx context.Context, actor string, id account.UserID) (account.User, error) {
	return a.setStatus(ctx, actor, id, func(account.User) account.Status { return account.Closed })
}

func (a *Auth) setStatus(ctx context.Context, actor string, id account.UserID, next func(account.User) account.Status) (u account.User, err error) {
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		if u, err = tx.UserByID(ctx, id); err != nil {
			return err
		}
		was := u.Status
		if u.Status = next(u); u.Status == was {
			return nil
		}
		if _, err := tx.SetStatus(ctx, id, was, u.Status, a.now()); err != nil {
			return err
		}
		if u.Status.Locked() {
			if _, err := tx.RevokeAll(ctx, id); err != nil {
				return err
			}
		}
		return tx.Audit(ctx, a.byOperator(actor, eventStatusChanged, id, string(was)+" to "+string(u.Status)))
	})
	if errors.Is(err, store.ErrNotFound) {
		return u, account.ErrNotFound
	}
	return u, err
}

// LogoutAll ends every session of a person.
func (a *Auth) LogoutAll(ctx context.Context, actor string, id account.UserID) (u account.User, err error) {
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		if u, err = tx.UserByID(ctx, id); err != nil {
			return err
		}
		n, err := tx.RevokeAll(ctx, id)
		if err != nil {
			return err
		}
		return tx.Audit(ctx, a.byOperator(actor, eventOperatorLogout, id, strconv.FormatInt(n, 10)+" sessions"))
	})
	if errors.Is(err, store.ErrNotFound) {
		return u, account.ErrNotFound
	}
	return u, err
}

func (a *Auth) byOperator(actor, action string, about account.UserID, detail string) store.AuditEvent {
	return store.AuditEvent{At: a.now(), Action: action, Actor: actor, UserID: about, Detail: detail}
}
