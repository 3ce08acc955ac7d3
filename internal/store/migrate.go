package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
)

// A step that changes a table of PostgreSQL needs it for itself, and everybody else queues
// up behind a step that waits for it. So steps wait for no more than a moment (lock_timeout
// in each of them), and between two tries others are served for longer than that.
const (
	tableWait  = time.Minute
	tablePause = 3 * time.Second
)

// Migrate brings the schema up to date. Nodes that start together take turns. Where a
// backup or another long transaction is at a table, it waits for a minute.
func (s *Store) Migrate(ctx context.Context) error {
	p, err := s.migrator()
	if err != nil {
		return err
	}
	for began := time.Now(); ; {
		err := s.up(ctx, p)
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
func (s *Store) up(ctx context.Context, p *goose.Provider) error {
	_, err := p.Up(ctx)
	// SQLite has no lock to take turns by. Each step is a transaction, so whoever lost one
	// to another process finds it done when looking again.
	for lost := 0; err != nil && s.ro != s.db && lost < len(p.ListSources()); lost++ {
		_, err = p.Up(ctx)
	}
	return err
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
