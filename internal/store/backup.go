package store

import (
	"context"
	"errors"
	"time"
)

// backedUp is a row of leases that nobody holds: its time is when the last backup that was
// written whole was begun.
const backedUp = "backed up"

// NoteBackup notes that a backup which was begun at a time has been written whole, and that
// it is a later time now. One that was begun before the one that is noted changes nothing,
// unless that is still to come by this clock: the one or the other is wrong, and a note of the
// future would hide that none are made any more.
func (s *Store) NoteBackup(ctx context.Context, begun, now time.Time) error {
	return s.Tx(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, "note backup", `
			INSERT INTO leases (name, holder, expires_at) VALUES ($1, '', $2)
			ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at
			WHERE leases.expires_at < excluded.expires_at OR leases.expires_at > $3`, backedUp, micros(begun), micros(now))
		return err
	})
}

// LastBackup is when the last backup that NoteBackup was told of was begun, the zero time
// where there is none. Backups by other means are not known.
func (s *Store) LastBackup(ctx context.Context) (begun time.Time, err error) {
	err = s.row(ctx, "read last backup", `SELECT expires_at FROM leases WHERE name = $1`, []any{backedUp}, stamp{&begun})
	if errors.Is(err, ErrNotFound) {
		return time.Time{}, nil
	}
	return begun, err
}
