package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"flowxi.app/flowxi/internal/store"
)

func sqlitePath(t testing.TB) string { return filepath.Join(t.TempDir(), "flowxi.db") }

// sqliteDatabase writes down a database that was migrated once for all tests of the
// process.
func sqliteDatabase(t testing.TB) store.Options {
	t.Helper()
	template, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	path := sqlitePath(t)
	if err := os.WriteFile(path, template, 0o600); err != nil {
		t.Fatal(err)
	}
	return store.Options{Path: path}
}

var sqliteTemplate = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "flowxi-sqlite-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "flowxi.db")
	if err := migrate(store.Options{Path: path}); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// migrate leaves a database with today's schema, and nobody connected to it.
func migrate(o store.Options) (err error) {
	ctx := context.Background()
	s, err := store.Open(ctx, o)
	if err != nil {
		return fmt.Errorf("make a template: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.Migrate(ctx)
}
