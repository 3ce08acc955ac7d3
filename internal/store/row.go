package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
)

// Row is the values of a row, in the order of its table's columns.
type Row []any

// The first byte of an encoded value tells what follows: eight bytes of an integer; the
// length of a text or of bytes, in eight bytes, and then those; nothing.
const (
	tagNull = iota
	tagInt
	tagText
	tagBytes
	tagFalse
	tagTrue
)

// AppendRow appends the one encoding of a row, which both engines have in common. Rows
// of one table that differ are encoded differently.
func AppendRow(b []byte, row Row) []byte {
	for _, v := range row {
		b = appendValue(b, v)
	}
	return b
}

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case int64:
		return binary.BigEndian.AppendUint64(append(b, tagInt), uint64(v)) //nolint:gosec // the same bits, which are read back as they were
	case string:
		return append(binary.BigEndian.AppendUint64(append(b, tagText), uint64(len(v))), v...)
	case []byte:
		return append(binary.BigEndian.AppendUint64(append(b, tagBytes), uint64(len(v))), v...)
	case bool:
		if v {
			return append(b, tagTrue)
		}
		return append(b, tagFalse)
	case nil:
		return append(b, tagNull)
	}
	panic(fmt.Sprintf("a row holds a %T, which no column can be", v))
}

var errNoRow = errors.New("these bytes are no row")

// ParseRow reads what AppendRow wrote of a row of the table.
func ParseRow(t Table, b []byte) (Row, error) {
	row := make(Row, len(t.Columns))
	for i, c := range t.Columns {
		v, rest, err := parseValue(b)
		if err != nil {
			return nil, err
		}
		if _, number := v.(int64); number && c.Kind == Bool {
			return nil, errNoRow // which only a driver calls so
		}
		if row[i], err = c.value(v); err != nil {
			return nil, err
		}
		b = rest
	}
	if len(b) > 0 {
		return nil, errNoRow
	}
	return row, nil
}

func parseValue(b []byte) (v any, rest []byte, err error) {
	if len(b) == 0 {
		return nil, nil, errNoRow
	}
	tag, b := b[0], b[1:]
	switch tag {
	case tagNull:
		return nil, b, nil
	case tagFalse, tagTrue:
		return tag == tagTrue, b, nil
	}
	if tag > tagTrue || len(b) < 8 {
		return nil, nil, errNoRow
	}
	n, b := binary.BigEndian.Uint64(b), b[8:]
	if tag == tagInt {
		return int64(n), b, nil //nolint:gosec // the same bits
	}
	if n > uint64(len(b)) {
		return nil, nil, errNoRow
	}
	if tag == tagText {
		return string(b[:n]), b[n:], nil
	}
	return b[:n:n], b[n:], nil
}

// value is what a driver calls v as a value of the column. SQLite keeps booleans as
// numbers, and its driver returns nil bytes for none.
func (c Column) value(v any) (any, error) {
	var right bool
	switch x := v.(type) {
	case nil:
		right = true
	case int64:
		if c.Kind == Bool {
			return x != 0, nil
		}
		right = c.Kind == Int
	case string:
		right = c.Kind == Text
	case []byte:
		if x == nil { // no bytes are not no value
			return []byte{}, nil
		}
		right = c.Kind == Bytes
	case bool:
		right = c.Kind == Bool
	}
	if !right {
		return nil, fmt.Errorf("the column %s has a value of type %T", c.Name, v)
	}
	return v, nil
}

// Sum stands for what is in a table: two tables with the same sum hold the same rows.
type Sum struct {
	Table  string `json:"table"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

// Digest makes the Sum of a table out of its rows. It is for one goroutine.
type Digest struct {
	table string
	rows  int64
	hash  hash.Hash
	row   []byte
}

// NewDigest returns the digest of a table without rows.
func NewDigest(t Table) *Digest {
	d := &Digest{table: t.Name, hash: sha256.New()}
	for _, name := range append([]string{t.Name}, t.names()...) {
		d.row = appendValue(d.row, name)
	}
	d.hash.Write(d.row)
	return d
}

// Add adds the next row in the order of the primary key.
func (d *Digest) Add(row Row) {
	d.row = AppendRow(d.row[:0], row)
	d.hash.Write(d.row)
	d.rows++
}

// Sum is that of the rows so far.
func (d *Digest) Sum() Sum { return Sum{d.table, d.rows, hex.EncodeToString(d.hash.Sum(nil))} }
