package transfer

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/store"
)

// format is the version of what is inside a backup. Another layout gets another one.
const format = 2

// A backup is frames: a kind, the length of what follows in four bytes, and that. First
// comes one header, then photos, then tables with the rows of each, then one trailer, and
// a proof of all that.
const (
	kindHeader  = 'H' // a Header in JSON
	kindPhoto   = 'P' // the length of a key in two bytes, the key, the object
	kindTable   = 'T' // a store.Table in JSON
	kindRow     = 'R' // a row of the last table, by store.AppendRow
	kindTrailer = 'E' // a trailer in JSON
	kindProof   = 'M' // the MAC of every byte before this frame
)

// maxFrame bounds what is read into memory at once.
const maxFrame = blob.MaxObject + 1<<16

// Header opens a backup.
type Header struct {
	Format  int       `json:"format"`
	Schema  int64     `json:"schema"`
	Engine  string    `json:"engine"`
	Flowxi  string    `json:"flowxi"` // the version of the program that wrote it
	Created time.Time `json:"created"`
	Rows    int64     `json:"rows"`
	Photos  int64     `json:"photos"`
	Key     string    `json:"key"` // the id of the ring's key that proves it

	// Used are the ids of the keys that open what is sealed in it. What is sealed under
	// another was given up. Where it is empty nobody knows, and nothing counts as given up.
	Used []string `json:"used,omitempty"`
}

// givenUp tells whether the instance lived on without a key when the backup was made.
func (h Header) givenUp(id string) bool { return len(h.Used) > 0 && !slices.Contains(h.Used, id) }

// trailer ends a backup with what must have come before it.
type trailer struct {
	Tables   []store.Sum      `json:"tables"`
	Counters map[string]int64 `json:"counters"` // the highest id given, by table
	Photos   Photos           `json:"photos"`
}

// writer writes frames. The first error stays.
type writer struct {
	to  *bufio.Writer
	sum hash.Hash // of all that was written
	err error
}

func newWriter(w io.Writer) *writer {
	return &writer{to: bufio.NewWriterSize(w, 1<<16), sum: sha256.New()}
}

func (w *writer) frame(kind byte, parts ...[]byte) {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	if n > maxFrame && w.err == nil {
		w.err = fmt.Errorf("write backup: %d bytes are too many for one row or photo", n)
	}
	w.write(binary.BigEndian.AppendUint32([]byte{kind}, uint32(n)))
	for _, p := range parts {
		w.write(p)
	}
}

func (w *writer) write(b []byte) {
	if w.err != nil {
		return
	}
	w.sum.Write(b)
	if _, err := w.to.Write(b); err != nil {
		w.err = fmt.Errorf("write backup: %w", err)
	}
}

func (w *writer) json(kind byte, v any) {
	text, err := json.Marshal(v)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("write backup: %w", err)
	}
	w.frame(kind, text)
}

func (w *writer) photo(key string, body []byte) {
	w.frame(kindPhoto, binary.BigEndian.AppendUint16(nil, uint16(len(key))), []byte(key), body) //nolint:gosec // a key has at most a few hundred bytes
}

func (w *writer) flush() error {
	if w.err != nil {
		return w.err
	}
	if err := w.to.Flush(); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}

// reader reads frames, one ahead.
type reader struct {
	from *bufio.Reader
	sum  hash.Hash // of all frames that were read but proofs
	kind byte      // of the frame that was read last; 0 at the end of the file
	body []byte
}

func newReader(r io.Reader) *reader {
	return &reader{from: bufio.NewReaderSize(r, 1<<16), sum: sha256.New()}
}

// next reads a frame. Whatever keeps it from that is ErrDamaged.
func (r *reader) next() error {
	kind, err := r.from.ReadByte()
	if errors.Is(err, io.EOF) {
		r.kind, r.body = 0, nil
		return nil
	}
	if err != nil {
		return damaged(err)
	}
	var length [4]byte
	if _, err := io.ReadFull(r.from, length[:]); err != nil {
		return damaged(err)
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > maxFrame {
		return damaged(errors.New("a frame is too long"))
	}
	// It grows with what is there, not with what is announced.
	var body bytes.Buffer
	if _, err := io.CopyN(&body, r.from, int64(n)); err != nil {
		return damaged(err)
	}
	r.kind, r.body = kind, body.Bytes()
	if kind != kindProof {
		r.sum.Write([]byte{kind})
		r.sum.Write(length[:])
		r.sum.Write(r.body)
	}
	return nil
}

// json reads the frame at hand, which must be of the kind, and goes on to the next.
func (r *reader) json(kind byte, v any) error {
	if r.kind != kind {
		return damaged(fmt.Errorf("a frame %q where %q should be", r.kind, kind))
	}
	if err := json.Unmarshal(r.body, v); err != nil {
		return damaged(err)
	}
	return r.next()
}

// photo reads the frame at hand, which is one of a photo.
func (r *reader) photo() (key string, body []byte, err error) {
	if len(r.body) < 2 {
		return "", nil, damaged(errors.New("a photo without a key"))
	}
	n, rest := int(binary.BigEndian.Uint16(r.body)), r.body[2:]
	if n > len(rest) {
		return "", nil, damaged(errors.New("a photo without a key"))
	}
	return string(rest[:n]), rest[n:], nil
}

func damaged(err error) error { return fmt.Errorf("%w (%w)", ErrDamaged, err) }
