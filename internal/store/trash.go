package store

import (
	"context"
	"time"
)

// Trash marks an object of the blob storage for deletion at a time. Marking it again
// moves the time.
func (tx *Tx) Trash(ctx context.Context, key string, due time.Time) error {
	_, err := tx.exec(ctx, "trash object", `
		INSERT INTO blob_trash (object_key, due_at) VALUES ($1, $2)
		ON CONFLICT (object_key) DO UPDATE SET due_at = excluded.due_at`, key, micros(due))
	return err
}

// Keep takes the mark off an object; false where it was not marked any more or has been
// handed out for deletion, so that the object may be gone.
func (tx *Tx) Keep(ctx context.Context, key string) (bool, error) {
	n, err := tx.exec(ctx, "keep object", `DELETE FROM blob_trash WHERE object_key = $1 AND attempts = 0`, key)
	return n == 1, err
}

// HoldTrash keeps every object from being deleted until a time, at the least. An object
// that a snapshot taken afterwards speaks of is there until then: whoever takes it away
// from its person marks it later than this.
func (s *Store) HoldTrash(ctx context.Context, until time.Time) error {
	return s.Tx(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, "hold trash", `
			INSERT INTO leases (name, holder, expires_at) VALUES ('trash', 'hold', $1)
			ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at WHERE leases.expires_at < excluded.expires_at`, micros(until))
		return err
	})
}

// DueTrash leases up to limit objects that are due for deletion to the caller until a
// time, and returns their keys: none while they are held.
func (s *Store) DueTrash(ctx context.Context, now, until time.Time, limit int) (keys []string, err error) {
	err = s.Tx(ctx, func(tx *Tx) error {
		keys, err = rows(ctx, tx.reader, "claim trash", `
			UPDATE blob_trash SET due_at = $2, attempts = attempts + 1
			WHERE due_at <= $1 AND object_key IN (SELECT b.object_key FROM blob_trash b WHERE b.due_at <= $1 ORDER BY b.due_at LIMIT $3)
				AND NOT EXISTS (SELECT 1 FROM leases WHERE name = 'trash' AND expires_at > $1)
			RETURNING object_key`, []any{micros(now), micros(until), limit},
			func(row scanner) (key string, err error) {
				err = row.Scan(&key)
				return key, err
			})
		return err
	})
	return keys, err
}

// Trashed forgets an object that has been deleted.
func (s *Store) Trashed(ctx context.Context, key string) error {
	return s.alone(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, "forget object", `DELETE FROM blob_trash WHERE object_key = $1`, key)
		return err
	})
}
