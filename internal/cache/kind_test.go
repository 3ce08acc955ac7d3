package cache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"flowxi.app/flowxi/internal/cache"
)

// named has keys tell their kind by how they begin.
func named(key string) cache.Kind {
	for k := cache.Owners; k <= cache.Floods; k++ {
		if strings.HasPrefix(key, k.String()) {
			return k
		}
	}
	return cache.Owners
}

// bounded is a cache in one shard, so that its bound is met to the entry.
func bounded(t testing.TB, entries int) (*cache.Memory, *cache.FakeClock) {
	clock := cache.NewFakeClock()
	m := cache.NewMemory(clock.Now, cache.Options{MaxEntries: entries, Kind: named})
	t.Cleanup(m.Close)
	return m, clock
}

func window(k cache.Kind, i int) cache.Window {
	return cache.Window{Key: fmt.Sprint(k, i), Limit: 1, Per: time.Hour}
}

// fill makes windows of a kind until there is no room, and returns how many there were.
func fill(t *testing.T, m *cache.Memory, k cache.Kind) int {
	t.Helper()
	for i := range 10_000 {
		if _, err := m.Reserve(context.Background(), []cache.Window{window(k, i)}); errors.Is(err, cache.ErrFull) {
			return i
		} else if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("%v is never full", k)
	return 0
}

func TestWhatStrangersFillLeavesRoomForOwners(t *testing.T) {
	t.Parallel()
	m, _ := bounded(t, 800)
	for _, k := range []cache.Kind{cache.Mails, cache.Codes, cache.Floods, cache.Logins} {
		if got, want := fill(t, m, k), map[bool]int{true: 400, false: 100}[k == cache.Mails]; got != want {
			t.Errorf("%v takes %d entries; want %d", k, got, want)
		}
	}
	for i := range 100 {
		set(t, m, fmt.Sprint("challenge ", i), time.Minute)
	}
	if _, err := m.Reserve(context.Background(), []cache.Window{window(cache.Mails, 500)}); !errors.Is(err, cache.ErrFull) {
		t.Errorf("a mail where all is full: %v", err)
	}
	for i := range 100 {
		if !has(m, fmt.Sprint("challenge ", i)) {
			t.Fatalf("challenge %d was dropped for a stranger", i)
		}
	}
	if got := fill(t, m, cache.Owners); got != 100 {
		t.Errorf("%d windows of owners had room; want 100", got)
	}
}

func TestAKindThatEndsGivesItsRoomBack(t *testing.T) {
	t.Parallel()
	m, clock := bounded(t, 800)
	fill(t, m, cache.Mails)
	clock.Advance(time.Hour)
	if got := fill(t, m, cache.Codes); got != 400 {
		t.Errorf("codes take %d entries after the mails; want 400", got)
	}
}

// TestEachKindHasItsShare does anything to four kinds, and then has the fifth take what is
// its own.
func TestEachKindHasItsShare(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		const entries, share = 80, 10
		clock := cache.NewFakeClock()
		m := cache.NewMemory(clock.Now, cache.Options{MaxEntries: entries, Kind: named})
		defer m.Close()
		ctx := context.Background()
		guarded := cache.Kind(rapid.IntRange(0, int(cache.Floods)).Draw(rt, "guarded"))
		kind := rapid.IntRange(0, int(cache.Floods)).Filter(func(k int) bool { return cache.Kind(k) != guarded })
		var held []cache.Reservation
		rt.Repeat(map[string]func(*rapid.T){
			"reserve": func(rt *rapid.T) {
				for range rapid.IntRange(1, 40).Draw(rt, "times") {
					a, b := window(cache.Kind(kind.Draw(rt, "kind")), len(held)), window(cache.Kind(kind.Draw(rt, "other")), len(held)+1_000)
					a.Per = time.Duration(rapid.IntRange(1, 60).Draw(rt, "minutes")) * time.Minute
					a.Key = fmt.Sprint(a.Key, a.Per)
					r, err := m.Reserve(ctx, []cache.Window{a, b})
					if err != nil && !errors.Is(err, cache.ErrFull) {
						rt.Fatal(err)
					}
					held = append(held, r)
				}
			},
			"set": func(rt *rapid.T) {
				if guarded == cache.Owners {
					rt.Skip("values are of owners")
				}
				if err := m.Set(ctx, fmt.Sprint(len(held)), nil, time.Minute); err != nil && !errors.Is(err, cache.ErrFull) {
					rt.Fatal(err)
				}
			},
			"release": func(rt *rapid.T) {
				if len(held) == 0 {
					rt.Skip("nothing is held")
				}
				if err := m.Release(ctx, held[rapid.IntRange(0, len(held)-1).Draw(rt, "which")]); err != nil {
					rt.Fatal(err)
				}
			},
			"wait": func(rt *rapid.T) {
				clock.Advance(time.Duration(rapid.IntRange(1, 30).Draw(rt, "minutes")) * time.Minute)
			},
		})
		for i := range share {
			w := window(guarded, i)
			if _, err := m.Reserve(ctx, []cache.Window{w}); err != nil {
				rt.Fatalf("%v had no room for its window %d: %v", guarded, i, err)
			}
		}
		total := 0
		for _, r := range m.Rooms() {
			total += r.Entries
		}
		if total > entries {
			rt.Fatalf("%d entries in a cache for %d", total, entries)
		}
	})
}

func TestARestartLeavesRoomForOwners(t *testing.T) {
	t.Parallel()
	clock, path := cache.NewFakeClock(), filepath.Join(t.TempDir(), "limits")
	open := func() *cache.Memory {
		m, err := cache.OpenMemory(clock.Now, cache.Options{MaxEntries: 800, Kind: named}, path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.Close)
		return m
	}
	m := open()
	fill(t, m, cache.Mails)
	m.Close()
	m = open()
	if _, err := m.Reserve(context.Background(), []cache.Window{window(cache.Mails, 9_999)}); !errors.Is(err, cache.ErrFull) {
		t.Errorf("mails have room again after a restart: %v", err)
	}
	if got := fill(t, m, cache.Owners); got != 100 {
		t.Errorf("owners have room for %d windows after a restart; want 100", got)
	}
}

func TestAKindWithoutRoomIsToldOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		m := cache.NewMemory(time.Now, cache.Options{MaxEntries: 80, Kind: named, Log: slog.New(slog.NewTextHandler(&log, nil))})
		fill(t, m, cache.Mails)
		for range 90 {
			time.Sleep(time.Second)
			_, _ = m.Reserve(t.Context(), []cache.Window{window(cache.Mails, 9_999)})
		}
		m.Close()
		if n := strings.Count(log.String(), "level=WARN"); n != 2 || strings.Count(log.String(), "kind=mails") != 2 {
			t.Errorf("a minute and a half without room was told %d times:\n%s", n, log.String())
		}
	})
}

func TestRoomsTellOfEachKind(t *testing.T) {
	t.Parallel()
	m, _ := bounded(t, 80)
	fill(t, m, cache.Mails)
	set(t, m, "challenge", time.Minute)
	for _, r := range m.Rooms() {
		want := cache.Room{Kind: r.Kind, Max: 40}
		switch r.Kind {
		case cache.Mails:
			want.Entries, want.Refused = 40, 1
		case cache.Owners:
			want.Entries = 1
		}
		if r != want {
			t.Errorf("the room of %v is %+v; want %+v", r.Kind, r, want)
		}
	}
}
