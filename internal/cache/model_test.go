package cache_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"flowxi.app/flowxi/internal/cache"
)

// model is a sliding log in its plainest form: a list of all events of each
// key, looked through from end to end every time.
type model struct {
	now    time.Duration
	events map[string][]time.Duration
}

func (m *model) inside(w cache.Window) []time.Duration {
	return slices.DeleteFunc(slices.Clone(m.events[w.Key]), func(at time.Duration) bool {
		return at <= m.now-w.Per
	})
}

func (m *model) reserve(windows []cache.Window) cache.Reservation {
	r := cache.Reservation{Allowed: true}
	for _, w := range windows {
		if in := m.inside(w); w.Limit > 0 && len(in) >= w.Limit {
			r.Allowed = false
			r.RetryAfter = max(r.RetryAfter, in[len(in)-w.Limit]+w.Per-m.now)
		}
	}
	first, full := true, false
	for _, w := range windows {
		if w.Limit <= 0 {
			continue
		}
		full = full || !w.Pending && len(m.inside(w)) >= w.Limit
		if r.Allowed {
			m.events[w.Key] = append(m.events[w.Key], m.now)
		}
		in, reset := m.inside(w), time.Duration(0)
		if len(in) > 0 {
			reset = in[0] + w.Per - m.now
		}
		if w.Pending {
			if full && !r.Allowed {
				r.Pending += len(in)
			}
			full = false
			continue
		}
		left := max(0, w.Limit-len(in))
		if first || left < r.Remaining || left == r.Remaining && reset > r.Reset {
			r.Limit, r.Remaining, r.Reset = w.Limit, left, reset
		}
		first = false
	}
	return r
}

func (m *model) release(windows []cache.Window, at time.Duration) {
	for _, w := range windows {
		if i := slices.Index(m.events[w.Key], at); w.Limit > 0 && i >= 0 {
			m.events[w.Key] = slices.Delete(m.events[w.Key], i, i+1)
		}
	}
}

// windowsGen draws some of five keys in any order, each with its own Per and a
// limit that may change from call to call. One of them tells what is under way.
func windowsGen() *rapid.Generator[[]cache.Window] {
	pers := []time.Duration{time.Second, 5 * time.Second, 10 * time.Second, time.Minute, time.Hour}
	keys := rapid.SliceOfNDistinct(rapid.IntRange(0, len(pers)-1), 0, len(pers), rapid.ID[int])
	return rapid.Custom(func(t *rapid.T) []cache.Window {
		var windows []cache.Window
		for _, i := range keys.Draw(t, "keys") {
			limit := rapid.IntRange(-1, 20).Draw(t, "limit")
			windows = append(windows, cache.Window{Key: fmt.Sprint(i), Limit: limit, Per: pers[i], Pending: i == 1})
		}
		return windows
	})
}

func TestMemoryCountsLikeThePlainModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type held struct {
			windows []cache.Window
			at      time.Duration
			r       cache.Reservation
		}
		ctx, clock := context.Background(), cache.NewFakeClock()
		memory := cache.NewMemory(clock.Now, cache.Options{})
		defer memory.Close()
		plain := &model{events: map[string][]time.Duration{}}
		var holds []held
		t.Repeat(map[string]func(*rapid.T){
			"reserve": func(t *rapid.T) {
				windows := windowsGen().Draw(t, "windows")
				got, err := memory.Reserve(ctx, windows)
				if err != nil {
					t.Fatal(err)
				}
				want := plain.reserve(windows)
				if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(cache.Reservation{})); diff != "" {
					t.Fatalf("Reserve(%v) (-want +got):\n%s", windows, diff)
				}
				if got.Allowed {
					holds = append(holds, held{windows, plain.now, got})
				}
			},
			"release": func(t *rapid.T) {
				if len(holds) == 0 {
					t.Skip("nothing is held")
				}
				i := rapid.IntRange(0, len(holds)-1).Draw(t, "which")
				if err := memory.Release(ctx, holds[i].r); err != nil {
					t.Fatal(err)
				}
				plain.release(holds[i].windows, holds[i].at)
				holds = slices.Delete(holds, i, i+1)
			},
			"settle": func(t *rapid.T) {
				if len(holds) == 0 {
					t.Skip("nothing is held")
				}
				h := &holds[rapid.IntRange(0, len(holds)-1).Draw(t, "which")]
				if err := memory.Settle(ctx, h.r); err != nil {
					t.Fatal(err)
				}
				pending := slices.DeleteFunc(slices.Clone(h.windows), func(w cache.Window) bool { return !w.Pending })
				plain.release(pending, h.at)
				h.windows = slices.DeleteFunc(slices.Clone(h.windows), func(w cache.Window) bool { return w.Pending })
			},
			"advance": func(t *rapid.T) {
				d := time.Duration(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "by"))
				clock.Advance(d)
				plain.now += d
				seeTime(t, memory)
			},
			"step back": func(t *rapid.T) {
				clock.Advance(-time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "by")))
				seeTime(t, memory)
			},
		})
	})
}

// seeTime lets the cache see the time as it is now; a step that it never sees
// is none to it.
func seeTime(t *rapid.T, m *cache.Memory) {
	if _, err := m.Reserve(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
}
