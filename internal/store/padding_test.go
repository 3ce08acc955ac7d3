package store_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/store"
)

// Padding is for some people and not for others, so it must not make anybody wait.
func TestPaddedTransactionsDoNotCollide(t *testing.T) {
	each(t, func(d db) {
		before := d.Retries()
		d.allOf(func(_ int, tx *store.Tx) error {
			if err := tx.Pad(d.ctx, 4, store.LikeInserts, noon); err != nil {
				return err
			}
			time.Sleep(20 * time.Millisecond)
			return nil
		})
		same(d.t, d.Retries()-before, 0)
	})
}

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
