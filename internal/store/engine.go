package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"runtime"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// engine is everything that differs between SQLite and PostgreSQL. The statements do
// not: they are written once, for both.
type engine struct {
	name      string // folder of the migrations
	dialect   goose.Dialect
	isolation sql.IsolationLevel
	conflicts func(error) bool // the transaction lost a race and may be tried again
}

func sqliteEngine() engine {
	return engine{
		name:    "sqlite",
		dialect: goose.DialectSQLite3,
		// The one writer begins its transactions IMMEDIATE, which is serializable.
		isolation: sql.LevelDefault,
		conflicts: func(err error) bool {
			var e *sqlite.Error
			return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
		},
	}
}

func postgresEngine() engine {
	return engine{
		name:      "postgres",
		dialect:   goose.DialectPostgres,
		isolation: sql.LevelSerializable,
		conflicts: func(err error) bool {
			var e *pgconn.PgError
			if !errors.As(err, &e) {
				return false
			}
			// serialization_failure, deadlock_detected, and the unique_violation that two
			// inserts of the same key see instead of a serialization failure.
			return e.Code == "40001" || e.Code == "40P01" || e.Code == "23505"
		},
	}
}

// openSQLite returns a pool of one writer and a pool of readers on one file.
// synchronous=FULL with WAL makes a committed transaction survive a power cut.
func openSQLite(path string) (writer, reader *sql.DB, err error) {
	if writer, err = sql.Open("sqlite", sqliteDSN(path, "_txlock=immediate")); err != nil {
		return nil, nil, fmt.Errorf("open database: %w", err)
	}
	writer.SetMaxOpenConns(1)
	writer.SetMaxIdleConns(1)
	if reader, err = sql.Open("sqlite", sqliteDSN(path, "_pragma=query_only(1)")); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open database: %w", err), writer.Close())
	}
	readers := max(4, runtime.GOMAXPROCS(0))
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	return writer, reader, nil
}

func sqliteDSN(path, extra string) string {
	const pragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String() + "?" + pragmas + "&" + extra
}

// openPostgres returns one pool for everything. Statements are sent without being
// prepared by name, so that a pooler in transaction mode loses none.
func openPostgres(ctx context.Context, dsn string) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("open database: the PostgreSQL URL cannot be read") // err would show the password
	}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(postgresConns)
	db.SetMaxIdleConns(postgresConns)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reach database: %w", err), db.Close())
	}
	return db, nil
}

// postgresConns bounds one node's share of the server's connections.
const postgresConns = 20
