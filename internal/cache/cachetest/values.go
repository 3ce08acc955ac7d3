package cachetest

import (
	"context"
	"errors"

	"flowxi.app/flowxi/internal/cache"
)

func valueExpires(c *check) {
	c.misses("k")
	c.set("k", "v", 3*unit)
	_, ttl, err := c.h.Cache.Get(context.Background(), c.key("k"))
	if err != nil {
		c.Fatal(err)
	}
	c.about("the time left", ttl, 3*unit)
	c.h.Advance(unit)
	c.holds("k", "v")
	c.h.Advance(2 * unit)
	c.misses("k")
	c.adds("k", "again", true)
}

func valueIsCopied(c *check) {
	ctx, value := context.Background(), []byte("value")
	if err := c.h.Cache.Set(ctx, c.key("k"), value, 10*unit); err != nil {
		c.Fatal(err)
	}
	value[0] = 'X'
	c.holds("k", "value")
	got, _, err := c.h.Cache.Get(ctx, c.key("k"))
	if err != nil {
		c.Fatal(err)
	}
	got[0] = 'X'
	c.holds("k", "value")
}

func emptyValue(c *check) {
	c.set("k", "", 10*unit)
	c.holds("k", "")
	c.adds("k", "v", false)
}

func valueIsReplaced(c *check) {
	c.set("k", "long", 10*unit)
	c.set("k", "short", unit)
	c.holds("k", "short")
	c.h.Advance(unit)
	c.misses("k")

	c.set("k", "short", unit)
	c.set("k", "long", 10*unit)
	c.h.Advance(unit)
	c.holds("k", "long")
}

func valueNeedsTime(c *check) {
	ctx := context.Background()
	if err := c.h.Cache.Set(ctx, c.key("k"), nil, 0); err == nil {
		c.Error("Set for no time succeeded")
	}
	if _, err := c.h.Cache.Add(ctx, c.key("k"), nil, -unit); err == nil {
		c.Error("Add for less than no time succeeded")
	}
	c.misses("k")
}

func valueIsDeleted(c *check) {
	c.set("k", "v", 10*unit)
	for range 2 {
		if err := c.h.Cache.Delete(context.Background(), c.key("k")); err != nil {
			c.Fatal(err)
		}
		c.misses("k")
	}
}

func addOnlyWhereAbsent(c *check) {
	c.adds("k", "first", true)
	c.adds("k", "second", false)
	c.holds("k", "first")
}

func takenOnce(c *check) {
	c.set("k", "v", 10*unit)
	got, err := c.h.Cache.Take(context.Background(), c.key("k"))
	if err != nil || string(got) != "v" {
		c.Fatalf("Take = %q, %v", got, err)
	}
	c.misses("k")
}

func takeRace(c *check) {
	c.set("k", "v", 60*unit)
	served := c.race(func(ctx context.Context) (bool, error) {
		_, err := c.h.Cache.Take(ctx, c.key("k"))
		if errors.Is(err, cache.ErrMiss) {
			return false, nil
		}
		return err == nil, err
	})
	if served != 1 {
		c.Fatalf("%d callers took one value", served)
	}
}

func addRace(c *check) {
	served := c.race(func(ctx context.Context) (bool, error) {
		return c.h.Cache.Add(ctx, c.key("k"), []byte("v"), 60*unit)
	})
	if served != 1 {
		c.Fatalf("%d callers added one value", served)
	}
}
