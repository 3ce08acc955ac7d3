package store_test

import (
	"slices"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/dbtest"
)

// The questions below are put to both engines in the words of each, and are answered in
// the same: one line a column, a reference or an index. The tables of the migrator are
// its own affair.
var schemaQueries = map[dbtest.Engine][]string{
	dbtest.SQLite: {
		`SELECT 'column ' || m.name || '.' || c.name || ' ' || CASE c.type WHEN 'INTEGER' THEN 'BIGINT' WHEN 'BLOB' THEN 'BYTEA' ELSE c.type END
			|| CASE WHEN c."notnull" OR (c.pk AND c.type = 'INTEGER') THEN ' NOT NULL' ELSE '' END || COALESCE(' DEFAULT ' || c.dflt_value, '')
		FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'schema_%' AND m.name NOT LIKE 'sqlite_%'`,
		`SELECT 'reference ' || m.name || '.' || f."from" || ' ' || f."table" || '.' || f."to" || ' ON DELETE ' || f.on_delete
		FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
		WHERE m.type = 'table'`,
		`SELECT 'primary key ' || m.name || ' (' || (SELECT group_concat(c.name, ', ' ORDER BY c.pk) FROM pragma_table_info(m.name) c WHERE c.pk) || ')'
		FROM sqlite_master m
		WHERE m.type = 'table' AND m.name NOT LIKE 'schema_%' AND m.name NOT LIKE 'sqlite_%'`,
		`SELECT CASE i."unique" WHEN 1 THEN 'unique index ' ELSE 'index ' END || m.name
			|| ' (' || (SELECT group_concat(c.name, ', ' ORDER BY c.seqno) FROM pragma_index_info(i.name) c) || ')'
			|| CASE WHEN i.partial THEN (SELECT substr(s.sql, instr(s.sql, ' WHERE ')) FROM sqlite_master s WHERE s.name = i.name) ELSE '' END
		FROM sqlite_master m JOIN pragma_index_list(m.name) i
		WHERE m.type = 'table' AND m.name NOT LIKE 'schema_%' AND m.name NOT LIKE 'sqlite_%' AND i.origin <> 'pk'`,
	},
	dbtest.Postgres: {
		`SELECT 'column ' || table_name || '.' || column_name || ' ' || upper(data_type)
			|| CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END || COALESCE(' DEFAULT ' || replace(column_default, '::text', ''), '')
		FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name NOT LIKE 'schema\_%'`,
		`SELECT 'reference ' || k.conrelid::regclass || '.' || a.attname || ' ' || k.confrelid::regclass || '.' || b.attname
			|| ' ON DELETE ' || CASE k.confdeltype WHEN 'c' THEN 'CASCADE' ELSE k.confdeltype::text END
		FROM pg_constraint k
		JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
		JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
		WHERE k.contype = 'f'`,
		`SELECT CASE WHEN i.indisprimary THEN 'primary key ' WHEN i.indisunique THEN 'unique index ' ELSE 'index ' END || i.indrelid::regclass
			|| ' (' || (SELECT string_agg(a.attname, ', ' ORDER BY k.place)
				FROM unnest(i.indkey) WITH ORDINALITY k (number, place)
				JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number) || ')'
			|| COALESCE(' WHERE ' || replace(trim(BOTH '()' FROM pg_get_expr(i.indpred, i.indrelid)), '::text', ''), '')
		FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
		WHERE c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE 'schema\_%'`,
	},
}

// schema describes a database line by line, in the words of neither engine.
func (d db) schema() (lines []string) {
	d.t.Helper()
	pool := d.raw()
	for _, query := range schemaQueries[d.engine] {
		rows, err := pool.QueryContext(d.ctx, query)
		if err != nil {
			d.t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				d.t.Fatal(err)
			}
			lines = append(lines, line)
		}
		if err := rows.Err(); err != nil {
			d.t.Fatal(err)
		}
	}
	slices.Sort(lines)
	return lines
}

func TestBothEnginesHaveTheSameSchema(t *testing.T) {
	t.Parallel()
	schema := map[dbtest.Engine][]string{}
	for _, e := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		schema[e] = open(t, e, dbtest.Database(t, e)).schema()
	}
	// An index that is there for its cost is not where it would make transactions collide.
	lite := slices.DeleteFunc(slices.Clone(schema[dbtest.SQLite]), func(line string) bool { return line == "index padding (written)" })
	same(t, lite, schema[dbtest.Postgres])
	// What follows shows that the comparison saw something.
	for _, want := range []string{
		"column users.email TEXT NOT NULL",
		"column users.name TEXT",
		"primary key totp_steps (user_id, step)",
		"reference sessions.user_id users.id ON DELETE CASCADE",
		"unique index sessions (user_id, device_id) WHERE device_id IS NOT NULL",
		"index outbox (due_at)",
	} {
		if !slices.Contains(schema[dbtest.SQLite], want) {
			t.Errorf("no %q in\n%s", want, strings.Join(schema[dbtest.SQLite], "\n"))
		}
	}
}
