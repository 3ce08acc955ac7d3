package store

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// MaxInsert is how many rows are a good page: enough for the commit not to matter, few
// enough to be kept in memory and done again.
const MaxInsert = 500

// maxParameters is how many one statement has: SQLite looks for each among all others.
const maxParameters = 400

// Insert writes rows of a table as they are, ids included. It leaves out those that are
// in the way of others, and tells how many it wrote.
func (tx *Tx) Insert(ctx context.Context, t Table, list []Row) (written int64, err error) {
	for few := range slices.Chunk(list, max(1, maxParameters/len(t.Columns))) {
		n, err := tx.insert(ctx, t, few)
		if err != nil {
			return 0, err
		}
		written += n
	}
	return written, nil
}

func (tx *Tx) insert(ctx context.Context, t Table, list []Row) (int64, error) {
	var args []any
	lines := make([]string, len(list))
	for i, row := range list {
		lines[i] = `(` + places(len(args)+1, len(row)) + `)`
		args = append(args, row...)
	}
	return tx.exec(ctx, "insert into "+t.Name, `
		INSERT INTO `+t.Name+` (`+strings.Join(t.names(), ", ")+`) VALUES `+strings.Join(lines, ", ")+` ON CONFLICT DO NOTHING`, args...)
}

// RaiseCounter notes that a table has given ids up to n, as Snapshot.Counter told it, so
// that none is given again. The rows of the table are there by then.
func (tx *Tx) RaiseCounter(ctx context.Context, t Table, n int64) error {
	if t.Name == auditTable && n >= firstChained {
		// SQLite counts ids that it did not give. What counts is what 0.1.0 counted, and a node
		// of it may yet run beside this one: its next id must be a low one.
		err := tx.row(ctx, "read last counted audit event", `
			SELECT COALESCE(MAX(id), 0) FROM audit_events WHERE id < $1`, []any{int64(firstChained)}, &n)
		if err != nil {
			return err
		}
	}
	if n <= 0 {
		return nil
	}
	for _, statement := range tx.engine.setCounter {
		if _, err := tx.exec(ctx, "set counter of "+t.Name, statement, t.Name, t.Key[0], n); err != nil {
			return err
		}
	}
	return nil
}

// Last is the primary key of the last row of a table, nil where it has none.
func (s *Store) Last(ctx context.Context, t Table) (Row, error) {
	list, err := rows(ctx, s.reader, "read the end of "+t.Name,
		`SELECT `+strings.Join(t.Key, ", ")+` FROM `+t.Name+` ORDER BY `+t.order(s.engine, " DESC")+` LIMIT 1`, nil,
		func(from scanner) (Row, error) { return scanRow(t.keyColumns(), from) })
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// Once is Tx without another attempt, for what cannot be done twice. What takes long has
// its deadline from the caller.
func (s *Store) Once(ctx context.Context, fn func(*Tx) error) (err error) {
	ctx, w := s.begin(ctx, "whole transaction")
	defer func() { w.end(s.tally, Write, err) }()
	return s.try(ctx, w, s.engine.isolation, fn)
}

// mover is the name of the lease that marks a database into which another is being
// moved. It never ends by itself.
const mover = "move"

// Moving tells which move into this database is unfinished: empty where there is none.
func (s *Store) Moving(ctx context.Context) (mark string, err error) {
	there, err := s.hasTable(ctx, s.engine, staying)
	if err != nil || !there {
		return "", err
	}
	err = s.row(ctx, "read mark of move", `SELECT holder FROM leases WHERE name = $1`, []any{mover}, &mark)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return mark, err
}

// ErrInhabited says that a database has people of its own.
var ErrInhabited = errors.New("store: there are people in the database")

// BeginMove empties the database of whatever an earlier move left in it and marks it, so
// that no server starts on it before EndMove. A database without a mark must be empty,
// or it is ErrInhabited, be it since somebody registered a moment ago.
func (s *Store) BeginMove(ctx context.Context, mark string) error {
	return s.Tx(ctx, func(tx *Tx) error {
		var inhabited bool
		err := tx.row(ctx, "look for people", `
			SELECT EXISTS (SELECT 1 FROM users) AND NOT EXISTS (SELECT 1 FROM leases WHERE name = $1)`, []any{mover}, &inhabited)
		if err != nil {
			return err
		}
		if inhabited {
			return ErrInhabited
		}
		for _, name := range slices.Backward(travelling) {
			if _, err := tx.exec(ctx, "empty "+name, `DELETE FROM `+name); err != nil {
				return err
			}
		}
		_, err = tx.exec(ctx, "mark move", `
			INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, 0)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder`, mover, mark)
		return err
	})
}

// EndMove takes the mark away: servers may start.
func (s *Store) EndMove(ctx context.Context) error {
	return s.Tx(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, "end move", `DELETE FROM leases WHERE name = $1`, mover)
		return err
	})
}

// Identify gives the database a name that no other has, the first time, and returns it.
// The name is given by the caller, and goes nowhere: a copy of the file has it too.
func (s *Store) Identify(ctx context.Context, name string) (string, error) {
	err := s.Tx(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, "name database", `
			INSERT INTO leases (name, holder, expires_at) VALUES ('instance', $1, 0) ON CONFLICT (name) DO NOTHING`, name)
		if err != nil {
			return err
		}
		return tx.row(ctx, "read name of database", `SELECT holder FROM leases WHERE name = 'instance'`, nil, &name)
	})
	return name, err
}
