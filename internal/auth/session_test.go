package auth

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
)

func TestAUseDuringAFlushWaitsForTheNext(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l := newLastUse()
	l.note(1, 10, noon)
	l.note(2, 20, noon)
	flushing := l.all()
	l.note(1, 10, noon.Add(time.Second)) // while it is written
	l.note(3, 30, noon)
	l.flushed(flushing)
	want := map[account.SessionID]time.Time{1: noon.Add(time.Second), 3: noon}
	if left := l.all(); !maps.EqualFunc(left, want, time.Time.Equal) {
		t.Errorf("%v is left, want %v", left, want)
	}
}

func TestAnEarlierUseMovesNothingBack(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l := newLastUse()
	l.note(1, 10, noon)
	l.note(1, 10, noon.Add(-time.Second))
	for _, read := range []time.Time{noon.Add(-time.Hour), noon, noon.Add(time.Hour)} {
		s := account.Session{ID: 1, LastUsedAt: read}
		if l.tell(&s); s.LastUsedAt.Before(noon) || s.LastUsedAt.Before(read) {
			t.Errorf("last used at %v by the database, and at %v after all", read, s.LastUsedAt)
		}
	}
	if mine := l.of(10); len(mine) != 1 || len(l.of(20)) != 0 {
		t.Errorf("of one person: %v; of another: %v", mine, l.of(20))
	}
}

func TestABatchThatFailsKeepsNoOtherFromBeingFlushed(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l := newLastUse()
	for id := range account.SessionID(3*flushBatch - 1) {
		l.note(id+1, 10, noon)
	}
	broken, batches := errors.New("broken"), 0
	err := l.flush(t.Context(), func(_ context.Context, some map[account.SessionID]time.Time) error {
		batches++
		if _, first := some[1]; first {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) || batches != 3 {
		t.Errorf("%d batches, and it says %v", batches, err)
	}
	left := l.all()
	if _, kept := left[1]; !kept || len(left) != flushBatch {
		t.Errorf("%d are left; want the batch that failed", len(left))
	}
}

func TestAFlushEndsWithItsTime(t *testing.T) {
	t.Parallel()
	l := newLastUse()
	for id := range account.SessionID(3 * flushBatch) {
		l.note(id+1, 10, time.Unix(1, 0))
	}
	ctx, cancel := context.WithCancel(t.Context())
	batches := 0
	err := l.flush(ctx, func(ctx context.Context, _ map[account.SessionID]time.Time) error {
		batches++
		cancel()
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) || batches != 1 {
		t.Errorf("%d batches, and it says %v", batches, err)
	}
}

// TestAUseThatIsFlushedMeanwhileCounts uses a token every twenty days, while the use before is
// written down: one that nobody knew of would end the session after thirty.
func TestAUseThatIsFlushedMeanwhileCounts(t *testing.T) {
	t.Parallel()
	const turns, rest = 1000, 20 * 24 * time.Hour
	a, _, _ := olderHash(t)
	now := time.Now()
	a.now = func() time.Time { return now }
	a.cfg.TokenTTL = (turns + 1) * rest
	in, err := login(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	for turn := range turns {
		now = now.Add(rest)
		flushed := make(chan error, 1)
		go func() { flushed <- a.FlushLastUse(t.Context()) }()
		if err := a.Authenticate(t.Context(), &Caller{IP: netip.MustParseAddr("192.0.2.1")}, string(in.Issued.Token)); err != nil {
			t.Fatalf("turn %d: %v", turn, err)
		}
		if err := <-flushed; err != nil {
			t.Fatal(err)
		}
	}
}

// A machine that was asleep has both turns due at once: what is only in memory is written
// before what is idle by the database goes.
func TestASweepKnowsOfUsesThatOnlyMemoryHas(t *testing.T) {
	t.Parallel()
	a, _, _ := olderHash(t)
	now := time.Now()
	a.now = func() time.Time { return now }
	a.cfg.TokenTTL = 4 * a.cfg.TokenIdleTTL
	in, err := login(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	use := func() error {
		return a.Authenticate(t.Context(), &Caller{IP: netip.MustParseAddr("192.0.2.1")}, string(in.Issued.Token))
	}
	for range 2 { // the second time well past what the login has written down
		if err := use(); err != nil {
			t.Fatal(err)
		}
		now = now.Add(a.cfg.TokenIdleTTL * 3 / 4)
	}
	if err := a.sweeper()(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := use(); err != nil {
		t.Errorf("after a sweep: %v", err)
	}
}
