// Package transfer carries a whole instance elsewhere: into another database and
// bucket, or into a file and back. Its one rule: nothing counts as carried before what
// came has been counted and summed up, and is what was there.
package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/store"
)

// wholeTime is what a move, a backup or a restore gets. A statement that reads or empties
// a whole table takes longer than one of a request may.
const wholeTime = 24 * time.Hour

// Progress is told how far a stage has come, in rows or photos, from one goroutine.
type Progress func(stage string, done, total int64)

// The stages, in the order of a move.
const (
	StageRead   = "Reading rows"
	StageCopy   = "Copying rows"
	StageVerify = "Verifying rows"
	StagePhotos = "Copying photos"
)

// Report is what was carried.
type Report struct {
	Tables []store.Sum
	Photos Photos
}

// Photos are the photos that people have, and the sum of their keys and contents in the
// order of the people.
type Photos struct {
	Count   int64  `json:"count"`
	Missing int64  `json:"missing"` // that people should have, and the storage has not
	SHA256  string `json:"sha256"`
}

// ErrNotEmpty says that somebody is in the database that was to be filled.
var ErrNotEmpty = errors.New("the target database is not empty: give one that nobody uses yet")

// ErrMoving says that a database holds the beginning of a move.
var ErrMoving = errors.New("the database holds an unfinished move: run flowxi move again, which goes on where it was stopped")

// photoType is what all photos are (contract section 10).
const photoType = "image/jpeg"

// read returns the object under key, or blob.ErrNotFound.
func read(ctx context.Context, from blob.Reader, key string) ([]byte, error) {
	file, err := from.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("read photo %.80q: %w", key, err)
	}
	defer func() { _ = file.Close() }()
	body, err := io.ReadAll(io.LimitReader(file, blob.MaxObject+1))
	if err != nil {
		return nil, fmt.Errorf("read photo %.80q: %w", key, err)
	}
	if len(body) > blob.MaxObject {
		return nil, fmt.Errorf("read photo %.80q: it is larger than any photo", key)
	}
	return body, nil
}

// album sums photos up.
type album struct {
	hash  hash.Hash
	count Photos
}

func newAlbum() *album { return &album{hash: sha256.New()} }

func (a *album) add(key string, body []byte) {
	for _, part := range [][]byte{[]byte(key), body} {
		_ = binary.Write(a.hash, binary.BigEndian, uint64(len(part)))
		a.hash.Write(part)
	}
	a.count.Count++
}

func (a *album) sum() Photos {
	sum := a.count
	sum.SHA256 = hex.EncodeToString(a.hash.Sum(nil))
	return sum
}

// counts of the rows of every table together.
func countRows(ctx context.Context, shot *store.Snapshot) (total int64, err error) {
	for _, t := range shot.Tables {
		n, err := shot.Count(ctx, t)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// sums reads a whole snapshot.
func sums(ctx context.Context, shot *store.Snapshot, stage string, progress Progress) ([]store.Sum, error) {
	total, err := countRows(ctx, shot)
	if err != nil {
		return nil, err
	}
	var list []store.Sum
	done := int64(0)
	for _, t := range shot.Tables {
		digest := store.NewDigest(t)
		for row, err := range shot.Rows(ctx, t, nil) {
			if err != nil {
				return nil, err
			}
			digest.Add(row)
			done++
			if done%store.MaxInsert == 0 {
				progress(stage, done, total)
			}
		}
		list = append(list, digest.Sum())
	}
	progress(stage, total, total)
	return list, nil
}

// differ says in a sentence what is not as it was.
func differ(want, got []store.Sum) error {
	for i, w := range want {
		if i >= len(got) || got[i] != w {
			return fmt.Errorf("the table %s is not what it was: verify what else writes into the target, and begin anew", w.Table)
		}
	}
	return nil
}
