package cachetest

import (
	"context"
	"time"

	"flowxi.app/flowxi/internal/cache"
)

func windowAdmitsItsLimit(c *check) {
	w := c.window("w", 3, 60*unit)
	for left := 2; left >= 0; left-- {
		if r := c.allows(w); r.Remaining != left || r.Limit != 3 {
			c.Fatalf("%d of %d remain; want %d of 3", r.Remaining, r.Limit, left)
		}
	}
	if r := c.refuses(w); r.Remaining != 0 || r.Limit != 3 {
		c.Fatalf("a refusal has %d of %d remaining", r.Remaining, r.Limit)
	}
}

// windowSlides sets a sliding log apart from a counter for fixed spans, which
// would admit a full limit on each side of a boundary.
func windowSlides(c *check) {
	w := c.window("w", 2, 6*unit)
	c.allows(w)
	c.h.Advance(3 * unit)
	c.allows(w)
	c.refuses(w)
	c.h.Advance(3 * unit)
	c.allows(w)
	c.refuses(w)
}

func allOrNothing(c *check) {
	one, two := c.window("one", 1, 60*unit), c.window("two", 2, 60*unit)
	c.allows(one, two)
	c.refuses(two, one)
	c.refuses(one, two)
	c.allows(two)
	c.refuses(two)
}

func refusalTellsWhen(c *check) {
	short, long := c.window("short", 1, 3*unit), c.window("long", 1, 6*unit)
	free := c.window("free", 5, 60*unit)
	c.allows(short, long)
	c.about("the wait for one", c.refuses(short, free).RetryAfter, 3*unit)
	c.about("the wait for both", c.refuses(short, long, free).RetryAfter, 6*unit)
	c.h.Advance(3 * unit)
	c.about("the wait for the rest", c.refuses(short, long).RetryAfter, 3*unit)
	c.h.Advance(3 * unit)
	c.allows(short, long)
}

func tightestIsTold(c *check) {
	wide, tight := c.window("wide", 9, 10*unit), c.window("tight", 3, 60*unit)
	r := c.allows(wide, tight)
	if r.Limit != 3 || r.Remaining != 2 {
		c.Fatalf("%d of %d remain; want 2 of 3", r.Remaining, r.Limit)
	}
	c.about("the reset", r.Reset, 60*unit)

	equal := c.window("equal", 1, 20*unit)
	c.allows(tight)
	r = c.allows(equal, tight)
	if r.Limit != 3 || r.Remaining != 0 {
		c.Fatalf("%d of %d remain; want 0 of 3, the longer reset", r.Remaining, r.Limit)
	}
	c.about("the longer reset", r.Reset, 60*unit)
}

func noLimit(c *check) {
	for range 3 {
		r := c.allows(c.window("zero", 0, unit), c.window("less", -1, 0))
		if r.Limit != 0 || r.Remaining != 0 || r.Reset != 0 {
			c.Fatalf("no limit is told as %+v", r)
		}
		c.releases(r)
	}
	c.allows()
	if r := c.allows(c.window("zero", 0, unit), c.window("some", 4, unit)); r.Limit != 4 {
		c.Fatalf("the limit beside none is told as %+v", r)
	}
}

func senselessWindows(c *check) {
	w := c.window("w", 1, 60*unit)
	for what, windows := range map[string][]cache.Window{
		"a window for no time":     {w, c.window("never", 1, 0)},
		"a window of minus a unit": {w, c.window("never", 1, -unit)},
		"a window given twice":     {w, w},
	} {
		if r, err := c.h.Cache.Reserve(context.Background(), windows); err == nil {
			c.Errorf("%s was answered %+v", what, r)
		}
	}
	c.allows(w)
}

func releaseGivesBack(c *check) {
	one, two := c.window("one", 1, 60*unit), c.window("two", 2, 60*unit)
	for range 5 {
		r := c.allows(one, two)
		c.refuses(one)
		c.releases(r)
	}
	c.allows(two)
	c.allows(two)
	c.refuses(two)
}

func releaseOnce(c *check) {
	w := c.window("w", 2, 60*unit)
	r := c.allows(w)
	c.allows(w)
	c.releases(r)
	c.releases(r)
	c.allows(w)
	c.refuses(w)
}

func releaseOfRefused(c *check) {
	w := c.window("w", 1, 60*unit)
	c.allows(w)
	c.releases(c.refuses(w))
	c.releases(cache.Reservation{})
	c.refuses(w)
}

func releaseAfterTheEnd(c *check) {
	w := c.window("w", 1, 2*unit)
	gone := c.allows(w)
	c.h.Advance(2 * unit)
	c.allows(w)
	c.releases(gone)
	c.refuses(w)
}

func (c *check) pendingWindow() cache.Window {
	w := c.window("aloft", 100, 5*unit)
	w.Pending = true
	return w
}

// refusesWith also looks at how many are under way.
func (c *check) refusesWith(pending int, windows ...cache.Window) {
	c.Helper()
	if r := c.refuses(windows...); r.Pending != pending || r.Limit != windows[0].Limit {
		c.Errorf("refused by a limit of %d with %d under way; want %d with %d", r.Limit, r.Pending, windows[0].Limit, pending)
	}
}

func pendingUntilSettled(c *check) {
	w, aloft := c.window("w", 2, 60*unit), c.pendingWindow()
	first, second := c.allows(w, aloft), c.allows(w, aloft)
	if second.Pending != 0 || second.Limit != 2 || second.Remaining != 0 {
		c.Errorf("the second is told %+v", second)
	}
	c.refusesWith(2, w, aloft)
	c.settles(first)
	c.settles(first)
	c.refusesWith(1, w, aloft)
	c.settles(second)
	c.refusesWith(0, w, aloft)
	c.releases(second) // what is settled can still be given back
	c.allows(w, aloft)
	c.refusesWith(1, w, aloft)
	c.h.Advance(5 * unit)
	c.refusesWith(0, w, aloft)
}

// pendingOfItsOwn has two limits, of which one is full of what is under way and the other
// of what is done.
func pendingOfItsOwn(c *check) {
	one, other := c.window("w", 1, 60*unit), c.window("v", 1, 60*unit)
	aloft, apart := c.pendingWindow(), c.pendingWindow()
	apart.Key += "/apart"
	c.allows(one, aloft)
	c.settles(c.allows(other, apart))
	c.refusesWith(1, one, aloft, c.window("x", 1, 60*unit), apart)
	c.refusesWith(0, other, apart)
	c.refusesWith(0, other, apart, c.window("y", 5, 60*unit), aloft)
	c.refusesWith(1, other, one, aloft)
}

func pendingUntilReleased(c *check) {
	w, aloft := c.window("w", 2, 60*unit), c.pendingWindow()
	first, _ := c.allows(w, aloft), c.allows(w, aloft)
	c.releases(first)
	c.settles(first)
	c.allows(w, aloft)
	c.refusesWith(2, w, aloft)
}

func pendingOfRefused(c *check) {
	w, aloft := c.window("w", 1, 60*unit), c.pendingWindow()
	c.settles(c.allows(w)) // has nothing under way
	c.settles(c.refuses(w, aloft))
	c.settles(cache.Reservation{})
	c.refusesWith(0, w, aloft)
}

func valuesAndWindowsApart(c *check) {
	w := c.window("same", 1, 60*unit)
	c.set("same", "v", 60*unit)
	c.allows(w)
	c.holds("same", "v")
	if err := c.h.Cache.Delete(context.Background(), c.key("same")); err != nil {
		c.Fatal(err)
	}
	c.refuses(w)
}

func reserveRace(c *check) {
	const limit = 7
	w := c.window("w", limit, 600*unit)
	served := c.race(func(ctx context.Context) (bool, error) {
		r, err := c.h.Cache.Reserve(ctx, []cache.Window{w})
		return r.Allowed, err
	})
	if served != limit {
		c.Fatalf("%d callers passed a limit of %d", served, limit)
	}
}

// reserveRaceOverTwo has callers name two windows in either order, which must
// neither lock them up nor let a refused one leave a trace.
func reserveRaceOverTwo(c *check) {
	const limit = 7
	few, many := c.window("few", limit, 600*unit), c.window("many", racers, 600*unit)
	orders := make(chan []cache.Window, racers)
	for i := range racers {
		orders <- [][]cache.Window{{few, many}, {many, few}}[i%2]
	}
	served := c.race(func(ctx context.Context) (bool, error) {
		r, err := c.h.Cache.Reserve(ctx, <-orders)
		return r.Allowed, err
	})
	if served != limit {
		c.Fatalf("%d callers passed a limit of %d", served, limit)
	}
	if r := c.allows(many); r.Remaining != racers-limit-1 {
		c.Fatalf("%d remain in the wide window; want %d", r.Remaining, racers-limit-1)
	}
	c.about("the reset", c.refuses(few).Reset, 600*unit+time.Nanosecond)
}
