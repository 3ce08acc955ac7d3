package store

import (
	"context"
	"time"
)

// Reclaim makes everything due that a process which is gone had taken for itself: mails
// and objects on lease, and uploads that were not committed. Only a process that has
// the database to itself may call it.
func (s *Store) Reclaim(ctx context.Context, now time.Time) error {
	return s.Tx(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, "reclaim mail", `UPDATE outbox SET due_at = $1 WHERE due_at > $1`, micros(now)); err != nil {
			return err
		}
		_, err := tx.exec(ctx, "reclaim trash", `UPDATE blob_trash SET due_at = $1 WHERE due_at > $1`, micros(now))
		return err
	})
}

// clocksApart is more than clocks of nodes differ by that work together at all.
const clocksApart = time.Hour

// Lease gives a named duty to one holder until a time; false where somebody else has
// it. The holder renews it by asking again. A lease that ends so much later than this one
// would that their clocks are clocksApart is passed on, since its holder may be gone by now.
func (s *Store) Lease(ctx context.Context, name, holder string, now, until time.Time) (held bool, err error) {
	err = s.Tx(ctx, func(tx *Tx) error {
		n, err := tx.exec(ctx, "take lease", `
			INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
			WHERE leases.holder = excluded.holder OR leases.expires_at <= $4 OR leases.expires_at > $5`,
			name, holder, micros(until), micros(now), micros(until.Add(clocksApart)))
		held = n == 1
		return err
	})
	return held, err
}
