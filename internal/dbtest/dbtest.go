// Package dbtest gives each test a database of its own, on either engine. Its one rule:
// a test never runs on fewer engines than there are. Where FLOWXI_TEST_POSTGRES_URL
// names no PostgreSQL server, one is started, once for each test process.
package dbtest

import (
	"testing"

	"flowxi.app/flowxi/internal/store"
)

// Engine is a kind of database.
type Engine string

// The engines that Flowxi runs on.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Engines runs f as a parallel subtest for each engine.
func Engines(t *testing.T, f func(t *testing.T, e Engine)) {
	t.Helper()
	for _, e := range []Engine{SQLite, Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			f(t, e)
		})
	}
}

// Database makes an empty database with today's schema. It is gone after the test. On
// SQLite it is a file of the name that a server looks for, in a folder of its own.
func Database(t testing.TB, e Engine) store.Options {
	t.Helper()
	if e == Postgres {
		return postgresDatabase(t)
	}
	return sqliteDatabase(t)
}

// Open opens a database, and closes it after the test.
func Open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Blank makes a database without even a schema. It is gone after the test.
func Blank(t testing.TB, e Engine) store.Options {
	t.Helper()
	if e == Postgres {
		return createDatabase(t, "template0")
	}
	return store.Options{Path: sqlitePath(t)}
}
