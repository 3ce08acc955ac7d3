package store_test

import (
	"testing"

	"flowxi.app/flowxi/internal/store"
)

func TestATransactionWritesAsManyRowsAsItIsPaddedTo(t *testing.T) {
	each(t, func(d db) {
		d.pending(ada)
		padded := func() int64 { return d.number(`SELECT SUM(writes) FROM padding`) }
		for _, like := range []store.Padding{store.LikeUpdates, store.LikeInserts} {
			for _, c := range []struct{ total, want int64 }{{0, 0}, {1, 0}, {2, 1}, {5, 4}} {
				before := padded()
				d.tx(func(tx *store.Tx) error {
					if err := tx.HoldPending(d.ctx, ada, noon); err != nil { // writes a row
						return err
					}
					return tx.Pad(d.ctx, c.total, like, noon)
				})
				if got := padded() - before; got != c.want {
					d.t.Errorf("a row padded to %d writes %d rows of padding, want %d", c.total, got, c.want)
				}
			}
		}
	})
}
