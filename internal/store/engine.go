package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"flowxi.app/flowxi/internal/account"
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

// wrap says what was being done. Where the database is away, or cannot take any more,
// the error is account.ErrServiceUnavailable too, and not a fault of ours.
func wrap(what string, err error) error {
	if away(err) {
		return fmt.Errorf("%s: %w: %w", what, account.ErrServiceUnavailable, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// away tells whether an error is that of a database that cannot be reached or cannot
// work, on either engine.
func away(err error) bool {
	var (
		network net.Error
		connect *pgconn.ConnectError
		server  *pgconn.PgError
		file    *sqlite.Error
	)
	switch {
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return true
	case errors.As(err, &connect), errors.As(err, &network):
		return true
	case errors.As(err, &server):
		class := server.Code[:min(2, len(server.Code))]
		// Connection, resources, operator intervention, system.
		return class == "08" || class == "53" || class == "57" || class == "58" || demoted(err)
	case errors.As(err, &file):
		switch file.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM:
			return true
		}
	}
	return false
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
	cfg.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite // no standby
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(postgresConns)
	db.SetMaxIdleConns(postgresConns)
	db.SetConnMaxLifetime(postgresLife)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reach database: %w", err), db.Close())
	}
	return db, nil
}

const (
	postgresConns = 20              // one node's share of the server's connections
	postgresLife  = 5 * time.Minute // of a connection: the name may lead elsewhere by then
)

// demoted tells whether the server has become a standby since the connection was made.
func demoted(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "25006"
}

// forget closes the idle connections of a pool, so that the next ones are new.
func forget(db *sql.DB) {
	db.SetMaxIdleConns(0)
	db.SetMaxIdleConns(postgresConns)
}
