package store_test

import (
	"errors"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/dbtest"
)

func TestADatabaseTellsOfItself(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		s := dbtest.Open(t, dbtest.Database(t, e))
		f, err := s.Facts(t.Context())
		if err != nil || f.Version == "" {
			t.Fatalf("%+v, %v", f, err)
		}
		if e == dbtest.Postgres && (time.Since(f.Now).Abs() > time.Minute || f.Connections < 1 || f.Most <= f.Connections) {
			t.Errorf("PostgreSQL tells %+v", f)
		}
		if e == dbtest.SQLite && (!f.Now.IsZero() || !f.Durable || f.Most != 0) {
			t.Errorf("SQLite tells %+v", f)
		}
	})
}

func TestToAskForTheSchemaMakesNone(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		s := open(t, e, dbtest.Blank(t, e))
		if is, err := s.SchemaVersion(t.Context()); err != nil || is != 0 {
			t.Fatalf("a blank database is at %d, %v", is, err)
		}
		if _, err := s.raw().Exec(`SELECT 1 FROM schema_versions`); err == nil {
			t.Error("there is a table that tells of the schema")
		}
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		newest, err := s.NewestSchema()
		if err != nil || newest == 0 {
			t.Fatal(newest, err)
		}
		if is, err := s.SchemaVersion(t.Context()); err != nil || is != newest {
			t.Errorf("a migrated database is at %d of %d, %v", is, newest, err)
		}
	})
}

func TestADatabaseThatIsWellHasNothingToMend(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		s := dbtest.Open(t, dbtest.Database(t, e))
		damage, err1 := s.Damage(t.Context())
		invalid, err2 := s.InvalidIndexes(t.Context())
		unread, err3 := s.UnreadTables(t.Context())
		if err := errors.Join(err1, err2, err3); err != nil || len(damage)+len(invalid)+len(unread) > 0 {
			t.Errorf("%q %q %q %v", damage, invalid, unread, err)
		}
	})
}

func TestDamageIsToldFromADiskThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t, dbtest.Database(t, dbtest.SQLite))
	s.CheckFileBy(`SELECT 'Tree 9 page 9: unable to get the page. error code=11'`)
	if damage, err := s.Damage(t.Context()); err != nil || len(damage) != 1 {
		t.Errorf("of the file: %q, %v", damage, err)
	}
	s.CheckFileBy(`SELECT 'Tree 9 page 9: unable to get the page. error code=266'`)
	if damage, err := s.Damage(t.Context()); err == nil || len(damage) > 0 {
		t.Errorf("of the disk: %q, %v", damage, err)
	}
}

// A disk that does not answer says nothing of the file.
func TestWhatCannotBeReadIsNotDamaged(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t, dbtest.Database(t, dbtest.SQLite))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if damage, err := s.Damage(t.Context()); err == nil || len(damage) > 0 {
		t.Errorf("%q, %v", damage, err)
	}
}
