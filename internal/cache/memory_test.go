package cache_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/cache/cachetest"
)

func newMemory(t testing.TB, maxEntries int) (*cache.Memory, *cache.FakeClock) {
	clock := cache.NewFakeClock()
	m := cache.NewMemory(clock.Now, cache.Options{MaxEntries: maxEntries})
	t.Cleanup(m.Close)
	return m, clock
}

func TestMemoryIsACache(t *testing.T) {
	t.Parallel()
	cachetest.Suite(t, func(t *testing.T) cachetest.Harness {
		m, clock := newMemory(t, 0)
		return cachetest.Harness{Cache: m, Advance: clock.Advance}
	})
}

func TestMemoryWithAJournalIsACache(t *testing.T) {
	t.Parallel()
	cachetest.Suite(t, func(t *testing.T) cachetest.Harness {
		clock := cache.NewFakeClock()
		m, err := cache.OpenMemory(clock.Now, cache.Options{}, filepath.Join(t.TempDir(), "limits"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.Close)
		return cachetest.Harness{Cache: m, Advance: clock.Advance}
	})
}

func set(t *testing.T, m *cache.Memory, key string, ttl time.Duration) {
	t.Helper()
	if err := m.Set(context.Background(), key, []byte(key), ttl); err != nil {
		t.Fatalf("Set(%s): %v", key, err)
	}
}

func reserve(t *testing.T, m *cache.Memory, windows ...cache.Window) cache.Reservation {
	t.Helper()
	r, err := m.Reserve(context.Background(), windows)
	if err != nil {
		t.Fatalf("Reserve: %v", err)
	}
	return r
}

func has(m *cache.Memory, key string) bool {
	_, _, err := m.Get(context.Background(), key)
	return err == nil
}

func TestAFullCacheDropsTheValueSoonestToExpire(t *testing.T) {
	t.Parallel()
	m, _ := newMemory(t, 3)
	set(t, m, "a", 3*time.Minute)
	set(t, m, "b", time.Minute)
	set(t, m, "c", 2*time.Minute)
	set(t, m, "b", 4*time.Minute)
	set(t, m, "c", 5*time.Minute)
	set(t, m, "new", time.Second)
	if has(m, "a") || !has(m, "b") || !has(m, "c") || !has(m, "new") {
		t.Fatal("another value than a was dropped")
	}
	set(t, m, "b", time.Hour)
	if !has(m, "c") || !has(m, "new") {
		t.Fatal("a value was dropped for one that was there")
	}
}

func TestAFullCacheDropsTheExpiredFirst(t *testing.T) {
	t.Parallel()
	m, clock := newMemory(t, 2)
	w := cache.Window{Key: "w", Limit: 1, Per: 2 * time.Minute}
	reserve(t, m, w)
	set(t, m, "a", 3*time.Minute)
	clock.Advance(2 * time.Minute)
	set(t, m, "b", time.Hour)
	if !has(m, "a") || !has(m, "b") {
		t.Fatal("a live value was dropped for an expired window")
	}
}

func TestALimitIsNeverForgottenForWantOfRoom(t *testing.T) {
	t.Parallel()
	m, clock := newMemory(t, 2)
	old := cache.Window{Key: "old", Limit: 1, Per: time.Minute}
	other := cache.Window{Key: "other", Limit: 1, Per: time.Minute}
	fresh := cache.Window{Key: "fresh", Limit: 1, Per: time.Hour}
	reserve(t, m, old)
	set(t, m, "value", time.Hour)
	reserve(t, m, other)
	if has(m, "value") {
		t.Fatal("a value stood in the way of a limit")
	}

	ctx := context.Background()
	if r, err := m.Reserve(ctx, []cache.Window{old, fresh}); err != nil || r.Allowed {
		t.Fatalf("a full window says %+v, %v", r, err)
	}
	if _, err := m.Reserve(ctx, []cache.Window{fresh}); !errors.Is(err, cache.ErrFull) {
		t.Fatalf("a new window in a full cache: %v", err)
	}
	flood := fresh
	flood.Fleeting = true
	if r, err := m.Reserve(ctx, []cache.Window{flood}); err != nil || !r.Allowed {
		t.Fatalf("a flood limit in a full cache shuts: %+v, %v", r, err)
	}
	if err := m.Set(ctx, "value", nil, time.Hour); !errors.Is(err, cache.ErrFull) {
		t.Fatalf("a value in a cache full of windows: %v", err)
	}
	if added, err := m.Add(ctx, "value", nil, time.Hour); added || !errors.Is(err, cache.ErrFull) {
		t.Fatalf("Add in a cache full of windows = %v, %v", added, err)
	}
	if reserve(t, m, old).Allowed || reserve(t, m, other).Allowed {
		t.Fatal("a limit was forgotten")
	}
	clock.Advance(time.Minute)
	if !reserve(t, m, fresh).Allowed {
		t.Fatal("no room after the windows ended")
	}
}

func TestAReservationWithoutRoomTakesNothing(t *testing.T) {
	t.Parallel()
	m, _ := newMemory(t, 2)
	old := cache.Window{Key: "old", Limit: 2, Per: time.Minute}
	reserve(t, m, old)
	windows := []cache.Window{old, {Key: "b", Limit: 9, Per: time.Minute}, {Key: "c", Limit: 9, Per: time.Minute}}
	if _, err := m.Reserve(context.Background(), windows); !errors.Is(err, cache.ErrFull) {
		t.Fatalf("three windows in a cache for two: %v", err)
	}
	if r := reserve(t, m, old); r.Remaining != 0 {
		t.Fatalf("%d remain of 2; want 0 after two events", r.Remaining)
	}
	reserve(t, m, windows[1])
}

func TestMakingRoomSparesTheWindowsOfTheCall(t *testing.T) {
	t.Parallel()
	m, clock := newMemory(t, 2)
	one := cache.Window{Key: "one", Limit: 1, Per: time.Minute}
	two := cache.Window{Key: "two", Limit: 1, Per: time.Hour}
	reserve(t, m, one)
	reserve(t, m, cache.Window{Key: "three", Limit: 1, Per: time.Minute})
	clock.Advance(time.Minute)
	if !reserve(t, m, one, two).Allowed || reserve(t, m, one).Allowed || reserve(t, m, two).Allowed {
		t.Fatal("one of two windows was not counted")
	}
}

func TestAStepBackNeitherOpensNorLocks(t *testing.T) {
	t.Parallel()
	m, clock := newMemory(t, 0)
	w := cache.Window{Key: "w", Limit: 1, Per: time.Minute}
	reserve(t, m, w)
	set(t, m, "value", time.Minute)
	clock.Advance(-24 * time.Hour)
	if r := reserve(t, m, w); r.Allowed || r.RetryAfter != time.Minute {
		t.Fatalf("after a step back: %+v", r)
	}
	if _, ttl, err := m.Get(context.Background(), "value"); err != nil || ttl != time.Minute {
		t.Fatalf("after a step back the value has %v left, %v", ttl, err)
	}
	clock.Advance(time.Minute)
	if !reserve(t, m, w).Allowed || has(m, "value") {
		t.Fatal("a minute after a step back it is still locked")
	}
}

func TestTheLongestTimesDoNotOverflow(t *testing.T) {
	t.Parallel()
	const forever = time.Duration(1<<63 - 1)
	m, clock := newMemory(t, 0)
	clock.Advance(time.Hour)
	set(t, m, "value", forever)
	w := cache.Window{Key: "w", Limit: 1, Per: forever}
	reserve(t, m, w)
	clock.Advance(forever / 2)
	if !has(m, "value") || reserve(t, m, w).Allowed {
		t.Fatal("what lasts for ever has ended")
	}
}

func TestALowerLimitTellsWhenItAdmits(t *testing.T) {
	t.Parallel()
	m, clock := newMemory(t, 0)
	w := cache.Window{Key: "w", Limit: 3, Per: time.Minute}
	for range 3 {
		reserve(t, m, w)
		clock.Advance(time.Second)
	}
	w.Limit = 1
	if r := reserve(t, m, w); r.Allowed || r.RetryAfter != 59*time.Second {
		t.Fatalf("a limit lowered to 1 with three counted: %+v", r)
	}
}

func TestCloseMayBeCalledTwice(t *testing.T) {
	t.Parallel()
	m, _ := newMemory(t, 0)
	m.Close()
	m.Close()
	set(t, m, "still", time.Minute)
	if !has(m, "still") {
		t.Fatal("a closed cache does not answer")
	}
}

// Whoever is refused by what is only under way is told so, at each moment.
func TestWhatIsWithdrawnLeavesItsWindowsTogether(t *testing.T) {
	t.Parallel()
	m := cache.NewMemory(time.Now, cache.Options{})
	t.Cleanup(m.Close)
	for _, pendingFirst := range []bool{false, true} {
		tries := cache.Window{Key: fmt.Sprint("tries", pendingFirst), Limit: 1, Per: time.Hour}
		underWay := cache.Window{Key: fmt.Sprint("under way", pendingFirst), Limit: 100, Per: time.Hour, Pending: true}
		taken := []cache.Window{tries, underWay}
		if pendingFirst {
			slices.Reverse(taken)
		}
		var both sync.WaitGroup
		for _, windows := range [][]cache.Window{taken, {tries, underWay}} {
			both.Go(func() {
				for range 20_000 {
					r, err := m.Reserve(t.Context(), windows)
					if err != nil {
						t.Error(err)
						return
					}
					if !r.Allowed && r.Pending == 0 && windows[1].Pending {
						t.Error("refused by nothing that is under way, and nothing is done")
						return
					}
					_ = m.Release(t.Context(), r)
				}
			})
		}
		both.Wait()
	}
}

// BenchmarkReserveTwoWindows is what every request pays. The windows are short,
// so that old events leave as new ones come and every call is admitted.
func BenchmarkReserveTwoWindows(b *testing.B) {
	m := cache.NewMemory(time.Now, cache.Options{})
	b.Cleanup(m.Close)
	ctx := context.Background()
	windows := make([][]cache.Window, 1000)
	for i := range windows {
		windows[i] = []cache.Window{
			{Key: fmt.Sprintf("network %d", i), Limit: 600, Per: time.Millisecond},
			{Key: fmt.Sprintf("token %d", i), Limit: 1200, Per: time.Millisecond},
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r, err := m.Reserve(ctx, windows[i%len(windows)])
		if err != nil || !r.Allowed {
			b.Fatalf("Reserve = %+v, %v", r, err)
		}
	}
}
