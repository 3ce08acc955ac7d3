package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// SQLite has one writer, and each of its commits waits for the disk. So those who write at
// the same time share a transaction, one after the other, and one commit: it costs one
// fsync, as it would for any of them alone. Nobody is told that something was done before it
// is on disk, and who fails takes back what they alone have written.

// batch is a transaction that is shared. Who has the turn may use it, and nobody else.
type batch struct {
	tx      *sql.Tx
	cancel  context.CancelFunc // of its context, once it has ended
	members int                // that have done their work and rely on the commit
	audited []chained          // by those

	ended chan struct{} // closed once err is set
	err   error         // what became of the commit
}

// turns has one piece of work after the other write. The channel holds the batch that the
// next one joins, nil where they begin one.
type turns struct {
	next chan *batch
	waiting
}

func newTurns() *turns {
	t := &turns{next: make(chan *batch, 1)}
	t.next <- nil
	return t
}

// take waits for a turn, first come, first served.
func (t *turns) take(ctx context.Context) (*batch, error) {
	select {
	case b := <-t.next:
		return b, nil
	default:
	}
	defer t.end(t.begin())
	select {
	case b := <-t.next:
		return b, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: begin: %w", ErrBusy, ctx.Err())
	}
}

// pass gives the turn on, with the batch if others may still join it.
func (t *turns) pass(b *batch) {
	if b != nil && b.isOver() {
		b = nil
	}
	t.next <- b
}

// errLost says that the transaction is gone in which somebody had written, since another
// who shared it ran into a fault. It may be tried again.
var errLost = errors.New("store: a shared transaction was rolled back")

// share runs fn in a transaction with those who come at the same time, and returns once it
// is on disk, or with fn's own error once what that rests on is.
//
// Who has done their work passes the turn on and stands in line for it again, behind all
// who came meanwhile. So the first to have it twice commits, for them too.
func (s *Store) share(ctx context.Context, w work, fn func(*Tx) error) error {
	b, err := s.takePart(ctx, w, fn)
	if b == nil {
		return err
	}
	select {
	case <-b.ended:
	case again := <-s.turns.next:
		if again == b {
			s.commit(b)
		}
		s.turns.pass(again)
	}
	if b.err != nil {
		return b.err
	}
	return err
}

// takePart has its turn, in which it does a piece of work. It returns the batch whose
// commit that work waits for, nil where it waits for none.
func (s *Store) takePart(ctx context.Context, w work, fn func(*Tx) error) (waits *batch, err error) {
	b, err := s.turns.take(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { s.turns.pass(b) }() // after a panic, too
	if b == nil {
		if b, err = s.beginBatch(ctx); err != nil {
			return nil, err
		}
	}
	err = s.join(ctx, b, w, fn)
	if b.isOver() {
		return nil, err
	}
	return b, err
}

// beginBatch begins a transaction that outlives the context of who has begun it.
func (s *Store) beginBatch(ctx context.Context) (*batch, error) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	free := context.AfterFunc(ctx, cancel)
	tx, err := s.db.BeginTx(own, &sql.TxOptions{Isolation: s.engine.isolation})
	if !free() { // it stood in line for the database until its time was up
		cancel() // which rolls back
		return nil, fmt.Errorf("%w: begin: %w", ErrBusy, errors.Join(ctx.Err(), err))
	}
	if err != nil {
		cancel()
		return nil, wrap("begin", err)
	}
	return &batch{tx: tx, cancel: cancel, ended: make(chan struct{})}, nil
}

// join does a piece of work in a batch. Where it fails the batch is as it was before, or
// at its end if that cannot be had.
func (s *Store) join(ctx context.Context, b *batch, w work, fn func(*Tx) error) error {
	alone, done := b.members == 0, false
	defer func() {
		if !done && (alone || !b.do(ctx, rollbackTo, release)) { // after a panic, too
			_ = b.tx.Rollback()
			b.end(errLost)
		}
	}()
	if !alone && !b.do(ctx, savepoint) {
		return errLost
	}
	tx := &Tx{reader: reader{q: b.tx, within: w.span, free: true}, engine: &s.engine, trail: s.trail, audited: b.audited}
	if err := fn(tx); err != nil {
		return err
	}
	if !alone && !b.do(ctx, release) {
		return errLost
	}
	done = true
	b.members, b.audited = b.members+1, tx.audited
	return nil
}

// What is written after a savepoint can be taken back by itself. The first in a batch needs
// none: it has all of the transaction to take back.
const savepoint, rollbackTo, release = `SAVEPOINT work`, `ROLLBACK TO work`, `RELEASE work`

// do runs statements about a savepoint. They fail where a fault has ended the transaction.
func (b *batch) do(ctx context.Context, statements ...string) bool {
	for _, statement := range statements {
		if _, err := b.tx.ExecContext(context.WithoutCancel(ctx), statement); err != nil {
			return false
		}
	}
	return true
}

// commit ends a batch with what it holds.
func (s *Store) commit(b *batch) {
	err := s.finish(b.tx)
	if err == nil {
		s.trail.committed(b.audited)
	}
	b.end(err)
}

// isOver tells whether a batch has ended. It asks for the turn.
func (b *batch) isOver() bool {
	select {
	case <-b.ended:
		return true
	default:
		return false
	}
}

// end tells all who rely on the batch what became of it.
func (b *batch) end(err error) {
	b.err = err
	close(b.ended)
	b.cancel()
}
