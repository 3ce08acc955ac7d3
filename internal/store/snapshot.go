package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"
)

// Snapshot is what the database held at one moment, whatever is written since. It is
// for one goroutine.
type Snapshot struct {
	Tables []Table // that go along to another database, each after those that it refers to

	reader
	engine engine
	tx     *sql.Tx
}

// Snapshot takes a snapshot of this moment. Its owner closes it soon: meanwhile the
// database keeps everything that is deleted and replaced.
func (s *Store) Snapshot(ctx context.Context) (*Snapshot, error) {
	tx, err := s.ro.BeginTx(ctx, &s.engine.snapshot)
	if err != nil {
		return nil, wrap("take snapshot", err)
	}
	shot := &Snapshot{reader: reader{q: tx, tally: s.tally}, engine: s.engine, tx: tx}
	// The first read is what fixes the moment.
	if shot.Tables, err = shot.describe(ctx, s.engine); err != nil {
		return nil, errors.Join(err, shot.Close())
	}
	return shot, nil
}

// Close lets the database forget the moment.
func (s *Snapshot) Close() error {
	if err := s.tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return wrap("close snapshot", err)
	}
	return nil
}

// Count tells how many rows a table has.
func (s *Snapshot) Count(ctx context.Context, t Table) (n int64, err error) {
	err = s.row(ctx, "count "+t.Name, `SELECT COUNT(*) FROM `+t.Name, nil, &n)
	return n, err
}

// Counter is the highest id that a table has ever given, 0 where it gives none.
func (s *Snapshot) Counter(ctx context.Context, t Table) (n int64, err error) {
	err = s.row(ctx, "read counter of "+t.Name, s.engine.counter, []any{t.Name, t.Key[0]}, &n)
	return n, err
}

// Rows yields the rows of a table after one whose primary key is given, or all of them,
// in the order of the primary key. Only one table can be read at a time.
func (s *Snapshot) Rows(ctx context.Context, t Table, after Row) iter.Seq2[Row, error] {
	query := `SELECT ` + strings.Join(t.names(), ", ") + ` FROM ` + t.Name
	if after != nil {
		query += ` WHERE (` + t.order(s.engine, "") + `) > (` + places(1, len(after)) + `)`
	}
	query += ` ORDER BY ` + t.order(s.engine, "")
	return func(yield func(Row, error) bool) {
		rs, err := s.q.QueryContext(ctx, query, after...)
		if err != nil {
			yield(nil, wrap("read "+t.Name, err))
			return
		}
		defer func() { _ = rs.Close() }()
		for rs.Next() {
			row, err := scanRow(t.Columns, rs)
			if err != nil {
				yield(nil, fmt.Errorf("read %s: %w", t.Name, err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := rs.Err(); err != nil {
			yield(nil, wrap("read "+t.Name, err))
		}
	}
}

// Photos yields the key of each person's photo, by the id of the person.
func (s *Snapshot) Photos(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		rs, err := s.q.QueryContext(ctx, `SELECT photo_key FROM users WHERE photo_key <> '' ORDER BY id`)
		if err != nil {
			yield("", wrap("list photos", err))
			return
		}
		defer func() { _ = rs.Close() }()
		for rs.Next() {
			key, err := scanOne[string](rs)
			if !yield(key, err) || err != nil {
				return
			}
		}
		if err := rs.Err(); err != nil {
			yield("", wrap("list photos", err))
		}
	}
}

// CountPhotos tells how many people have a photo.
func (s *Snapshot) CountPhotos(ctx context.Context) (n int64, err error) {
	err = s.row(ctx, "count photos", `SELECT COUNT(*) FROM users WHERE photo_key <> ''`, nil, &n)
	return n, err
}

func scanRow(columns []Column, from scanner) (Row, error) {
	row, dest := make(Row, len(columns)), make([]any, len(columns))
	for i := range row {
		dest[i] = &row[i]
	}
	if err := from.Scan(dest...); err != nil {
		return nil, err
	}
	for i, c := range columns {
		var err error
		if row[i], err = c.value(row[i]); err != nil {
			return nil, err
		}
	}
	return row, nil
}

// places are the marks of so many parameters, counted from first: "$1, $2".
func places(first, n int) string {
	marks := make([]string, n)
	for i := range marks {
		marks[i] = fmt.Sprint("$", first+i)
	}
	return strings.Join(marks, ", ")
}
