package auth

import (
	"context"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/store"
)

// sweepFor sweeps a table that has rows for n full batches, each of which takes a while,
// and returns how many of them were run.
func sweepFor(t *testing.T, allowed time.Duration, n int, pause time.Duration) (batches int) {
	t.Helper()
	err := sweepTable(t.Context(), dbtest.Open(t, dbtest.Database(t, dbtest.SQLite)), allowed, func(ctx context.Context, _ *store.Tx) (int64, error) {
		batches++
		if at, bounded := ctx.Deadline(); !bounded || time.Until(at) > batchTime {
			t.Error("a batch may take for ever")
		}
		time.Sleep(pause)
		if batches > n {
			return 0, ctx.Err()
		}
		return sweepBatch, ctx.Err()
	})
	if err != nil {
		t.Error(err)
	}
	return batches
}

func TestASweepEndsBetweenTwoBatchesWhereItsTimeIsOver(t *testing.T) {
	t.Parallel()
	if n := sweepFor(t, 10*time.Millisecond, 1000, 20*time.Millisecond); n != 1 {
		t.Errorf("%d batches were run, want the one that had begun", n)
	}
}

func TestASweepGoesOnUntilNothingIsLeft(t *testing.T) {
	t.Parallel()
	if n := sweepFor(t, time.Minute, 3, 0); n != 4 {
		t.Errorf("%d batches were run, want those of the rows and an empty one", n)
	}
}
