package store

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
)

func keeping(t *testing.T) (db *sql.DB, kept func() int) {
	t.Helper()
	db, err := sqlitePool(filepath.Join(t.TempDir(), "flowxi.db"), "_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, func() (n int) {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_ = conn.Raw(func(c any) error {
			n = len(c.(*keepingConn).kept)
			return nil
		})
		return n
	}
}

func mustExec(t *testing.T, q querier, query string, args ...any) {
	t.Helper()
	if _, err := q.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func TestStatementsAreKeptPrepared(t *testing.T) {
	db, kept := keeping(t)
	mustExec(t, db, `CREATE TABLE t (n INTEGER)`)
	for i := range 5 {
		mustExec(t, db, `INSERT INTO t VALUES ($1)`, i)
	}
	if n := kept(); n != 2 {
		t.Errorf("%d statements are kept", n)
	}
	for i := range 2 * maxKept {
		mustExec(t, db, fmt.Sprintf(`INSERT INTO t VALUES (%d)`, i))
	}
	if n := kept(); n != maxKept {
		t.Errorf("%d statements are kept, want %d", n, maxKept)
	}
	var n int
	if err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM t`).Scan(&n); err != nil || n != 5+2*maxKept {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestAKeptStatementServesOneCallerAtATime(t *testing.T) {
	db, _ := keeping(t)
	mustExec(t, db, `CREATE TABLE t (n INTEGER)`)
	mustExec(t, db, `INSERT INTO t VALUES (1), (2), (3)`)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	pairs := 0
	each(t, tx, func(int) { each(t, tx, func(int) { pairs++ }) })
	if pairs != 9 {
		t.Errorf("%d pairs of three rows", pairs)
	}
}

// each reads the table, and so once more within itself.
func each(t *testing.T, tx *sql.Tx, do func(n int)) {
	t.Helper()
	rows, err := tx.QueryContext(t.Context(), `SELECT n FROM t WHERE n > $1`, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		do(n)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

func TestAKeptStatementHoldsNothingBack(t *testing.T) {
	db, _ := keeping(t)
	mustExec(t, db, `CREATE TABLE t (n INTEGER)`)
	mustExec(t, db, `INSERT INTO t VALUES (1), (2)`)
	read := func() (n int) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		rows, err := db.QueryContext(ctx, `SELECT n FROM t ORDER BY n`)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		if !rows.Next() { // and the second row is not asked for
			t.Fatal(rows.Err())
		}
		_ = rows.Scan(&n)
		return n
	}
	if n := read(); n != 1 {
		t.Fatalf("read %d", n)
	}
	var busy, frames, done int
	if err := db.QueryRowContext(t.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &done); err != nil || busy != 0 {
		t.Errorf("the journal cannot be cut: busy %d, %v", busy, err)
	}
	mustExec(t, db, `ALTER TABLE t ADD COLUMN m INTEGER`)
	mustExec(t, db, `UPDATE t SET n = n + 10`)
	if n := read(); n != 11 {
		t.Errorf("read %d after a change of the table", n)
	}
	mustExec(t, db, `DROP TABLE t`)
}
