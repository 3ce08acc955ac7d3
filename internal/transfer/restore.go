package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
)

// Restore is where a backup goes to, and the ring of the instance that it was made of.
type Restore struct {
	Store  *store.Store
	Bucket blob.Bucket
	Keys   *seal.KeyRing

	Progress Progress
}

// Read restores what Backup wrote: from is what Decrypt returned. All rows come in one
// transaction, which is committed once the file has been read to its end, every sum is
// right and the ring has proved all of it. Photos are put before that, where nobody speaks
// of them yet and over none that is there, and those that were not there before are
// removed again where it fails.
func (r Restore) Read(ctx context.Context, from io.Reader) (Header, Report, error) {
	ctx, cancel := context.WithTimeout(ctx, wholeTime)
	defer cancel()
	in := newReader(from)
	header, err := in.header(r.Keys)
	if err != nil {
		return Header{}, Report{}, err
	}
	if err := r.prepare(ctx, header); err != nil {
		return Header{}, Report{}, err
	}
	tables, err := r.Store.Tables(ctx)
	if err != nil {
		return Header{}, Report{}, err
	}
	l := loading{
		Restore: r, in: in, header: header, tables: tables, auditKeys: map[bool]string{},
		used: map[string]bool{r.Keys.IDs()[0]: true}, // the trail will tell of the restore under that one
	}
	if err := l.all(ctx); err != nil {
		return Header{}, Report{}, errors.Join(err, l.undo(ctx))
	}
	return header, l.report, r.Store.Migrate(ctx)
}

// prepare makes the empty tables of the backup's version.
func (r Restore) prepare(ctx context.Context, h Header) error {
	newest, err := r.Store.NewestSchema()
	if err != nil {
		return err
	}
	if h.Schema > newest {
		return fmt.Errorf("the backup is at version %d of the schema, written by Flowxi %.40q, and this program only at %d: restore it with a newer program", h.Schema, h.Flowxi, newest)
	}
	if err := r.vacant(ctx); err != nil {
		return err
	}
	if err := r.Store.MigrateTo(ctx, h.Schema); err != nil {
		return err
	}
	is, err := r.Store.SchemaVersion(ctx)
	if err == nil && is != h.Schema {
		err = fmt.Errorf("the target database is at version %d of the schema and the backup at %d: give a new database", is, h.Schema)
	}
	return err
}

func (r Restore) vacant(ctx context.Context) error {
	mark, err := r.Store.Moving(ctx)
	if err != nil {
		return err
	}
	if mark != "" {
		return ErrMoving
	}
	empty, err := r.Store.Empty(ctx)
	if err == nil && !empty {
		err = ErrNotEmpty
	}
	return err
}

// loading is a restore with how far it has come.
type loading struct {
	Restore

	in     *reader
	header Header
	tables []store.Table // of the target

	auditKeys map[bool]string // an id of the ring's keys that sealed one of the trail's, by whether it is here
	used      map[string]bool // ids of the ring's keys that seal something

	put    []string // keys of photos that were not there before
	whole  bool     // all has been read and is right, so that the rows may be there for good
	report Report
	done   int64
}

func (l *loading) all(ctx context.Context) error {
	if err := l.photos(ctx); err != nil {
		return err
	}
	return l.Store.Once(ctx, func(tx *store.Tx) error {
		err := l.rows(ctx, tx)
		l.whole = err == nil
		return err
	})
}

// undoTime is for removing photos, also where the time of the restore is over.
const undoTime = 10 * time.Minute

// undo removes the photos that were put. Where nobody knows whether the rows are there,
// their photos stay.
func (l *loading) undo(ctx context.Context) error {
	if l.whole {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	var failed error
	left := 0
	for _, key := range l.put {
		if err := l.Bucket.Delete(ctx, key); err != nil {
			failed, left = err, left+1
		}
	}
	if left > 0 {
		return fmt.Errorf("%d photos that were restored could not be removed again: %w", left, failed)
	}
	return nil
}

func (l *loading) photos(ctx context.Context) error {
	all := newAlbum()
	for l.in.kind == kindPhoto {
		key, body, err := l.in.photo()
		if err != nil {
			return err
		}
		if err := l.photo(ctx, key, body); err != nil {
			return fmt.Errorf("restore photo %.80q: %w", key, err)
		}
		all.add(key, body)
		l.Progress(StagePhotos, all.count.Count, l.header.Photos)
		if err := l.in.next(); err != nil {
			return err
		}
	}
	l.report.Photos = all.sum()
	return nil
}

var errPhotoTaken = errors.New("another is there under its name, and a restore writes over nothing: give a folder or bucket without photos")

// photo puts a photo unless it is there as it should be. Another under its name stays: to
// write over it is what nobody could undo. One that fails may be there all the same, so
// it is noted before.
func (l *loading) photo(ctx context.Context, key string, body []byte) error {
	there, err := read(ctx, l.Bucket, key)
	switch {
	case err == nil && bytes.Equal(there, body):
		return nil
	case err == nil:
		return errPhotoTaken
	case !errors.Is(err, blob.ErrNotFound):
		return err
	}
	l.put = append(l.put, key)
	return l.Bucket.Put(ctx, key, photoType, body)
}

// rows fills the tables and compares them with the trailer and the proof, at the end of
// the file.
func (l *loading) rows(ctx context.Context, tx *store.Tx) error {
	for _, t := range l.tables {
		if err := l.table(ctx, tx, t); err != nil {
			return err
		}
	}
	var end trailer
	if err := l.in.json(kindTrailer, &end); err != nil {
		return err
	}
	if err := l.in.proof(l.Keys); err != nil {
		return err
	}
	l.report.Photos.Missing = end.Photos.Missing
	if !slices.Equal(l.report.Tables, end.Tables) || l.report.Photos != end.Photos {
		return damaged(errors.New("its sums are wrong"))
	}
	for _, t := range l.tables {
		if err := tx.RaiseCounter(ctx, t, end.Counters[t.Name]); err != nil {
			return err
		}
	}
	l.Progress(StageCopy, l.done, l.header.Rows)
	return tx.UseKeys(ctx, slices.Sorted(maps.Keys(l.used))...)
}

func (l *loading) table(ctx context.Context, tx *store.Tx, t store.Table) error {
	var theirs store.Table
	if err := l.in.json(kindTable, &theirs); err != nil {
		return err
	}
	if !t.Equal(theirs) {
		return fmt.Errorf("the table %.40q of the backup has other columns than that of this program", theirs.Name)
	}
	digest := store.NewDigest(t)
	var page []store.Row
	for l.in.kind == kindRow {
		row, err := store.ParseRow(t, l.in.body)
		if err != nil {
			return damaged(err)
		}
		if err := l.opens(t, row); err != nil {
			return err
		}
		digest.Add(row)
		if page = append(page, row); len(page) == store.MaxInsert {
			if err := l.insert(ctx, tx, t, page); err != nil {
				return err
			}
			page = page[:0]
		}
		if err := l.in.next(); err != nil {
			return err
		}
	}
	if err := l.insert(ctx, tx, t, page); err != nil {
		return err
	}
	l.report.Tables = append(l.report.Tables, digest.Sum())
	if id, lost := l.auditKeys[false]; lost && t.Name == store.AuditKeys && l.auditKeys[true] == "" {
		return missingKey(t, id)
	}
	return nil
}

// insert writes a page, all of it.
func (l *loading) insert(ctx context.Context, tx *store.Tx, t store.Table, page []store.Row) error {
	n, err := tx.Insert(ctx, t, page)
	if err != nil {
		return err
	}
	if n != int64(len(page)) {
		return fmt.Errorf("%d rows of %s are in the way of others: somebody else writes into the target", int64(len(page))-n, t.Name)
	}
	l.done += n
	l.Progress(StageCopy, l.done, l.header.Rows)
	return nil
}

// opens demands that the ring has the key of what is sealed in a row, since nobody could
// use that otherwise, unless the instance has given up what is sealed under that key. An
// instance that lost its ring keeps the keys of its audit trail from before: there one that
// opens is enough.
func (l *loading) opens(t store.Table, row store.Row) error {
	for i, c := range t.Columns {
		value, _ := row[i].([]byte)
		if len(value) == 0 || c.Name != "sealed" && !strings.HasSuffix(c.Name, "_sealed") {
			continue
		}
		id, ok := l.Keys.SealedBy(value)
		if !ok {
			continue
		}
		here := slices.Contains(l.Keys.IDs(), id)
		if !here && l.header.givenUp(id) {
			continue
		}
		if t.Name == store.AuditKeys {
			l.auditKeys[here] = id
		} else if !here {
			return missingKey(t, id)
		}
		if here {
			l.used[id] = true
		}
	}
	return nil
}

func missingKey(t store.Table, id string) error {
	return fmt.Errorf("%s holds what is sealed with the key %s, which the ring here has not: restore the key file or FLOWXI_KEYS of the instance first", t.Name, id)
}

// Total is how many rows there are in all.
func (r Report) Total() (n int64) {
	for _, s := range r.Tables {
		n += s.Rows
	}
	return n
}
