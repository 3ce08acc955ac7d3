package cache_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/cache/redistest"
)

// A node that refuses by its own count tells how long the counts of all nodes are full,
// where that is longer, and asks nobody for it.
func TestARefusalOfOneNodeTellsTheWaitOfAll(t *testing.T) {
	t.Parallel()
	database := redistest.Database(t)
	g := newGate(t, database)
	node, other := openRedis(t, g.url, time.Now), openRedis(t, database, time.Now)
	both := append(minutely("minute", 1), hourly("hour", 2)...)
	taken(t, other, hourly("hour", 2))
	taken(t, node, both)
	g.shut()
	expectWait(t, node, both, time.Hour)
	expectWait(t, node, minutely("minute", 1), time.Minute)
}

func TestWhatIsGivenBackIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	list := nodes(t, redistest.Database(t), 2)
	both := append(minutely("minute", 1), hourly("hour", 3)...)
	taken(t, list[1], hourly("hour", 3))
	taken(t, list[0], hourly("hour", 3))
	taken(t, list[0], minutely("minute", 1))
	r := taken(t, list[0], hourly("hour", 3))
	expectWait(t, list[0], both, time.Hour)
	if err := list[0].Release(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	expectWait(t, list[0], both, time.Minute)
}

// What is under way elsewhere may be given back without this node's being told.
func TestWhatIsUnderWayElsewhereIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	list := nodes(t, redistest.Database(t), 2)
	aloft := cache.Window{Key: "aloft", Limit: 100, Per: time.Minute, Pending: true, Fleeting: true}
	line := append(hourly("hour", 2), aloft)
	all := append(minutely("minute", 1), line...)
	taken(t, list[1], line)
	taken(t, list[0], minutely("minute", 1))
	taken(t, list[0], line)
	expectWait(t, list[0], all, time.Minute)
}

func minutely(key string, limit int) []cache.Window {
	return []cache.Window{{Key: key, Limit: limit, Per: time.Minute}}
}

func taken(t *testing.T, node *cache.Redis, windows []cache.Window) cache.Reservation {
	t.Helper()
	r, err := node.Reserve(t.Context(), windows)
	if err != nil || !r.Allowed {
		t.Fatalf("%+v, %v", r, err)
	}
	return r
}

// expectWait demands a refusal until want has passed since a moment ago.
func expectWait(t *testing.T, node *cache.Redis, windows []cache.Window, want time.Duration) {
	t.Helper()
	r, err := node.Reserve(t.Context(), windows)
	if err != nil || r.Allowed {
		t.Fatalf("%+v, %v", r, err)
	}
	if r.RetryAfter > want || r.RetryAfter < want-30*time.Second {
		t.Errorf("it is to be waited for %s, want %s", r.RetryAfter, want)
	}
}
