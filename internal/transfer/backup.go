package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/rescue"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
)

// Backup is what a backup is made of. Any number of servers may be at work on it.
type Backup struct {
	Store  *store.Store
	Photos blob.Reader
	Keys   *seal.KeyRing // which proves the backup, whoever it is encrypted for

	Version  string // of the program
	Now      func() time.Time
	Progress Progress
}

const (
	holdFor   = 5 * time.Minute // longer than any two clocks are apart
	holdAgain = time.Minute
)

// Write writes everything that is there at this moment, unencrypted: w is what Encrypt
// returned. Photos that are replaced meanwhile are kept until they are written.
func (b Backup) Write(ctx context.Context, w io.Writer) (report Report, err error) {
	ctx, cancel := context.WithTimeout(ctx, wholeTime)
	defer cancel()
	held, release, err := b.hold(ctx)
	if err != nil {
		return Report{}, err
	}
	defer release()
	schema, err := b.Store.SchemaVersion(ctx)
	if err != nil {
		return Report{}, err
	}
	used, err := b.Store.UsedKeys(ctx)
	if err != nil {
		return Report{}, err
	}
	// After the hold, so that whatever the snapshot speaks of is held.
	shot, err := b.Store.Snapshot(ctx)
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = shot.Close() }()
	// A key may have come or gone meanwhile: the rows are sealed under some of both lists, or
	// of the ring, of which no server may have told yet.
	usedSince, err := b.Store.UsedKeys(ctx)
	if err != nil {
		return Report{}, err
	}
	if now, err := b.Store.SchemaVersion(ctx); err != nil || now != schema {
		return Report{}, errors.Join(errors.New("the database was migrated a moment ago: begin again"), err)
	}
	out := newWriter(w)
	if err := b.header(ctx, schema, distinct(used, usedSince, b.Keys.IDs()), shot, out); err != nil {
		return Report{}, err
	}
	if report.Photos, err = b.photos(held, shot, out); err != nil {
		return Report{}, errors.Join(err, context.Cause(held))
	}
	release()
	counters, err := b.rows(ctx, shot, out, &report)
	if err != nil {
		return Report{}, err
	}
	out.json(kindTrailer, trailer{Tables: report.Tables, Counters: counters, Photos: report.Photos})
	out.prove(b.Keys)
	return report, out.flush()
}

// hold keeps the servers from deleting photos until it is released, and some minutes
// more. The context that it returns ends where that cannot be kept up.
func (b Backup) hold(ctx context.Context) (held context.Context, release func(), err error) {
	if err := b.holdOnce(ctx); err != nil {
		return nil, nil, err
	}
	held, cancel := context.WithCancelCause(ctx)
	go func() {
		again := time.NewTicker(holdAgain)
		defer again.Stop()
		for since := time.Now(); ; {
			select {
			case <-held.Done():
				return
			case <-again.C:
			}
			err := b.holdOnce(held)
			if err == nil {
				since = time.Now()
			} else if time.Since(since) > holdFor-2*holdAgain {
				cancel(fmt.Errorf("keep photos from being deleted: %w", err))
				return
			}
		}
	}()
	return held, func() { cancel(nil) }, nil
}

// holdOnce is under rescue for the turns that run beside the backup: what ended one of
// them in a panic may be gone at the next.
func (b Backup) holdOnce(ctx context.Context) error {
	return rescue.Do(func() error { return b.Store.HoldTrash(ctx, b.Now().Add(holdFor)) })
}

// distinct has each of the lists' ids once.
func distinct(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

func (b Backup) header(ctx context.Context, schema int64, used []string, shot *store.Snapshot, out *writer) error {
	rows, err := countRows(ctx, shot)
	if err != nil {
		return err
	}
	photos, err := shot.CountPhotos(ctx)
	if err != nil {
		return err
	}
	out.json(kindHeader, Header{
		Format: format, Schema: schema, Engine: b.Store.Engine(), Flowxi: b.Version,
		Created: b.Now().UTC(), Rows: rows, Photos: photos, Key: b.Keys.IDs()[0], Used: used,
	})
	return out.err
}

func (b Backup) photos(ctx context.Context, shot *store.Snapshot, out *writer) (Photos, error) {
	return eachPhoto(ctx, shot, b.Photos, b.Progress, func(key string, body []byte) error {
		out.photo(key, body)
		return out.err
	})
}

// rows writes every table, sums them up in the report, and returns their counters.
func (b Backup) rows(ctx context.Context, shot *store.Snapshot, out *writer, report *Report) (map[string]int64, error) {
	total, err := countRows(ctx, shot)
	if err != nil {
		return nil, err
	}
	counters, done := map[string]int64{}, int64(0)
	for _, t := range shot.Tables {
		if counters[t.Name], err = shot.Counter(ctx, t); err != nil {
			return nil, err
		}
		out.json(kindTable, t)
		digest := store.NewDigest(t)
		var encoded []byte
		for row, err := range shot.Rows(ctx, t, nil) {
			if err != nil {
				return nil, err
			}
			digest.Add(row)
			encoded = store.AppendRow(encoded[:0], row)
			out.frame(kindRow, encoded)
			if done++; done%store.MaxInsert == 0 {
				b.Progress(StageCopy, done, total)
			}
			if out.err != nil {
				return nil, out.err
			}
		}
		report.Tables = append(report.Tables, digest.Sum())
	}
	b.Progress(StageCopy, total, total)
	return counters, nil
}
