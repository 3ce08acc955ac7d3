package auth

import (
	"context"
	"errors"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
)

// UpdateProfile changes what the caller says of themselves: what is absent stays, null
// clears (contract section 10). It returns the person as they are then.
func (a *Auth) UpdateProfile(ctx context.Context, c *Caller, in ProfileInput) (u account.User, err error) {
	if in == (ProfileInput{}) {
		return c.Identity.User, nil
	}
	// A session that a new login has replaced meanwhile was good when this began.
	err = a.store.RowTx(ctx, func(tx *store.Tx) error {
		if u, err = a.stillThere(ctx, tx, c); err != nil {
			return err
		}
		p := in.apply(u.Profile)
		u, err = tx.UpdateProfile(ctx, u.ID, p, a.now())
		if errors.Is(err, store.ErrNotFound) {
			return account.ErrUnauthenticated // no longer active
		}
		if err != nil {
			return err
		}
		return tx.Audit(ctx, a.event(c, eventProfileUpdated, u.ID, ""))
	})
	return u, err
}
