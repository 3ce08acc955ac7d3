package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

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
	begun, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: isolation})
	if err != nil && ctx.Err() != nil { // it stood in line for the database until its time was up
		return fmt.Errorf("%w: begin: %w", ErrBusy, err)
	}
	if err != nil {
		return wrap("begin", err)
	}
	defer func() { _ = begun.Rollback() }() // does nothing after a commit
	tx := &Tx{reader: reader{q: begun, within: w.span}, engine: &s.engine, trail: s.trail}
	if err := fn(tx); err != nil {
		return err
	}
	if err := s.finish(begun); err != nil {
		return err
	}
	s.trail.committed(tx.audited)
	return nil
}

// finish commits. Where the database does not say that it lost a race, or that there is no room
// for it, ErrUncertain.
func (s *Store) finish(tx *sql.Tx) error {
	err := tx.Commit()
	if err == nil || s.engine.conflicts(err) || s.engine.full(err) {
		return wrap("commit", err)
	}
	return fmt.Errorf("%w: %w", ErrUncertain, wrap("commit", err))
}
