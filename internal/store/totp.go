package store

import (
	"context"
	"time"

	"flowxi.app/flowxi/internal/account"
)

// EnableTOTP commits a second factor where there is none; false where there is one.
func (tx *Tx) EnableTOTP(ctx context.Context, id account.UserID, sealed []byte, now time.Time) (bool, error) {
	n, err := tx.exec(ctx, "enable 2FA", `
		UPDATE users SET totp_sealed = $2, totp_enabled_at = $3, updated_at = $3
		WHERE id = $1 AND status = 'active' AND totp_enabled_at = 0`, id, sealed, micros(now))
	if err != nil || n == 0 {
		return false, err
	}
	// The steps of an earlier secret say nothing about this one.
	_, err = tx.exec(ctx, "forget steps", `DELETE FROM totp_steps WHERE user_id = $1`, id)
	return true, err
}

// DisableTOTP takes away the second factor that was enabled at a time; false where it
// is no longer that one.
func (tx *Tx) DisableTOTP(ctx context.Context, id account.UserID, enabled, now time.Time) (bool, error) {
	n, err := tx.exec(ctx, "disable 2FA", `
		UPDATE users SET totp_sealed = NULL, totp_enabled_at = 0, updated_at = $3
		WHERE id = $1 AND status = 'active' AND totp_enabled_at = $2 AND totp_enabled_at <> 0`, id, micros(enabled), micros(now))
	return n == 1, err
}

// UseStep takes a time step of a person's secret; false where it was taken before. Of
// any number of callers, in any flow, one succeeds (RFC 6238 section 5.2).
func (tx *Tx) UseStep(ctx context.Context, id account.UserID, step int64) (bool, error) {
	n, err := tx.exec(ctx, "use step", `INSERT INTO totp_steps (user_id, step) VALUES ($1, $2) ON CONFLICT DO NOTHING`, id, step)
	return n == 1, err
}

// SweepSteps forgets up to limit time steps before one that no code can match any more.
func (tx *Tx) SweepSteps(ctx context.Context, before int64, limit int) (int64, error) {
	return tx.exec(ctx, "sweep steps", `
		DELETE FROM totp_steps WHERE (user_id, step) IN (
			SELECT user_id, step FROM totp_steps WHERE step < $1 ORDER BY step LIMIT $2)`, before, limit)
}
