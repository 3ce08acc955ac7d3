package store

import (
	"context"
	"strings"
)

// keyLease begins the name of a lease that says: what is stored may be sealed under this
// key. It never ends by itself.
const keyLease = "key "

// UseKeys notes the ids of keys: at a start before anything is sealed under them, and
// where a key was added meanwhile, as soon as that is noticed.
func (s *Store) UseKeys(ctx context.Context, ids ...string) error {
	return s.Tx(ctx, func(tx *Tx) error { return tx.UseKeys(ctx, ids...) })
}

// UseKeys is that of the store.
func (tx *Tx) UseKeys(ctx context.Context, ids ...string) error {
	for _, id := range ids {
		_, err := tx.exec(ctx, "note key", `
			INSERT INTO leases (name, holder, expires_at) VALUES ($1, '', 0) ON CONFLICT (name) DO NOTHING`, keyLease+id)
		if err != nil {
			return err
		}
	}
	return nil
}

// DropKey forgets a key under which nothing is sealed any more.
func (s *Store) DropKey(ctx context.Context, id string) error {
	return s.Tx(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, "forget key", `DELETE FROM leases WHERE name = $1`, keyLease+id)
		return err
	})
}

// UsedKeys lists the ids of the keys under which something may be sealed.
func (r reader) UsedKeys(ctx context.Context) ([]string, error) {
	return rows(ctx, r, "list keys", `SELECT name FROM leases WHERE name LIKE $1 ORDER BY name`, []any{keyLease + "%"},
		func(row scanner) (id string, err error) {
			err = row.Scan(&id)
			return strings.TrimPrefix(id, keyLease), err
		})
}
