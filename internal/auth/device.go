package auth

import (
	"cmp"
	"context"
	"slices"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
)

// Devices lists the caller's live sessions that have a device, the one used last first
// (contract section 8).
func (a *Auth) Devices(ctx context.Context, c *Caller) ([]account.Session, error) {
	now := a.now()
	sessions, err := a.store.Sessions(ctx, c.Identity.User.ID, now, time.Time{}) // which is idle is not known there yet
	if err != nil {
		return nil, err
	}
	devices := make([]account.Session, 0, len(sessions))
	for _, s := range sessions {
		a.lastUse.tell(&s)
		if s.Device.Known() && now.Before(s.Expires(a.cfg.TokenIdleTTL)) {
			devices = append(devices, s)
		}
	}
	slices.SortFunc(devices, func(s, t account.Session) int {
		return cmp.Or(t.LastUsedAt.Compare(s.LastUsedAt), cmp.Compare(t.ID, s.ID))
	})
	return devices, nil
}

// LogoutDevice revokes the session of one of the caller's devices, the one in hand
// included. A device of nobody, of somebody else or without a session is one and the
// same ErrDeviceNotFound.
func (a *Auth) LogoutDevice(ctx context.Context, c *Caller, in LogoutDeviceInput) error {
	id := c.Identity.User.ID
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		if _, err := a.stillThere(ctx, tx, c); err != nil {
			return err
		}
		if err := tx.Touch(ctx, a.lastUse.of(id)); err != nil {
			return err
		}
		now := a.now()
		gone, err := tx.RevokeDevice(ctx, id, in.DeviceID, now, now.Add(-a.cfg.TokenIdleTTL))
		if err != nil {
			return err
		}
		if !gone {
			return account.ErrDeviceNotFound
		}
		return tx.Audit(ctx, a.eventOn(c, in.DeviceID, eventDeviceLogout, id, ""))
	})
}
