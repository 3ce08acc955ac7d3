package store

import (
	"context"
	"database/sql"
	"testing"
	"time"
)

// asked notes the contexts that statements are run with.
type asked struct {
	querier
	left []time.Duration // until their deadline, 0 where there is none
}

func (a *asked) note(ctx context.Context) {
	at, bounded := ctx.Deadline()
	if !bounded {
		a.left = append(a.left, 0)
		return
	}
	a.left = append(a.left, time.Until(at))
}

func (a *asked) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	a.note(ctx)
	return a.querier.ExecContext(ctx, query, args...)
}

func (a *asked) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	a.note(ctx)
	return a.querier.QueryContext(ctx, query, args...)
}

func (a *asked) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	a.note(ctx)
	return a.querier.QueryRowContext(ctx, query, args...)
}

func TestNoStatementIsWithoutADeadline(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{Path: t.TempDir() + "/flowxi.db"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	every := func(r reader) error {
		var one int
		if err := r.row(context.Background(), "row", `SELECT 1`, nil, &one); err != nil {
			return err
		}
		if _, err := r.exec(context.Background(), "exec", `SELECT 1`); err != nil {
			return err
		}
		_, err := rows(context.Background(), r, "rows", `SELECT 1`, nil, func(row scanner) (n int, err error) {
			return n, row.Scan(&n)
		})
		return err
	}
	outside := &asked{querier: s.ro}
	if err := every(reader{q: outside, tally: s.tally}); err != nil {
		t.Fatal(err)
	}
	inside := &asked{}
	err = s.Tx(context.Background(), func(tx *Tx) error {
		inside.querier = tx.q
		return every(reader{q: inside, within: tx.within})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, left := range append(outside.left, inside.left...) {
		if left <= workTime/2 || left > workTime {
			t.Errorf("a statement has %s left", left)
		}
	}
	if len(outside.left) != 3 || len(inside.left) != 3 {
		t.Errorf("%d and %d statements were seen", len(outside.left), len(inside.left))
	}
}
