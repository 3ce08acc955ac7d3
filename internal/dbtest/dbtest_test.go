package dbtest_test

import (
	"context"
	"testing"

	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/store"
)

func pending(t *testing.T, s *store.Store) (all, waiting int) {
	t.Helper()
	list, err := s.Migrations(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if m.AppliedAt.IsZero() {
			waiting++
		}
	}
	return len(list), waiting
}

func TestADatabaseHasTodaysSchema(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		if all, waiting := pending(t, dbtest.Open(t, dbtest.Database(t, e))); all == 0 || waiting > 0 {
			t.Errorf("%d of %d migrations wait", waiting, all)
		}
	})
}

func TestABlankDatabaseCanBeMigrated(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		s := dbtest.Open(t, dbtest.Blank(t, e))
		if all, waiting := pending(t, s); waiting != all {
			t.Errorf("%d of %d migrations wait", waiting, all)
		}
		if err := s.Migrate(context.Background()); err != nil {
			t.Fatal(err)
		}
		if _, waiting := pending(t, s); waiting != 0 {
			t.Errorf("%d migrations wait after all were run", waiting)
		}
	})
}

func TestEachDatabaseIsOfItsOwn(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		if a, b := dbtest.Database(t, e), dbtest.Database(t, e); a.URL == b.URL && a.Path == b.Path {
			t.Errorf("two databases are one: %+v", a)
		}
	})
}
