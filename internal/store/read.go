package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"flowxi.app/flowxi/internal/trace"
)

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
