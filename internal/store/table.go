package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// travelling names every table whose rows go along to another database, in an order in
// which each comes after those that it refers to. What else there is to know of a table
// its own database tells.
var travelling = []string{
	"users", "notification_preferences", "registration_codes", "registration_links", "sessions", "known_devices", "totp_steps",
	"outbox", "blob_trash", auditTable, AuditKeys,
}

// AuditKeys is the table of the keys that the audit trail was written with.
const AuditKeys = "audit_keys"

// Of the tables that stay, leases speaks of this database alone: of who works on it, what
// it is called, and of an unfinished move into it. That of padding says nothing, and the
// others are the migrator's.
const staying = "leases"

// Kind is the type of a column, in the words of neither engine.
type Kind string

// The kinds of columns. A value is an int64, a string, a []byte or a bool, or nil.
const (
	Int   Kind = "int"
	Text  Kind = "text"
	Bytes Kind = "bytes"
	Bool  Kind = "bool"
)

// kinds are the types of the schema, by what the engines call them.
var kinds = map[string]Kind{
	"INTEGER": Int, "INT8": Int, "TEXT": Text, "BLOB": Bytes, "BYTEA": Bytes, "BOOLEAN": Bool, "BOOL": Bool,
}

// Column is a column of a table.
type Column struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
}

// Table is a table as its database describes it, the same on both engines.
type Table struct {
	Name    string   `json:"name"`
	Columns []Column `json:"columns"` // in the order of their names
	Key     []string `json:"key"`     // the columns of the primary key, in its order
}

// Equal tells whether both have the same name, columns and primary key, so that a row of one
// can be a row of the other.
func (t Table) Equal(other Table) bool {
	return t.Name == other.Name && slices.Equal(t.Columns, other.Columns) && slices.Equal(t.Key, other.Key)
}

func (t Table) names() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// keyColumns are the columns of the primary key.
func (t Table) keyColumns() []Column {
	key := make([]Column, len(t.Key))
	for i, name := range t.Key {
		key[i] = t.Columns[slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })]
	}
	return key
}

// order is the primary key as a list that sorts alike on both engines: texts by their
// bytes, whatever the language of the database.
func (t Table) order(e engine, direction string) string {
	list := make([]string, len(t.Key))
	for i, c := range t.keyColumns() {
		list[i] = c.Name + e.bytewise(c.Kind) + direction
	}
	return strings.Join(list, ", ")
}

// Tables describes the tables that go along to another database, in an order in which
// each comes after those that it refers to.
func (s *Store) Tables(ctx context.Context) ([]Table, error) { return s.describe(ctx, s.engine) }

func (r reader) describe(ctx context.Context, e engine) ([]Table, error) {
	var list []Table
	for _, name := range travelling {
		there, err := r.hasTable(ctx, e, name)
		if err != nil {
			return nil, err
		}
		if !there && len(list) > 0 { // an older schema has not all of them, and none has no first
			continue
		}
		columns, err := r.columns(ctx, name)
		if err != nil {
			return nil, err
		}
		key, err := rows(ctx, r, "read primary key of "+name, e.primaryKey, []any{name}, scanOne[string])
		if err != nil {
			return nil, err
		}
		list = append(list, Table{Name: name, Columns: columns, Key: key})
	}
	return list, nil
}

func (r reader) hasTable(ctx context.Context, e engine, name string) (there bool, err error) {
	err = r.row(ctx, "look for table "+name, e.table, []any{name}, &there)
	return there, err
}

func (r reader) columns(ctx context.Context, table string) (list []Column, err error) {
	// The name is one of ours.
	rs, err := r.q.QueryContext(ctx, `SELECT * FROM `+table+` LIMIT 0`)
	if err != nil {
		return nil, wrap("describe "+table, err)
	}
	defer func() { _ = rs.Close() }()
	types, err := rs.ColumnTypes()
	if err != nil {
		return nil, wrap("describe "+table, err)
	}
	for _, c := range types {
		kind, known := kinds[c.DatabaseTypeName()]
		if !known {
			return nil, fmt.Errorf("describe %s: the column %s is of the unknown type %s", table, c.Name(), c.DatabaseTypeName())
		}
		list = append(list, Column{c.Name(), kind})
	}
	slices.SortFunc(list, func(a, b Column) int { return strings.Compare(a.Name, b.Name) })
	return list, rs.Err()
}

// Empty tells whether no table that goes along to another database has a row. A
// database without a schema is empty.
func (s *Store) Empty(ctx context.Context) (bool, error) {
	for _, name := range travelling {
		there, err := s.hasTable(ctx, s.engine, name)
		if err != nil {
			return false, err
		}
		if !there {
			continue
		}
		var used bool
		if err := s.row(ctx, "look into "+name, `SELECT EXISTS (SELECT 1 FROM `+name+`)`, nil, &used); err != nil || used {
			return false, err
		}
	}
	return true, nil
}

func scanOne[T any](row scanner) (v T, err error) {
	err = row.Scan(&v)
	return v, err
}
