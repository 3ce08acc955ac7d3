package store

import (
	"context"
	"strings"
)

// keyLease begins the name of a lease that says: what is stored may be sealed under this
// key. It never ends by itself.
const keyLease = "key "

// UseKey notes the id of a key before anything is sealed under it.
func (s *Store) UseKey(ctx context.Context, id string) error {
	return s.Tx(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, "note key", `
			INSERT INTO leases (name, holder, expires_at) VALUES ($1, '', 0) ON CONFLICT (name) DO NOTHING`, keyLease+id)
		return err
	})
}

// DropKey forgets a key under which nothing is sealed any more.
func (s *Store) DropKey(ctx context.Context, id string) error {
	return s.Tx(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, "forget key", `DELETE FROM leases WHERE name = $1`, keyLease+id)
		return err
	})
}

// UsedKeys lists the ids of the keys under which something may be sealed.
func (s *Store) UsedKeys(ctx context.Context) ([]string, error) {
	return rows(ctx, s.reader, "list keys", `SELECT name FROM leases WHERE name LIKE $1 ORDER BY name`, []any{keyLease + "%"},
		func(row scanner) (id string, err error) {
			err = row.Scan(&id)
			return strings.TrimPrefix(id, keyLease), err
		})
}
