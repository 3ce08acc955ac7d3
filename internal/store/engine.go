package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
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
	rows      sql.IsolationLevel // of transactions that rest on rows that they write
	guarded   sql.IsolationLevel // of statements that guard themselves
	conflicts func(error) bool   // the transaction lost a race and may be tried again
	full      func(error) bool   // the disk had no room for a commit, which is not done then

	snapshot   sql.TxOptions     // of a transaction that sees one moment
	table      string            // tells whether there is a table $1
	primaryKey string            // lists the columns of the primary key of table $1
	counter    string            // reads the highest id that table $1 has given in its column $2
	setCounter []string          // raise that to $3 at the least
	held       string            // has a choice of rows wait for those that others are at, and keep all from others
	unclaimed  string            // has a choice of rows leave out those that others are at
	bytewise   func(Kind) string // makes a column of the kind sort by its bytes

	facts   string // reads Facts
	damage  string // lists what is broken in the file, "ok" where nothing is
	invalid string // lists the indexes that no plan uses
	unread  string // lists the large tables of which the planner knows nothing
}

// sqliteCode is the primary code of an error of SQLite, 0 where it is none.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return sqlite3.SQLITE_OK
	}
	return e.Code() & 0xff
}

func sqliteEngine() engine {
	return engine{
		name:    "sqlite",
		dialect: goose.DialectSQLite3,
		// The one writer begins its transactions IMMEDIATE, which is serializable.
		isolation: sql.LevelDefault,
		conflicts: func(err error) bool {
			return errors.Is(err, errLost) || sqliteCode(err) == sqlite3.SQLITE_BUSY
		},
		// The frame that makes a commit of the others in the journal is the last to be written.
		full: func(err error) bool {
			return sqliteCode(err) == sqlite3.SQLITE_FULL
		},
		table:      `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1)`,
		primaryKey: `SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk`,
		counter:    `SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = $1 AND $2 <> ''`,
		setCounter: []string{
			`INSERT INTO sqlite_sequence (name, seq) SELECT $1, 0 WHERE $2 <> '' AND $3 > 0 AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = $1)`,
			`UPDATE sqlite_sequence SET seq = MAX(seq, $3) WHERE name = $1 AND $2 <> ''`,
		},
		bytewise: func(Kind) string { return "" },
		facts:    `SELECT sqlite_version(), 0, 1, 1, 0, 0`,
		damage:   `PRAGMA quick_check(3)`,
		invalid:  `SELECT '' WHERE 0`, // a plan uses each of them
		unread:   `SELECT '' WHERE 0`, // the indexes are named in such a way that the plans need no statistics
	}
}

func postgresEngine() engine {
	return engine{
		name:      "postgres",
		dialect:   goose.DialectPostgres,
		isolation: sql.LevelSerializable,
		// One of two that write the same row fails, and nobody watches what is read.
		rows: sql.LevelRepeatableRead,
		// A statement that has waited for a row looks at its condition again.
		guarded: sql.LevelReadCommitted,
		conflicts: func(err error) bool {
			var e *pgconn.PgError
			if !errors.As(err, &e) {
				return false
			}
			// serialization_failure, deadlock_detected, and the unique_violation that two
			// inserts of the same key see instead of a serialization failure.
			return e.Code == "40001" || e.Code == "40P01" || e.Code == "23505"
		},
		full:     func(error) bool { return false }, // it writes the commit into a journal that has its room
		snapshot: sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
		// A start waits for it, for which information_schema is slow. The schema is the one that
		// migrations make tables in, whatever may be seen of others; to_regclass would not go by
		// the moment of a snapshot.
		table: `
			SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = current_schema() AND c.relname = $1 AND c.relkind IN ('r', 'p'))`,
		primaryKey: `
			SELECT k.column_name FROM information_schema.table_constraints c
			JOIN information_schema.key_column_usage k USING (constraint_schema, constraint_name, table_name)
			WHERE c.constraint_type = 'PRIMARY KEY' AND c.table_schema = current_schema() AND c.table_name = $1
			ORDER BY k.ordinal_position`,
		counter: `
			SELECT COALESCE(MAX(last_value), 0) FROM pg_sequences
			WHERE quote_ident(schemaname) || '.' || quote_ident(sequencename) = pg_get_serial_sequence($1, $2)`,
		// A sequence does not go back with a transaction, which does no harm: it only skips ids.
		setCounter: []string{`
			SELECT setval(pg_get_serial_sequence($1, $2), GREATEST($3, last_value)) FROM pg_sequences
			WHERE quote_ident(schemaname) || '.' || quote_ident(sequencename) = pg_get_serial_sequence($1, $2)`},
		held:      ` FOR UPDATE`,
		unclaimed: ` FOR UPDATE SKIP LOCKED`,
		bytewise: func(k Kind) string {
			if k == Text {
				return ` COLLATE "C"`
			}
			return ""
		},
		facts: `
			SELECT current_setting('server_version'), (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint,
				current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AND current_setting('synchronous_commit') <> 'off',
				current_setting('autovacuum') = 'on',
				(SELECT SUM(numbackends)::bigint FROM pg_stat_database),
				current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint`,
		damage: `SELECT 'ok'`, // PostgreSQL reads no file as a whole
		invalid: `
			SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = current_schema() AND NOT (i.indisvalid AND i.indisready) ORDER BY c.relname`,
		// A server that crashed, or was upgraded by pg_upgrade, may have lost them.
		unread: `
			SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = current_schema() AND c.relkind = 'r' AND pg_relation_size(c.oid) >= 1048576
				AND NOT EXISTS (SELECT 1 FROM pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = c.relname)
			ORDER BY c.relname`,
	}
}

// wrap says what was being done. Where the database is away, or cannot take any more,
// the error is account.ErrServiceUnavailable too, and not a fault of ours.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
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
	)
	switch {
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return true
	case errors.As(err, &connect), errors.As(err, &network), pgconn.SafeToRetry(err): // the last: its connection was closed before it was sent
		return true
	case errors.As(err, &server):
		class := server.Code[:min(2, len(server.Code))]
		// Connection, resources, operator intervention, system.
		return class == "08" || class == "53" || class == "57" || class == "58" || demoted(err)
	default:
		switch sqliteCode(err) {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM:
			return true
		}
	}
	return false
}

// openSQLite returns a pool of one writer and a pool of readers on one file, or one pool of
// readers for both where somebody only looks.
// synchronous=FULL with WAL makes a committed transaction survive a power cut.
func openSQLite(path string, look bool) (writer, reader *sql.DB, err error) {
	if look {
		reader, err = lookingPool(path)
		return reader, reader, err
	}
	if writer, err = sqlitePool(path, "_txlock=immediate"); err != nil {
		return nil, nil, err
	}
	writer.SetMaxOpenConns(1)
	writer.SetMaxIdleConns(1)
	if reader, err = sqlitePool(path, "_pragma=query_only(1)"); err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	reader.SetMaxOpenConns(readers() + 1) // a Snapshot takes no seat
	reader.SetMaxIdleConns(readers())
	return writer, reader, nil
}

// readers is how many statements read an SQLite file at once.
func readers() int { return max(4, runtime.GOMAXPROCS(0)) }

// lookingPool is a pool of readers that change nothing. The last connection that is closed
// writes the journal into the file, unless it was opened to be read alone (mode=ro). Such a
// connection does not take its own empty journal away, so that where there is none one that
// may write is needed: it has nothing to write.
func lookingPool(path string) (*sql.DB, error) {
	mode := "ro"
	if _, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		mode = "rw"
	}
	db, err := sqliteDB(sqliteURL(path, "_pragma=busy_timeout(5000)&_pragma=query_only(1)&mode="+mode))
	if err == nil {
		db.SetMaxOpenConns(readers() + 1)
	}
	return db, err
}

func sqlitePool(path, extra string) (*sql.DB, error) { return sqliteDB(sqliteDSN(path, extra)) }

func sqliteDB(dsn string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return sql.OpenDB(keepingConnector{c}), nil
}

// opening says what is wrong with a file that cannot be opened, and what to do about it.
func opening(path string, err error) error {
	if tellsDamage(err) {
		return fmt.Errorf("database %s is damaged, if its disk answers (dmesg): restore it from a backup, into a folder that is empty but for the key file: %w", path, err)
	}
	return fmt.Errorf("open database: %w", err)
}

// tellsDamage tells whether an error is of what stands in an SQLite file, and not of the
// reading of it.
func tellsDamage(err error) bool {
	code := sqliteCode(err)
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}

// sqliteDSN gives each connection a cache of 8 MB, which only large databases fill: with the
// 2 MB that are usual those who are active among a million do not fit.
func sqliteDSN(path, extra string) string {
	const pragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=cache_size(-8000)"
	return sqliteURL(path, pragmas+"&"+extra)
}

func sqliteURL(path, query string) string {
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String() + "?" + query
}

// openPostgres returns one pool for everything. Each connection keeps its statements
// prepared by name, unless a pooler stands before the server: in transaction mode it would
// lose them.
func openPostgres(ctx context.Context, dsn string) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("open database: the PostgreSQL URL cannot be read") // err would show the password
	}
	cfg.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite // no standby
	db := postgresPool(cfg)
	pooled, err := isPooled(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("reach database: %w", errors.Join(err, db.Close()))
	}
	if pooled {
		if err := db.Close(); err != nil {
			return nil, fmt.Errorf("reach database: %w", err)
		}
		cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
		db = postgresPool(cfg)
	}
	return db, nil
}

func postgresPool(cfg *pgx.ConnConfig) *sql.DB {
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(PostgresConns)
	db.SetMaxIdleConns(PostgresConns)
	db.SetConnMaxLifetime(postgresLife)
	return db
}

// isPooled tells whether connections lead to a pooler: it has given them a number of its
// own, where a server gives that of the process at its end. The one that it asks by stays
// in the pool: it costs PostgreSQL a process, and a start of Flowxi the wait for it.
func isPooled(ctx context.Context, db *sql.DB) (pooled bool, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	err = conn.Raw(func(c any) error {
		its, ok := c.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the driver of PostgreSQL has connections of type %T", c)
		}
		var pid uint32
		err := its.Conn().QueryRow(ctx, `SELECT pg_backend_pid()`, pgx.QueryExecModeExec).Scan(&pid)
		pooled = pid != its.Conn().PgConn().PID()
		return err
	})
	return pooled, err
}

const (
	// PostgresConns is one node's share of the server's connections.
	PostgresConns = 20

	postgresLife = 5 * time.Minute // of a connection: the name may lead elsewhere by then
)

// demoted tells whether the server has become a standby since the connection was made.
func demoted(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "25006"
}

// forget closes the idle connections of a pool, so that the next ones are new.
func forget(db *sql.DB) {
	db.SetMaxIdleConns(0)
	db.SetMaxIdleConns(PostgresConns)
}
