package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
)

func (d db) trash(key string, due time.Time) {
	d.t.Helper()
	d.tx(func(tx *store.Tx) error { return tx.Trash(d.ctx, key, due) })
}

func (d db) keep(key string) bool {
	d.t.Helper()
	return write(d, func(tx *store.Tx) (bool, error) { return tx.Keep(d.ctx, key) })
}

// dueTrash claims objects for ten seconds and returns their keys in order.
func (d db) dueTrash(now time.Time, limit int) []string {
	d.t.Helper()
	keys, err := d.DueTrash(d.ctx, now, now.Add(10*time.Second), limit)
	if err != nil {
		d.t.Fatal(err)
	}
	slices.Sort(keys)
	return keys
}

func TestAnObjectIsDueFromItsTimeOn(t *testing.T) {
	each(t, func(d db) {
		d.trash("a", noon)
		same(d.t, d.dueTrash(noon.Add(-tick), 10), nil)
		same(d.t, d.dueTrash(noon, 10), []string{"a"})
	})
}

func TestMarkingAnObjectAgainMovesItsTime(t *testing.T) {
	each(t, func(d db) {
		d.trash("a", noon)
		d.trash("a", after(5))
		same(d.t, d.dueTrash(after(4), 10), nil)
		same(d.t, d.dueTrash(after(5), 10), []string{"a"})
	})
}

func TestAKeptObjectIsNeverDue(t *testing.T) {
	each(t, func(d db) {
		d.trash("a", noon)
		d.trash("b", noon)
		same(d.t, d.keep("a"), true)
		same(d.t, d.keep("a"), false)
		same(d.t, d.dueTrash(after(1), 10), []string{"b"})
	})
}

func TestAnObjectIsKeptByOneOfManyCallers(t *testing.T) {
	each(t, func(d db) {
		d.trash("a", noon)
		d.oneTrue(func(tx *store.Tx) (bool, error) { return tx.Keep(d.ctx, "a") })
	})
}

func TestAnObjectThatIsBeingDeletedCannotBeKept(t *testing.T) {
	each(t, func(d db) {
		d.trash("a", noon)
		same(d.t, d.dueTrash(noon, 10), []string{"a"})
		same(d.t, d.keep("a"), false)
		same(d.t, d.dueTrash(after(10), 10), []string{"a"})
	})
}

func TestAnObjectIsKeptOrDeletedButNotBoth(t *testing.T) {
	each(t, func(d db) {
		claimed := newClaims()
		for i := range callers {
			d.trash(fmt.Sprint(i), noon)
		}
		for _, err := range crowd(func(i int) error {
			if i%2 == 0 {
				keys, err := d.DueTrash(d.ctx, noon, after(60), 2)
				for _, key := range keys {
					claimed.note(key)
				}
				return err
			}
			for _, key := range []string{fmt.Sprint(i - 1), fmt.Sprint(i)} {
				kept := false
				if err := d.Tx(d.ctx, func(tx *store.Tx) (err error) {
					kept, err = tx.Keep(d.ctx, key)
					return err
				}); err != nil {
					return err
				}
				if kept {
					claimed.note(key)
				}
			}
			return nil
		}) {
			if err != nil {
				d.t.Error(err)
			}
		}
		for _, key := range d.dueTrash(noon, callers) {
			claimed.note(key)
		}
		claimed.eachOnce(d.t, callers)
	})
}

func TestAClaimedObjectIsNobodyElsesUntilTheLeaseEnds(t *testing.T) {
	each(t, func(d db) {
		d.trash("a", noon)
		same(d.t, d.dueTrash(noon, 10), []string{"a"})
		same(d.t, d.dueTrash(after(10).Add(-tick), 10), nil)
		same(d.t, d.dueTrash(after(10), 10), []string{"a"})
	})
}

func TestTheObjectLongestDueIsClaimedFirst(t *testing.T) {
	each(t, func(d db) {
		d.trash("z", noon)
		d.trash("y", after(1))
		d.trash("x", after(2))
		same(d.t, d.dueTrash(after(3), 2), []string{"y", "z"})
		same(d.t, d.dueTrash(after(3), 2), []string{"x"})
	})
}

func TestNoObjectIsClaimedByTwo(t *testing.T) {
	each(t, func(d db) {
		d.tx(func(tx *store.Tx) error {
			for i := range 2 * callers {
				if err := tx.Trash(d.ctx, fmt.Sprint(i), noon); err != nil {
					return err
				}
			}
			return nil
		})
		claimed := newClaims()
		for _, err := range crowd(func(int) error {
			keys, err := d.DueTrash(d.ctx, noon, after(60), 3)
			for _, key := range keys {
				claimed.note(key)
			}
			return err
		}) {
			if err != nil {
				d.t.Error(err)
			}
		}
		claimed.eachOnce(d.t, 2*callers)
	})
}

func TestADeletedObjectIsForgotten(t *testing.T) {
	each(t, func(d db) {
		d.trash("a", noon)
		d.trash("b", noon)
		d.dueTrash(noon, 10)
		for range 2 {
			if err := d.Trashed(d.ctx, "a"); err != nil {
				d.t.Fatal(err)
			}
		}
		same(d.t, d.dueTrash(after(10), 10), []string{"b"})
	})
}

func TestWhatADeadProcessHadTakenIsDueAtOnce(t *testing.T) {
	each(t, func(d db) {
		d.putMail(mail("m", noon))
		d.claimMail(noon, 10)
		d.trash("uncommitted", after(3600))
		d.trash("overdue", noon)
		if err := d.Reclaim(d.ctx, after(1)); err != nil {
			d.t.Fatal(err)
		}
		same(d.t, d.claimMail(after(1), 10), []account.Mail{claimed(mail("m", noon), after(1))})
		same(d.t, d.dueTrash(after(1), 10), []string{"overdue", "uncommitted"})
	})
}
