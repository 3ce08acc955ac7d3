package transfer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/store"
)

// Move is where a move goes from and to. Nobody else may write to either side.
type Move struct {
	From   *store.Store
	Photos blob.Reader // of From

	To     *store.Store
	Bucket blob.Bucket // nil leaves the photos where they are

	Keys []string // ids of the keys under which what is moved may be sealed, besides those that From knows

	Progress Progress
}

// Run moves. It may be stopped at any moment and run again: it goes on where it was, or
// begins anew where From has changed since. From the first row on, until it has ended, no
// server starts on To; what one wrote there before makes it fail with ErrNotEmpty.
func (m Move) Run(ctx context.Context) (Report, error) {
	ctx, cancel := context.WithTimeout(ctx, wholeTime)
	defer cancel()
	if err := m.From.CheckSchema(ctx); err != nil { // the target gets the newest
		return Report{}, err
	}
	id, err := m.From.Identify(ctx, rand.Text())
	if err != nil {
		return Report{}, err
	}
	begun, err := m.claim(ctx, id)
	if err != nil {
		return Report{}, err
	}
	if err := m.To.Migrate(ctx); err != nil {
		return Report{}, err
	}
	shot, err := m.From.Snapshot(ctx)
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = shot.Close() }()
	report, err := m.rows(ctx, shot, id, begun)
	if err != nil {
		return Report{}, err
	}
	if m.Bucket != nil {
		if report.Photos, err = m.photos(ctx, shot); err != nil {
			return Report{}, err
		}
	}
	if err := m.noteKeys(ctx); err != nil {
		return Report{}, err
	}
	return report, m.To.EndMove(ctx)
}

// noteKeys has To refuse servers whose ring lacks what opens the rows.
func (m Move) noteKeys(ctx context.Context) error {
	used, err := m.From.UsedKeys(ctx)
	if err != nil {
		return err
	}
	return m.To.UseKeys(ctx, slices.Concat(used, m.Keys)...)
}

// claim returns the mark of the unfinished move that the target holds, or an empty one
// where it holds nothing. The mark begins with the name of the instance that is moved.
func (m Move) claim(ctx context.Context, id string) (begun string, err error) {
	if begun, err = m.To.Moving(ctx); err != nil {
		return "", err
	}
	if begun != "" && !strings.HasPrefix(begun, id+" ") {
		return "", errors.New("the target database holds an unfinished move of another instance: give an empty one")
	}
	if begun != "" {
		return begun, nil
	}
	empty, err := m.To.Empty(ctx)
	if err == nil && !empty {
		err = ErrNotEmpty
	}
	return "", err
}

// rows copies every table, from where an earlier run was stopped, and verifies them.
func (m Move) rows(ctx context.Context, shot *store.Snapshot, id, begun string) (Report, error) {
	want, err := sums(ctx, shot, StageRead, m.Progress)
	if err != nil {
		return Report{}, err
	}
	mark, err := markOf(id, want)
	if err != nil {
		return Report{}, err
	}
	if mark != begun {
		err := m.To.BeginMove(ctx, mark)
		if errors.Is(err, store.ErrInhabited) {
			err = ErrNotEmpty
		}
		if err != nil {
			return Report{}, err
		}
	}
	if err := m.copy(ctx, shot, want); err != nil {
		return Report{}, err
	}
	return Report{Tables: want}, m.verify(ctx, want)
}

// markOf names an instance and all that was in it when its move began.
func markOf(id string, all []store.Sum) (string, error) {
	text, err := json.Marshal(all)
	if err != nil {
		return "", fmt.Errorf("mark move: %w", err)
	}
	sum := sha256.Sum256(text)
	return id + " " + hex.EncodeToString(sum[:]), nil
}

func (m Move) copy(ctx context.Context, shot *store.Snapshot, want []store.Sum) error {
	c := copying{Move: m}
	for _, s := range want {
		c.total += s.Rows
	}
	for i, t := range shot.Tables {
		if err := c.table(ctx, shot, t, want[i].Rows); err != nil {
			return err
		}
	}
	m.Progress(StageCopy, c.total, c.total)
	return nil
}

// copying is a move with what it has copied so far.
type copying struct {
	Move

	done, total int64
}

func (c *copying) table(ctx context.Context, shot *store.Snapshot, t store.Table, rows int64) error {
	counter, err := shot.Counter(ctx, t)
	if err != nil {
		return err
	}
	last, err := c.To.Last(ctx, t)
	if err != nil {
		return err
	}
	begun := c.done
	var page []store.Row
	for row, err := range shot.Rows(ctx, t, last) {
		if err != nil {
			return err
		}
		if page = append(page, row); len(page) == store.MaxInsert {
			if err := c.put(ctx, t, page, 0); err != nil {
				return err
			}
			page = page[:0]
		}
	}
	if err := c.put(ctx, t, page, counter); err != nil {
		return err
	}
	c.done = begun + rows // with those of an earlier run
	return nil
}

// put writes a page, and the counter of the table where it is the last.
func (c *copying) put(ctx context.Context, t store.Table, page []store.Row, counter int64) error {
	err := c.To.Tx(ctx, func(tx *store.Tx) error {
		if _, err := tx.Insert(ctx, t, page); err != nil {
			return err
		}
		return tx.RaiseCounter(ctx, t, counter)
	})
	if err != nil {
		return err
	}
	c.done += int64(len(page))
	c.Progress(StageCopy, c.done, c.total)
	return nil
}

func (m Move) verify(ctx context.Context, want []store.Sum) error {
	shot, err := m.To.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = shot.Close() }()
	got, err := sums(ctx, shot, StageVerify, m.Progress)
	if err != nil {
		return err
	}
	return differ(want, got)
}
