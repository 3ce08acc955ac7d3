package cache

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func (m *Memory) entries() (n int) {
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		n += len(s.values.byKey) + len(s.windows.byKey)
		s.mu.Unlock()
	}
	return n
}

func TestTheExpiredIsSweptWithoutBeingAskedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const many = 3 * sweepSteps
		m := NewMemory(time.Now, Options{MaxEntries: 10 * many})
		defer m.Close()
		ctx := context.Background()
		for i := range many {
			ttl := time.Duration(i%2+1) * time.Minute
			if err := m.Set(ctx, fmt.Sprint(i), nil, ttl); err != nil {
				t.Fatal(err)
			}
			if _, err := m.Reserve(ctx, []Window{{Key: fmt.Sprint(i), Limit: 1, Per: ttl}}); err != nil {
				t.Fatal(err)
			}
		}
		for minutes, want := range []int{2 * many, many, 0} {
			if got := m.entries(); got != want {
				t.Fatalf("after %d minutes %d entries are left; want %d", minutes, got, want)
			}
			time.Sleep(time.Minute + 2*sweepEvery)
		}
	})
}

func TestAWindowInUseIsNotSwept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory(time.Now, Options{})
		defer m.Close()
		w := []Window{{Key: "w", Limit: 2, Per: time.Minute}}
		for range 5 {
			if r, err := m.Reserve(context.Background(), w); err != nil || !r.Allowed {
				t.Fatalf("Reserve = %+v, %v", r, err)
			}
			time.Sleep(45 * time.Second)
			if m.entries() != 1 {
				t.Fatal("a window with an event in it was swept")
			}
		}
	})
}

func TestAGivenBackWindowTakesNoRoom(t *testing.T) {
	t.Parallel()
	m := NewMemory(time.Now, Options{})
	defer m.Close()
	r, err := m.Reserve(context.Background(), []Window{{Key: "w", Limit: 2, Per: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Release(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	if got := m.entries(); got != 0 {
		t.Fatalf("%d entries are left", got)
	}
}

func TestALogTakesTheRoomOfItsRecentEvents(t *testing.T) {
	t.Parallel()
	const limit = 1200
	var e events
	for i := range limit {
		if room := max(minEvents, 2*i); len(e.ring) > room {
			t.Fatalf("%d events take room for %d", i, len(e.ring))
		}
		e.push(int64(i), limit)
	}
	if len(e.ring) != limit {
		t.Fatalf("a full log has room for %d; want %d", len(e.ring), limit)
	}
	for e.n > 1 {
		e.drop(e.at(0))
		if len(e.ring) > 4*e.n+2*minEvents {
			t.Fatalf("%d events take room for %d", e.n, len(e.ring))
		}
		if got := e.at(0); got != int64(limit-e.n) {
			t.Fatalf("the oldest event is %d; want %d", got, limit-e.n)
		}
	}
}

// A bug in the sweeping costs one turn of it, and is told.
func TestAPanicInASweepCostsOneTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		now := func() time.Time {
			if broken.Load() {
				panic("the clock has stopped at fxp_secret")
			}
			return time.Now()
		}
		var log bytes.Buffer
		m := NewMemory(now, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		defer m.Close()
		if err := m.Set(t.Context(), "a", nil, time.Second); err != nil {
			t.Fatal(err)
		}
		broken.Store(true)
		time.Sleep(2*sweepEvery + sweepEvery/2)
		synctest.Wait()
		if text := log.String(); strings.Count(text, "cannot sweep") != 2 || !strings.Contains(text, "sweepShard") || strings.Contains(text, "fxp_secret") {
			t.Errorf("the log is %s", text)
		}
		broken.Store(false)
		time.Sleep(sweepEvery)
		synctest.Wait()
		if n := m.entries(); n != 0 {
			t.Errorf("%d entries are left", n)
		}
	})
}
