package store_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/store"
)

// blank runs a test on a database of each engine that has no schema yet.
func blank(t *testing.T, f func(d db)) {
	t.Helper()
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) { f(open(t, e, dbtest.Blank(t, e))) })
}

func (d db) migrations() []store.Migration {
	d.t.Helper()
	list, err := d.Migrations(d.ctx)
	if err != nil {
		d.t.Fatal(err)
	}
	return list
}

func TestADatabaseIsMigratedOnce(t *testing.T) {
	blank(t, func(d db) {
		before := d.migrations()
		if err := d.Migrate(d.ctx); err != nil {
			d.t.Fatal(err)
		}
		d.pending(ada)
		first := d.migrations()
		if err := d.Migrate(d.ctx); err != nil {
			d.t.Fatal(err)
		}
		same(d.t, d.migrations(), first)
		for i, m := range first {
			if m.Version != before[i].Version || m.Name != before[i].Name || !before[i].AppliedAt.IsZero() || m.AppliedAt.IsZero() {
				d.t.Errorf("it was %+v and is %+v", before[i], m)
			}
		}
		if _, err := d.UserByEmail(d.ctx, ada); err != nil {
			d.t.Error(err)
		}
	})
}

// standstill keeps everybody from writing for a while, so that all who look meanwhile
// find the same to do. PostgreSQL's migrators queue up by themselves.
func (d db) standstill(length time.Duration) {
	d.t.Helper()
	if d.engine == dbtest.Postgres {
		return
	}
	begun, release := make(chan struct{}), time.After(length)
	go func() {
		_ = d.Tx(d.ctx, func(*store.Tx) error {
			close(begun)
			<-release
			return nil
		})
	}()
	<-begun
}

func TestStoresMigrateABlankDatabaseAtOnce(t *testing.T) {
	blank(t, func(d db) {
		var stores []db
		for range 5 {
			stores = append(stores, open(d.t, d.engine, d.at))
		}
		d.migrations() // makes the table that notes them
		d.standstill(100 * time.Millisecond)
		for _, err := range crowd(func(i int) error { return stores[i%len(stores)].Migrate(d.ctx) }) {
			if err != nil {
				d.t.Error(err)
			}
		}
		for _, m := range d.migrations() {
			if m.AppliedAt.IsZero() {
				d.t.Errorf("%s was not applied", m.Name)
			}
		}
		d.pending(ada)
	})
}

// outdated is a PostgreSQL database at version 1, one of whose tables a long transaction
// reads until it is told to end, as a backup does.
func outdated(t *testing.T) (d db, end func()) {
	t.Helper()
	t.Parallel()
	d = open(t, dbtest.Postgres, dbtest.Blank(t, dbtest.Postgres))
	if err := d.MigrateTo(d.ctx, 1); err != nil {
		t.Fatal(err)
	}
	reading, err := d.raw().BeginTx(d.ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reading.ExecContext(d.ctx, `LOCK TABLE users IN ACCESS SHARE MODE`); err != nil {
		t.Fatal(err)
	}
	return d, func() {
		if err := reading.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

func TestAMigrationThatWaitsForALongTransactionKeepsNobodyWaiting(t *testing.T) {
	d, end := outdated(t)
	migrated := make(chan error, 1)
	go func() { migrated <- d.Migrate(d.ctx) }()
	d.untilAny("the table", `SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock' AND relation = 'users'::regclass`)
	began, limited := time.Now(), d
	var cancel context.CancelFunc
	limited.ctx, cancel = context.WithTimeout(d.ctx, 10*time.Second)
	defer cancel()
	limited.number(`SELECT COUNT(*) FROM users`)
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("a person waited for %s", took)
	}
	select {
	case err := <-migrated:
		t.Fatalf("it ended before the transaction: %v", err)
	default:
	}
	end()
	if err := <-migrated; err != nil {
		t.Fatal(err)
	}
	for _, m := range d.migrations() {
		if m.AppliedAt.IsZero() {
			t.Errorf("%s was not applied", m.Name)
		}
	}
}

func TestAMigrationTellsWhatItWaitedFor(t *testing.T) {
	d, end := outdated(t)
	defer end()
	d.WaitForTables(time.Millisecond)
	err := d.Migrate(d.ctx)
	if err == nil || !strings.Contains(err.Error(), "a backup, or another long transaction, holds a table") {
		t.Fatalf("it says %v", err)
	}
	if v, err := d.SchemaVersion(d.ctx); err != nil || v != 3 {
		t.Errorf("it is at version %d: %v", v, err)
	}
}

// TestAStepOfPostgreSQLGivesWay leaves out the first step, before which there is no table.
func TestAStepOfPostgreSQLGivesWay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("migrations/postgres/*.sql")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d steps, %v", len(files), err)
	}
	for _, file := range files[1:] {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "-- +goose Up\nSET LOCAL lock_timeout = '2s';") {
			t.Errorf("%s may keep everybody waiting", file)
		}
	}
}

func TestAnOpenStoreAnswersAndAClosedOneDoesNot(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		s, err := store.Open(t.Context(), dbtest.Database(t, e))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Ping(t.Context()); err == nil {
			t.Error("a closed store answers")
		}
	})
}

func TestWhatWasWrittenIsThereAfterwards(t *testing.T) {
	each(t, func(d db) {
		want := d.active(ada)
		if err := d.Close(); err != nil {
			d.t.Fatal(err)
		}
		same(d.t, open(d.t, d.engine, d.at).user(want.ID), want)
	})
}

func TestADatabaseThatCannotBeOpenedIsAnErrorWithoutThePassword(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]store.Options{
		"no such folder":  {Path: filepath.Join(t.TempDir(), "missing", "flowxi.db")},
		"nobody there":    {URL: "postgres://flowxi:hunter2@127.0.0.1:1/flowxi"},
		"not a URL":       {URL: "postgres://flowxi:hunter2@%zz/flowxi"},
		"not a good port": {URL: "postgres://flowxi:hunter2@127.0.0.1:port/flowxi"},
	} {
		s, err := store.Open(context.Background(), o)
		if err == nil {
			t.Errorf("%s: it was opened; closing it: %v", name, s.Close())
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADataFolderMayHaveAnyName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"with space", "what?", "a#b", "50%25", "é:&=;"} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "flowxi.db")
		d := open(t, dbtest.SQLite, store.Options{Path: path})
		if err := d.Migrate(d.ctx); err != nil {
			t.Fatal(err)
		}
		d.tx(func(tx *store.Tx) error {
			_, err := tx.EnsureApplicant(d.ctx, ada, account.Locale("fr"), noon)
			return err
		})
		if _, err := d.UserByEmail(d.ctx, ada); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

func TestAMigrationTellsOfEachStepBeforeItIsTaken(t *testing.T) {
	blank(t, func(d db) {
		steps := d.migrations()
		told := 0
		tell := func(step store.Migration, n, of int) {
			told++
			if n != told || of != len(steps) || step.Name != steps[n-1].Name {
				d.t.Errorf("it tells of %s as %d of %d", step.Name, n, of)
			}
			if at, err := d.SchemaVersion(d.ctx); err != nil || at >= step.Version {
				d.t.Errorf("before %s the schema is at %d, %v", step.Name, at, err)
			}
		}
		for range 2 { // the second time there is none
			if err := d.MigrateTelling(d.ctx, tell); err != nil {
				d.t.Fatal(err)
			}
		}
		if told != len(steps) {
			d.t.Errorf("it told of %d steps", told)
		}
		d.pending(ada)
	})
}
