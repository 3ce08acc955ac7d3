package store_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
)

// callers is how many come at once where a promise must hold under a race.
const callers = 32

const (
	ada = "ada@example.org"
	bob = "bob@example.org"
)

// noon is the present of every test. It has microseconds, which a database must keep.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 123_456_000, time.UTC)

// after is a time some seconds after noon.
func after(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

// tick is the smallest time that the database can tell apart.
const tick = time.Microsecond

// db is a store of one test. Its methods fail that test.
type db struct {
	*store.Store
	t      testing.TB
	ctx    context.Context
	engine dbtest.Engine
	at     store.Options
}

// each runs a test on an empty database of each engine.
func each(t *testing.T, f func(d db)) {
	t.Helper()
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) { f(open(t, e, dbtest.Database(t, e))) })
}

// ring is what the key of every trail is sealed with.
var ring = newRing()

func newRing() *seal.KeyRing {
	ring, err := seal.Parse(seal.NewKey())
	if err != nil {
		panic(err)
	}
	return ring
}

func open(t testing.TB, e dbtest.Engine, o store.Options) db {
	t.Helper()
	if o.Keys == nil {
		o.Keys = ring
	}
	return db{Store: dbtest.Open(t, o), t: t, ctx: t.Context(), engine: e, at: o}
}

// tx runs a transaction that must succeed.
func (d db) tx(fn func(*store.Tx) error) {
	d.t.Helper()
	if err := d.Tx(d.ctx, fn); err != nil {
		d.t.Fatal(err)
	}
}

// write runs one call in a transaction and returns what it returned.
func write[T any](d db, call func(*store.Tx) (T, error)) (result T) {
	d.t.Helper()
	d.tx(func(tx *store.Tx) (err error) {
		result, err = call(tx)
		return err
	})
	return result
}

// raw speaks to the database behind the store's back, for what the store does not tell.
func (d db) raw() *sql.DB {
	d.t.Helper()
	driver, source := "sqlite", "file:"+d.at.Path+"?_pragma=foreign_keys(1)"
	if d.engine == dbtest.Postgres {
		driver, source = "pgx", d.at.URL
	}
	pool, err := sql.Open(driver, source)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = pool.Close() })
	return pool
}

// set changes the database behind the store's back.
func (d db) set(statement string, args ...any) {
	d.t.Helper()
	if _, err := d.raw().ExecContext(d.ctx, statement, args...); err != nil {
		d.t.Fatal(err)
	}
}

// number reads one integer behind the store's back.
func (d db) number(query string, args ...any) (n int64) {
	d.t.Helper()
	if err := d.raw().QueryRowContext(d.ctx, query, args...).Scan(&n); err != nil {
		d.t.Fatal(err)
	}
	return n
}

// untilAny waits until somebody waits for what is named, by a count of those who do.
func (d db) untilAny(what, count string) {
	d.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); d.number(count) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatal("nothing waits for " + what)
		}
	}
}

// pending makes a person who has asked to register at noon.
func (d db) pending(email string) account.User {
	d.t.Helper()
	return write(d, func(tx *store.Tx) (account.User, error) { return tx.EnsureApplicant(d.ctx, email, "fr", noon) })
}

// active makes a person who has registered at noon.
func (d db) active(email string) account.User {
	d.t.Helper()
	id := d.pending(email).ID
	return write(d, func(tx *store.Tx) (account.User, error) {
		return tx.Activate(d.ctx, id, store.Activation{PasswordHash: "hash", At: noon})
	})
}

// inState makes a person of any status.
func (d db) inState(email string, status account.Status) account.User {
	d.t.Helper()
	if status == account.Pending {
		return d.pending(email)
	}
	id := d.active(email).ID
	if status != account.Active {
		d.setStatus(id, account.Active, status)
	}
	return d.user(id)
}

// found tells whether a row was there.
func found(err error) (bool, error) {
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (d db) setStatus(id account.UserID, from, to account.Status) bool {
	d.t.Helper()
	return write(d, func(tx *store.Tx) (bool, error) { return found(tx.SetStatus(d.ctx, id, from, to, after(1))) })
}

func (d db) user(id account.UserID) account.User {
	d.t.Helper()
	u, err := d.UserByID(d.ctx, id)
	if err != nil {
		d.t.Fatal(err)
	}
	return u
}

// crowd lets all callers go at once and returns how each of them ended.
func crowd(call func(caller int) error) []error {
	var wg sync.WaitGroup
	gate, results := make(chan struct{}), make([]error, callers)
	for i := range callers {
		wg.Go(func() {
			<-gate
			results[i] = call(i)
		})
	}
	close(gate)
	wg.Wait()
	return results
}

// allOf wants the call of every caller to succeed.
func (d db) allOf(call func(caller int, tx *store.Tx) error) {
	d.t.Helper()
	d.allIn(d.Tx, call)
}

// allOfRows is allOf for work that rests on rows that it writes.
func (d db) allOfRows(call func(caller int, tx *store.Tx) error) {
	d.t.Helper()
	d.allIn(d.RowTx, call)
}

func (d db) allIn(do func(context.Context, func(*store.Tx) error) error, call func(caller int, tx *store.Tx) error) {
	d.t.Helper()
	for _, err := range crowd(func(i int) error { return do(d.ctx, func(tx *store.Tx) error { return call(i, tx) }) }) {
		if err != nil {
			d.t.Error(err)
		}
	}
}

// oneOf wants the call to succeed for one caller and to find nothing for the others.
func (d db) oneOf(call func(tx *store.Tx) error) {
	d.t.Helper()
	won := 0
	for _, err := range crowd(func(int) error { return d.Tx(d.ctx, call) }) {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, store.ErrNotFound):
			d.t.Error(err)
		}
	}
	if won != 1 {
		d.t.Errorf("%d of %d callers succeeded; want one", won, callers)
	}
}

// oneTrue wants the call to be true for one caller alone.
func (d db) oneTrue(call func(tx *store.Tx) (bool, error)) {
	d.t.Helper()
	d.oneOf(func(tx *store.Tx) error {
		done, err := call(tx)
		if err == nil && !done {
			err = store.ErrNotFound
		}
		return err
	})
}

// same compares what came with what should have.
func same[T any](t testing.TB, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Comparer(exactly)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// exactly tells whether two times are the same and both in UTC.
func exactly(a, b time.Time) bool { return a.Equal(b) && a.Location() == b.Location() }

func notFound(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v; want that nothing is found", err)
	}
}

func ptr[T any](v T) *T { return &v }
