package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
)

// Devices lists the caller's live sessions that have a device, the one used last first
// (contract section 8).
func (a *Auth) Devices(ctx context.Context, c *Caller) ([]account.Session, error) {
	now := a.now()
	ended := func(s account.Session) bool { return !now.Before(s.Expires(a.cfg.TokenIdleTTL)) }
	var sessions []account.Session
	for range 2 { // a use that was flushed after the first reading is in the second
		var err error
		sessions, err = a.store.Sessions(ctx, c.Identity.User.ID, now, time.Time{}) // which is idle is not known there yet
		if err != nil {
			return nil, err
		}
		for i := range sessions {
			a.lastUse.tell(&sessions[i])
		}
		if !slices.ContainsFunc(sessions, ended) {
			break
		}
	}
	devices := slices.DeleteFunc(sessions, func(s account.Session) bool { return !s.Device.Known() || ended(s) })
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

// hashDevice is how a device that a person has used is remembered.
func hashDevice(id string) []byte {
	sum := sha256.Sum256([]byte(id))
	return sum[:]
}
