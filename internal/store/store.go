// Package store holds all of Flowxi's SQL; nothing outside it speaks SQL. Its one
// rule: every promise of single use, of one per device and of counting is carried by
// one conditional statement or a unique index, inside a serializable transaction or one
// that RowTx tells of, never by reading first and writing later in the hope that nothing
// happened between.
//
// Open, then Migrate. A read is a method of Store; what writes is a method of Tx, inside
// Store.Tx or Store.RowTx, which may run it more than once. There is a file for each noun.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/seal"
)

// ErrNotFound says that no row is there.
var ErrNotFound = errors.New("store: not found")

// ErrUncertain says that a transaction failed in its last step, so that it may have been
// done.
var ErrUncertain = errors.New("store: nobody knows whether it was done")

// ErrBusy says that a transaction lost every one of its races or that the database
// could not be had in time; nothing was written. It is account.ErrServiceUnavailable too.
var ErrBusy = fmt.Errorf("store: too much contention: %w", account.ErrServiceUnavailable)

// Options says where the data is: a PostgreSQL URL, or else the path of an SQLite file.
type Options struct {
	URL  string
	Path string

	// Look opens what is only read, and leaves an SQLite file and its journal as they are:
	// whoever closes one that a server has left in a crash would else write the journal
	// into it. Nothing can be written then, Migrate included.
	Look bool

	// Keys seals the key of the audit trail; nil where no event is written or verified.
	Keys *seal.KeyRing

	// Observe is told how long each piece of work took, from many goroutines; nil where
	// nobody asks.
	Observe func(Work, time.Duration)
}

// Store is a database, SQLite or PostgreSQL. It is safe for concurrent use.
type Store struct {
	reader // statements that only read, outside a transaction

	engine engine
	db     *sql.DB // writes
	ro     *sql.DB // reads; the same pool as db on PostgreSQL
	trail  *trail
	turns  *turns // of those who write; nil on PostgreSQL, which has many at a time

	tableWait time.Duration // how long Migrate waits for others to let go of a table
}

// Open connects to the database. It does not migrate it.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.URL != "" {
		db, err := openPostgres(ctx, o.URL)
		if err != nil {
			return nil, err
		}
		t := newTally(o.Observe)
		return &Store{reader: reader{q: db, tally: t}, engine: postgresEngine(), db: db, ro: db, trail: newTrail(o.Keys), tableWait: tableWait}, nil
	}
	db, ro, err := openSQLite(o.Path, o.Look)
	if err != nil {
		return nil, err
	}
	t := newTally(o.Observe)
	s := &Store{reader: reader{q: ro, tally: t, free: true, seats: newSeats(readers())}, engine: sqliteEngine(), db: db, ro: ro, trail: newTrail(o.Keys), turns: newTurns(), tableWait: tableWait}
	// The writer goes first: it is the one that may turn a new file into a WAL database.
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(opening(o.Path, err), s.Close())
	}
	return s, nil
}

// Close gives back every connection.
func (s *Store) Close() error {
	if s.ro == s.db {
		return s.db.Close()
	}
	return errors.Join(s.ro.Close(), s.db.Close())
}

// Engine is the kind of database: "sqlite" or "postgres".
func (s *Store) Engine() string { return s.engine.name }

// Ping asks the database for an answer.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.row(ctx, "ping", `SELECT 1`, nil, &one)
}
