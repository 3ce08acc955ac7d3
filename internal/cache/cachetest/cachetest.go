// Package cachetest holds the tests that every cache passes.
//
// Its one rule: it knows nothing of how a cache is built, only what cache.Cache
// promises.
package cachetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/cache"
)

// unit is the scale of all times in the suite: long enough that a slow machine
// does not blur them, short enough to wait for.
const unit = time.Second

// racers is how many callers try for the same thing at once.
const racers = 64

// Harness is a cache under test. Advance lets its time pass, by a clock that is
// set forward or by waiting.
type Harness struct {
	Cache   cache.Cache
	Advance func(time.Duration)
}

// Suite tests the caches that open returns. They may share one server: every
// test has keys of its own.
func Suite(t *testing.T, open func(*testing.T) Harness) {
	t.Helper()
	for name, test := range map[string]func(*check){
		"a value is there until it expires":              valueExpires,
		"a value is copied in and out":                   valueIsCopied,
		"an empty value is a value":                      emptyValue,
		"a value is replaced":                            valueIsReplaced,
		"a value cannot live for no time":                valueNeedsTime,
		"a value is deleted":                             valueIsDeleted,
		"a value is added only where absent":             addOnlyWhereAbsent,
		"a value is taken once":                          takenOnce,
		"one of many callers takes":                      takeRace,
		"one of many callers adds":                       addRace,
		"a window admits its limit and no more":          windowAdmitsItsLimit,
		"a window slides":                                windowSlides,
		"windows are taken all or none":                  allOrNothing,
		"a refusal tells when to come back":              refusalTellsWhen,
		"the tightest window is told":                    tightestIsTold,
		"no limit is no limit":                           noLimit,
		"windows that make no sense are errors":          senselessWindows,
		"a released event counts no more":                releaseGivesBack,
		"an event is given back once":                    releaseOnce,
		"a refused reservation has nothing to give back": releaseOfRefused,
		"an event that has left cannot be given back":    releaseAfterTheEnd,
		"what is under way is told until it is settled":  pendingUntilSettled,
		"what is under way is told until it is released": pendingUntilReleased,
		"a refused reservation is not under way":         pendingOfRefused,
		"what is under way is told of its own limit":     pendingOfItsOwn,
		"values and windows are apart":                   valuesAndWindowsApart,
		"many callers share a limit":                     reserveRace,
		"many callers over two windows":                  reserveRaceOverTwo,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(&check{T: t, h: open(t)})
		})
	}
}

// check is one test with the questions that it asks.
type check struct {
	*testing.T
	h Harness
}

func (c *check) key(name string) string { return c.Name() + "/" + name }

func (c *check) window(name string, limit int, per time.Duration) cache.Window {
	return cache.Window{Key: c.key(name), Limit: limit, Per: per}
}

func (c *check) set(name, value string, ttl time.Duration) {
	c.Helper()
	if err := c.h.Cache.Set(context.Background(), c.key(name), []byte(value), ttl); err != nil {
		c.Fatalf("Set(%s): %v", name, err)
	}
}

func (c *check) holds(name, value string) {
	c.Helper()
	got, _, err := c.h.Cache.Get(context.Background(), c.key(name))
	if err != nil || string(got) != value {
		c.Fatalf("Get(%s) = %q, %v; want %q", name, got, err, value)
	}
}

func (c *check) misses(name string) {
	c.Helper()
	if got, _, err := c.h.Cache.Get(context.Background(), c.key(name)); !errors.Is(err, cache.ErrMiss) {
		c.Fatalf("Get(%s) = %q, %v; want a miss", name, got, err)
	}
	if got, err := c.h.Cache.Take(context.Background(), c.key(name)); !errors.Is(err, cache.ErrMiss) {
		c.Fatalf("Take(%s) = %q, %v; want a miss", name, got, err)
	}
}

func (c *check) adds(name, value string, want bool) {
	c.Helper()
	added, err := c.h.Cache.Add(context.Background(), c.key(name), []byte(value), 10*unit)
	if err != nil || added != want {
		c.Fatalf("Add(%s) = %v, %v; want %v", name, added, err, want)
	}
}

func (c *check) reserve(windows ...cache.Window) cache.Reservation {
	c.Helper()
	r, err := c.h.Cache.Reserve(context.Background(), windows)
	if err != nil {
		c.Fatalf("Reserve: %v", err)
	}
	return r
}

func (c *check) allows(windows ...cache.Window) cache.Reservation {
	c.Helper()
	r := c.reserve(windows...)
	if !r.Allowed || r.RetryAfter != 0 {
		c.Fatalf("refused: %+v", r)
	}
	return r
}

func (c *check) refuses(windows ...cache.Window) cache.Reservation {
	c.Helper()
	r := c.reserve(windows...)
	if r.Allowed || r.RetryAfter <= 0 {
		c.Fatalf("allowed: %+v", r)
	}
	return r
}

func (c *check) releases(r cache.Reservation) {
	c.Helper()
	if err := c.h.Cache.Release(context.Background(), r); err != nil {
		c.Fatalf("Release: %v", err)
	}
}

// about fails unless got is want, or less by what a slow machine may take.
func (c *check) settles(r cache.Reservation) {
	c.Helper()
	if err := c.h.Cache.Settle(context.Background(), r); err != nil {
		c.Fatal(err)
	}
}

func (c *check) about(what string, got, want time.Duration) {
	c.Helper()
	if got > want || got <= want-unit {
		c.Fatalf("%s is %v; want %v", what, got, want)
	}
}

// race runs try by all racers at once and returns how many of them it served.
func (c *check) race(try func(ctx context.Context) (bool, error)) int {
	var served atomic.Int64
	var racing sync.WaitGroup
	start := make(chan struct{})
	for range racers {
		racing.Go(func() {
			<-start
			ok, err := try(context.Background())
			if err != nil {
				c.Errorf("racing: %v", err)
			}
			if ok {
				served.Add(1)
			}
		})
	}
	close(start)
	racing.Wait()
	return int(served.Load())
}
