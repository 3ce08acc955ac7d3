package store

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Facts is what a database tells of itself to an operator.
type Facts struct {
	Version     string
	Now         time.Time // by its own clock; zero on SQLite, which has that of this machine
	Durable     bool      // what was answered is on its disk
	Autovacuum  bool      // dead rows are cleared away
	Connections int64     // that are open, by whomever
	Most        int64     // of them; 0 where there is no bound
}

// Facts asks the database.
func (s *Store) Facts(ctx context.Context) (f Facts, err error) {
	err = s.row(ctx, "read facts", s.engine.facts, nil, &f.Version, stamp{&f.Now}, &f.Durable, &f.Autovacuum, &f.Connections, &f.Most)
	return f, err
}

// Damage reads the whole file of an SQLite database, as long as ctx lasts, and lists what
// is broken in it. On PostgreSQL there is nothing to read.
func (s *Store) Damage(ctx context.Context) ([]string, error) {
	list, err := rows(ctx, s.reader, "check file", s.engine.damage, nil, scanOne[string])
	switch {
	case ctx.Err() != nil:
		return nil, errors.Join(ctx.Err(), err)
	case tellsDamage(err):
		return []string{err.Error()}, nil
	}
	return slices.DeleteFunc(list, func(line string) bool { return line == "ok" }), err
}

// InvalidIndexes lists the indexes that are kept and not used, since the making of them
// was cut short.
func (s *Store) InvalidIndexes(ctx context.Context) ([]string, error) {
	return rows(ctx, s.reader, "list invalid indexes", s.engine.invalid, nil, scanOne[string])
}

// UnreadTables lists the tables of a megabyte and more that were never analyzed.
func (s *Store) UnreadTables(ctx context.Context) ([]string, error) {
	return rows(ctx, s.reader, "list tables without statistics", s.engine.unread, nil, scanOne[string])
}
