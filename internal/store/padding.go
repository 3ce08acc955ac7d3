package store

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Padding is what a transaction writes besides, so that one about somebody without an
// account writes as many rows as one about somebody with one, in about the same time.
type Padding int

// The kinds of padding.
const (
	LikeUpdates Padding = iota // rows that cost what a counter does that is changed and returned
	LikeInserts                // rows that cost what new ones do, with their indexes where writing is mostly that (SQLite)
)

// padSlots is how many rows of padding there are, and padMost how many of them one
// transaction may write: each of a run of its own, so that they lie on pages of their own,
// as rows of several tables do.
const (
	padSlots = 1024
	padMost  = 4
	padRun   = padSlots / padMost
)

// nextPad is the place in its runs of the last transaction of this process. One after the
// other takes the next, since two that wrote the same rows would collide, and so be slower.
var nextPad = func() *atomic.Uint32 {
	n := new(atomic.Uint32)
	n.Store(rand.Uint32()) //nolint:gosec // spreads nodes, guards nothing
	return n
}()

// Pad brings the rows that the transaction has written to total, by one statement that is
// run whatever is missing. More than padMost cannot be made up for.
func (tx *Tx) Pad(ctx context.Context, total int64, like Padding, now time.Time) error {
	missing := total - tx.written
	first := int(nextPad.Add(1) % padRun)
	slots := [padMost]int{-1, -1, -1, -1}
	for i := range slots {
		if int64(i) < missing {
			slots[i] = first + i*padRun
		}
	}
	args := []any{slots[0], slots[1], slots[2], slots[3]}
	if like == LikeInserts {
		_, err := tx.exec(ctx, "pad", `
			UPDATE padding SET writes = writes + 1, written = $5 WHERE slot IN ($1, $2, $3, $4)`, append(args, micros(now))...)
		return err
	}
	padded, err := rows(ctx, tx.reader, "pad", `
		UPDATE padding SET writes = writes + 1 WHERE slot IN ($1, $2, $3, $4) RETURNING slot, writes = 0, written`, args,
		func(s scanner) (struct{}, error) {
			var slot, written int64
			var none bool
			return struct{}{}, s.Scan(&slot, &none, &written)
		})
	tx.written += int64(len(padded))
	return err
}
