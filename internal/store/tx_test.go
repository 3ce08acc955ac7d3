package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/store"
)

// lose makes a transaction lose a race, as its engine knows it, and returns the
// database's complaint. The person must be there.
func (d db) lose(tx *store.Tx, id account.UserID) error {
	if d.engine == dbtest.SQLite {
		// The transaction has the one writer's place: nobody else can begin.
		_, err := d.raw().ExecContext(d.ctx, `BEGIN IMMEDIATE`)
		return err
	}
	if _, err := tx.UserByID(d.ctx, id); err != nil {
		return err
	}
	d.set(`UPDATE users SET name = 'somebody was faster' WHERE id = $1`, id)
	return tx.Rehash(d.ctx, id, "hash", "slower")
}

func TestATransactionThatFailsLeavesNothingAndSaysWhy(t *testing.T) {
	each(t, func(d db) {
		failure := errors.New("the caller's own")
		got := d.Tx(d.ctx, func(tx *store.Tx) error {
			if _, err := tx.EnsureApplicant(d.ctx, ada, "fr", noon); err != nil {
				d.t.Error(err)
			}
			return failure
		})
		if got != failure { //nolint:errorlint // the very same error, not one around it
			d.t.Errorf("got %v; want %v itself", got, failure)
		}
		_, err := d.UserByEmail(d.ctx, ada)
		notFound(d.t, err)
	})
}

func TestATransactionSeesItsOwnWritesAndOthersDoNotYet(t *testing.T) {
	each(t, func(d db) {
		d.tx(func(tx *store.Tx) error {
			if _, err := tx.EnsureApplicant(d.ctx, ada, "fr", noon); err != nil {
				return err
			}
			_, err := d.UserByEmail(d.ctx, ada)
			notFound(d.t, err)
			_, err = tx.UserByEmail(d.ctx, ada)
			return err
		})
		if _, err := d.UserByEmail(d.ctx, ada); err != nil {
			d.t.Error(err)
		}
	})
}

func TestATransactionThatPanicsLeavesNothing(t *testing.T) {
	each(t, func(d db) {
		func() {
			defer func() { _ = recover() }()
			_ = d.Tx(d.ctx, func(tx *store.Tx) error {
				if _, err := tx.EnsureApplicant(d.ctx, ada, "fr", noon); err != nil {
					d.t.Error(err)
				}
				panic("in the middle")
			})
		}()
		_, err := d.UserByEmail(d.ctx, ada)
		notFound(d.t, err)
		d.pending(ada) // and the connection was given back
	})
}

func TestATransactionThatLosesARaceIsRunAgain(t *testing.T) {
	each(t, func(d db) {
		id, runs := d.active(ada).ID, 0
		d.tx(func(tx *store.Tx) error {
			runs++
			if _, err := tx.EnsureApplicant(d.ctx, bob, "fr", noon); err != nil {
				return err
			}
			if runs < 3 {
				return d.lose(tx, id)
			}
			return nil
		})
		same(d.t, runs, 3)
		if _, err := d.UserByEmail(d.ctx, bob); err != nil {
			d.t.Error(err)
		}
	})
}

func TestATransactionThatLosesEveryRaceIsBusy(t *testing.T) {
	each(t, func(d db) {
		id, runs := d.active(ada).ID, 0
		err := d.Tx(d.ctx, func(tx *store.Tx) error {
			runs++
			return d.lose(tx, id)
		})
		if !errors.Is(err, store.ErrBusy) {
			d.t.Errorf("got %v; want busy", err)
		}
		if runs < 10 {
			d.t.Errorf("it gave up after %d runs", runs)
		}
		same(d.t, string(d.user(id).PasswordHash), "hash")
	})
}

func TestATransactionStopsTryingWhenItsContextEnds(t *testing.T) {
	each(t, func(d db) {
		ctx, cancel := context.WithCancel(d.ctx)
		id, runs := d.active(ada).ID, 0
		err := d.Tx(ctx, func(tx *store.Tx) error {
			runs++
			err := d.lose(tx, id)
			if runs == 2 {
				cancel()
			}
			return err
		})
		if !errors.Is(err, store.ErrBusy) || !errors.Is(err, context.Canceled) {
			d.t.Errorf("got %v; want busy, since canceled", err)
		}
		same(d.t, runs, 2)
	})
}

func TestATransactionThatCannotBeginInTimeIsBusy(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]func(d db) db{
		"in this store":        func(d db) db { return d },
		"in another process's": func(d db) db { return open(d.t, d.engine, d.at) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, dbtest.SQLite, dbtest.Database(t, dbtest.SQLite))
			waiting := second(d)
			d.tx(func(*store.Tx) error {
				ctx, cancel := context.WithTimeout(d.ctx, 50*time.Millisecond)
				defer cancel()
				err := waiting.Tx(ctx, func(*store.Tx) error {
					t.Error("two write at once")
					return nil
				})
				if !errors.Is(err, store.ErrBusy) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v; want busy, since it took too long", err)
				}
				return nil
			})
		})
	}
}
