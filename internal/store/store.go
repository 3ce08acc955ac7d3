// Package store holds all of Flowxi's SQL; nothing outside it speaks SQL. Its one
// rule: every promise of single use, of one per device and of counting is carried by
// one conditional statement or a unique index, inside a serializable transaction or one
// that RowTx tells of, never by reading first and writing later in the hope that nothing
// happened between.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/trace"
)

// ErrNotFound says that no row is there.
var ErrNotFound = errors.New("store: not found")

// ErrUncertain says that a transaction failed in its last step, so that it may have been
// done.
var ErrUncertain = errors.New("store: nobody knows whether it was done")

// ErrBusy says that a transaction lost every one of its races or that the database
// could not be had in time; nothing was written. It is account.ErrServiceUnavailable too.
var ErrBusy = fmt.Errorf("store: too much contention: %w", account.ErrServiceUnavailable)

//go:embed migrations
var migrations embed.FS

// Options says where the data is: a PostgreSQL URL, or else the path of an SQLite file.
type Options struct {
	URL  string
	Path string

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
	db, ro, err := openSQLite(o.Path)
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

// Migration is one step of the schema.
type Migration struct {
	Version   int64     `json:"version"`
	Name      string    `json:"name"`
	AppliedAt time.Time `json:"applied_at"` // zero where it is still to come
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

// SchemaVersion is the last step of the schema that was taken, 0 where none was.
func (s *Store) SchemaVersion(ctx context.Context) (int64, error) {
	p, err := s.migrator()
	if err != nil {
		return 0, err
	}
	version, err := p.GetDBVersion(ctx)
	if err != nil {
		return 0, fmt.Errorf("read version of schema: %w", err)
	}
	return version, nil
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
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithTableName("schema_versions")}
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

// Tx is a transaction, serializable where Store.Tx began it. It must not be used by two
// goroutines at once.
type Tx struct {
	reader

	engine  *engine
	trail   *trail
	audited []chained // events of this transaction
	written int64     // rows that its statements have changed
}

// exec is that of the reader, and counts what the transaction has written.
func (tx *Tx) exec(ctx context.Context, what, query string, args ...any) (n int64, err error) {
	n, err = tx.reader.exec(ctx, what, query, args...)
	tx.written += n
	return n, err
}

const (
	txTime  = 5 * time.Second       // for all attempts, before ErrBusy
	txPause = 60 * time.Millisecond // longest wait between two attempts
)

// Tx runs fn in a serializable transaction and commits where fn returns nil. Where the
// database reports a conflict fn is run again, so fn must not change anything outside
// the transaction that a second run would get wrong. It returns fn's own error
// unchanged, or ErrBusy. A ctx without a deadline ends after workTime.
func (s *Store) Tx(ctx context.Context, fn func(*Tx) error) (err error) {
	ctx, w := s.begin(ctx, "transaction")
	defer func() { w.end(s.tally, Write, err) }()
	return s.insist(ctx, w, s.engine.isolation, fn)
}

// RowTx is Tx for work that rests on nothing but rows that it writes, and on what may
// change right after it without harm. It sees one moment, and is run again where another
// has written one of its rows since.
//
// PostgreSQL keeps transactions serializable by watching the pages of the indexes that they
// read. All new people go to the same few, and so collide, if they come at once.
func (s *Store) RowTx(ctx context.Context, fn func(*Tx) error) (err error) {
	ctx, w := s.begin(ctx, "transaction")
	defer func() { w.end(s.tally, Write, err) }()
	return s.insist(ctx, w, s.engine.rows, fn)
}

// alone is Tx for what needs no more than that each of its statements guards itself. It
// takes no part in the conflicts of serializable transactions: these read whole tables
// where the tables are small, and a queue that all of them write to would stop them all.
func (s *Store) alone(ctx context.Context, fn func(*Tx) error) (err error) {
	ctx, w := s.begin(ctx, "statement")
	defer func() { w.end(s.tally, Write, err) }()
	return s.insist(ctx, w, s.engine.guarded, fn)
}

func (s *Store) insist(ctx context.Context, w work, isolation sql.IsolationLevel, fn func(*Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := s.try(ctx, w, isolation, fn)
		if errors.Is(err, errSealed) { // the first event of this process
			if err = s.HoldTrail(ctx); err == nil {
				continue
			}
		}
		if err == nil || !s.engine.conflicts(err) {
			if demoted(err) {
				forget(s.db)
			}
			return err
		}
		if time.Since(w.began) > txTime {
			return fmt.Errorf("%w: %w", ErrBusy, err)
		}
		s.tally.retries.Add(1)
		ceiling := min(txPause, time.Millisecond<<min(attempt, 10))
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
		case <-time.After(rand.N(ceiling)): //nolint:gosec // spreads callers, guards nothing
		}
	}
}

// try runs fn in a transaction, once.
func (s *Store) try(ctx context.Context, w work, isolation sql.IsolationLevel, fn func(*Tx) error) error {
	if s.turns != nil {
		return s.share(ctx, w, fn)
	}
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: isolation})
	if err != nil && ctx.Err() != nil { // it stood in line for the database until its time was up
		return fmt.Errorf("%w: begin: %w", ErrBusy, err)
	}
	if err != nil {
		return wrap("begin", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	work := &Tx{reader: reader{q: tx, within: w.span}, engine: &s.engine, trail: s.trail}
	if err := fn(work); err != nil {
		return err
	}
	if err := s.finish(tx); err != nil {
		return err
	}
	s.trail.committed(work.audited)
	return nil
}

// finish commits. Where the database does not say that it lost a race, ErrUncertain.
func (s *Store) finish(tx *sql.Tx) error {
	err := tx.Commit()
	if err == nil || s.engine.conflicts(err) {
		return wrap("commit", err)
	}
	return fmt.Errorf("%w: %w", ErrUncertain, wrap("commit", err))
}

// reader runs statements on a pool or inside a transaction.
type reader struct {
	q      querier
	tally  *tally     // nil inside a transaction, which is counted as a whole
	within trace.Span // of the transaction
	free   bool       // to read a row without waiting for whoever writes
	seats  *seats     // of those who read SQLite outside a transaction, or else nil
}

type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// exec runs a statement and tells how many rows it changed.
func (r reader) exec(ctx context.Context, what, query string, args ...any) (n int64, err error) {
	ctx, w := r.begin(ctx, what)
	defer func() { w.end(r.tally, Read, err) }()
	if err := r.seats.take(ctx); err != nil {
		return 0, wrap(what, err)
	}
	defer r.seats.leave()
	res, err := r.q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, wrap(what, err)
	}
	n, err = res.RowsAffected()
	if err != nil {
		return 0, wrap(what, err)
	}
	return n, nil
}

// row scans the one row of a query, or returns ErrNotFound. To be ready for the end of a
// context takes two goroutines for each statement, which a reader of SQLite can do without:
// it waits for nobody once it has a seat.
func (r reader) row(ctx context.Context, what, query string, args []any, dest ...any) (err error) {
	ctx, w := r.begin(ctx, what)
	defer func() { w.end(r.tally, Read, err) }()
	if err := r.seats.take(ctx); err != nil {
		return wrap(what, err)
	}
	defer r.seats.leave()
	if r.free {
		ctx = endless{ctx}
	}
	err = r.q.QueryRowContext(ctx, query, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return wrap(what, err)
	}
	return nil
}

// rows collects every row of a query.
func rows[T any](ctx context.Context, r reader, what, query string, args []any, scan func(scanner) (T, error)) (list []T, err error) {
	ctx, w := r.begin(ctx, what)
	defer func() { w.end(r.tally, Read, err) }()
	if err := r.seats.take(ctx); err != nil {
		return nil, wrap(what, err)
	}
	defer r.seats.leave()
	rs, err := r.q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, wrap(what, err)
	}
	defer func() { err = errors.Join(err, rs.Close()) }()
	for rs.Next() {
		v, err := scan(rs)
		if err != nil {
			return nil, wrap(what, err)
		}
		list = append(list, v)
	}
	if err := rs.Err(); err != nil {
		return nil, wrap(what, err)
	}
	return list, nil
}

type scanner interface{ Scan(dest ...any) error }

// micros is how a time stands in the database: microseconds since 1970, 0 for never.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// stamp scans what micros wrote.
type stamp struct{ t *time.Time }

// Scan implements sql.Scanner.
func (s stamp) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a time of type %T", v)
	}
	*s.t = time.Time{}
	if n != 0 {
		*s.t = time.UnixMicro(n).UTC()
	}
	return nil
}
