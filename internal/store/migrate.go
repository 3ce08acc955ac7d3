package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// versionTable is where goose notes the steps that were taken.
const versionTable = "schema_versions"

// Migration is one step of the schema.
type Migration struct {
	Version   int64     `json:"version"`
	Name      string    `json:"name"`
	AppliedAt time.Time `json:"applied_at,omitzero"` // zero where it is still to come
}

// MigrateTo brings an empty database up to a version of the schema that is not the
// newest, so that it can take what a database of that version held.
func (s *Store) MigrateTo(ctx context.Context, version int64) error {
	p, err := s.migrator()
	if err != nil {
		return err
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		return fmt.Errorf("migrate to version %d: %w", version, err)
	}
	return nil
}

// SchemaVersion is the last step of the schema that was taken, 0 where none was. To ask
// changes nothing.
func (s *Store) SchemaVersion(ctx context.Context) (version int64, err error) {
	there, err := s.hasTable(ctx, s.engine, versionTable)
	if err != nil || !there {
		return 0, err
	}
	err = s.row(ctx, "read version of schema", `SELECT COALESCE(MAX(version_id), 0) FROM `+versionTable+` WHERE is_applied`, nil, &version)
	return version, err
}

// NewestSchema is the last step of the schema that this program knows.
func (s *Store) NewestSchema() (int64, error) {
	p, err := s.migrator()
	if err != nil {
		return 0, err
	}
	list := p.ListSources()
	return list[len(list)-1].Version, nil
}

// Migrations lists every step of the schema, oldest first.
func (s *Store) Migrations(ctx context.Context) ([]Migration, error) {
	p, err := s.migrator()
	if err != nil {
		return nil, err
	}
	return steps(ctx, p)
}

func steps(ctx context.Context, p *goose.Provider) ([]Migration, error) {
	states, err := p.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	list := make([]Migration, len(states))
	for i, m := range states {
		list[i] = Migration{Version: m.Source.Version, Name: m.Source.Path, AppliedAt: m.AppliedAt}
	}
	return list, nil
}

func (s *Store) migrator() (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations/"+s.engine.name)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithTableName(versionTable)}
	if s.engine.dialect == goose.DialectPostgres {
		// A lock row, since advisory locks do not survive a pooler in transaction mode.
		locker, err := lock.NewPostgresTableLocker(lock.WithTableName("schema_lock"), lock.WithTableLockTimeout(200*time.Millisecond, 300))
		if err != nil {
			return nil, fmt.Errorf("migration lock: %w", err)
		}
		options = append(options, goose.WithLocker(locker))
	}
	p, err := goose.NewProvider(s.engine.dialect, s.db, dir, options...)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}

// A step that changes a table of PostgreSQL needs it for itself, and everybody else queues
// up behind a step that waits for it. So steps wait for no more than a moment (lock_timeout
// in each of them), and between two tries others are served for longer than that.
const (
	tableWait  = time.Minute
	tablePause = 3 * time.Second
)

// Migrate brings the schema up to date. Nodes that start together take turns. Where a
// backup or another long transaction is at a table, it waits for a minute.
func (s *Store) Migrate(ctx context.Context) error { return s.MigrateTelling(ctx, nil) }

// MigrateTelling is Migrate that tells of each step before it is taken, which one it is of
// how many; nil is for nobody. A step that is tried again is told again.
func (s *Store) MigrateTelling(ctx context.Context, tell func(step Migration, n, of int)) error {
	p, err := s.migrator()
	if err != nil {
		return err
	}
	for began := time.Now(); ; {
		err := s.up(ctx, p, tell)
		switch {
		case err == nil:
			return nil
		case !tableHeld(err):
			return fmt.Errorf("migrate: %w", err)
		case time.Since(began) >= s.tableWait:
			return fmt.Errorf("migrate: a backup, or another long transaction, holds a table for longer than %s: let it end, or end it (pg_stat_activity tells which it is), and migrate again: %w", s.tableWait, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("migrate: %w: %w", ctx.Err(), err)
		case <-time.After(min(tablePause, s.tableWait)):
		}
	}
}

// up takes the steps that are still to come.
func (s *Store) up(ctx context.Context, p *goose.Provider, tell func(step Migration, n, of int)) error {
	err := take(ctx, p, tell)
	// SQLite has no lock to take turns by. Each step is a transaction, so whoever lost one
	// to another process finds it done when looking again.
	for lost := 0; err != nil && s.ro != s.db && lost < len(p.ListSources()); lost++ {
		err = take(ctx, p, tell)
	}
	return err
}

// take takes all steps at once, or one by one where somebody is told.
func take(ctx context.Context, p *goose.Provider, tell func(step Migration, n, of int)) error {
	if tell == nil {
		_, err := p.Up(ctx)
		return err
	}
	list, err := steps(ctx, p)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(m Migration) bool { return !m.AppliedAt.IsZero() })
	for i, m := range list {
		tell(m, i+1, len(list))
		if _, err := p.UpTo(ctx, m.Version); err != nil {
			return err
		}
	}
	return nil
}

// tableHeld tells whether a step gave up waiting for a table (lock_not_available).
func tableHeld(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "55P03"
}

// ErrOlderSchema and ErrNewerSchema say that another version of this program made the
// database.
var (
	ErrOlderSchema = errors.New("run flowxi migrate up first")
	ErrNewerSchema = errors.New("use the newer program")
)

// CheckSchema compares the schema with the one that this program knows. It returns
// ErrOlderSchema or ErrNewerSchema where they differ.
func (s *Store) CheckSchema(ctx context.Context) error {
	is, err := s.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	newest, err := s.NewestSchema()
	if err != nil {
		return err
	}
	switch {
	case is < newest:
		return fmt.Errorf("the database is at version %d of the schema and this program at %d: %w", is, newest, ErrOlderSchema)
	case is > newest:
		return fmt.Errorf("the database is at version %d of the schema and this program only at %d: %w", is, newest, ErrNewerSchema)
	}
	return nil
}
