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
