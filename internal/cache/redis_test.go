package cache_test

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/cache/cachetest"
	"flowxi.app/flowxi/internal/cache/redistest"
)

// openRedis joins a database as one node, whose own count goes by now.
func openRedis(t testing.TB, url string, now func() time.Time) *cache.Redis {
	t.Helper()
	r, err := cache.OpenRedis(t.Context(), url, cache.RedisOptions{Now: now, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// aged is a clock that goes on by itself, and by whatever it is set forward.
type aged struct{ by atomic.Int64 }

func (a *aged) Now() time.Time { return time.Now().Add(time.Duration(a.by.Load())) }

func TestRedis(t *testing.T) {
	t.Parallel()
	cachetest.Suite(t, func(t *testing.T) cachetest.Harness {
		url, clock := redistest.Database(t), &aged{}
		return cachetest.Harness{
			Cache: openRedis(t, url, clock.Now),
			Advance: func(d time.Duration) {
				clock.by.Add(int64(d))
				redistest.Age(t, url, d)
			},
		}
	})
}
