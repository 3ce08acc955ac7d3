package store

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
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
// is broken in it. A disk that does not give what is in the file is an error. On PostgreSQL
// there is nothing to read.
func (s *Store) Damage(ctx context.Context) ([]string, error) {
	list, err := rows(ctx, s.reader, "check file", s.engine.damage, nil, scanOne[string])
	switch {
	case ctx.Err() != nil:
		return nil, errors.Join(ctx.Err(), err)
	case tellsDamage(err):
		return []string{err.Error()}, nil
	case err != nil:
		return nil, err
	case slices.ContainsFunc(list, tellsUnread):
		return nil, errors.New("check file: " + strings.Join(list, "; "))
	}
	return slices.DeleteFunc(list, func(line string) bool { return line == "ok" }), nil
}

// errorCode is how quick_check tells of a page that it could not get.
var errorCode = regexp.MustCompile(`error code=(\d+)`)

// tellsUnread tells whether quick_check, whose rows may be of many lines, has met a disk that
// did not answer: what else it tells may then be of that.
func tellsUnread(row string) bool {
	for _, found := range errorCode.FindAllStringSubmatch(row, -1) {
		if code, err := strconv.Atoi(found[1]); err == nil && code&0xff == sqlite3.SQLITE_IOERR {
			return true
		}
	}
	return false
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
