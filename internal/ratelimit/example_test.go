package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/ratelimit"
)

// What is limited is failures: each try takes a place, and a success gives its own back.
func ExampleLimiter_Reserve() {
	now := func() time.Time { return time.Date(2026, 1, 9, 12, 0, 0, 0, time.UTC) }
	c := cache.NewMemory(now, cache.Options{})
	defer c.Close()
	limiter := ratelimit.New(c, []byte("a key of our own"), false)
	ctx := context.Background()
	rule := ratelimit.Rule{Name: "login.email", Rates: ratelimit.Rates{{Limit: 1, Per: time.Minute}}, Subject: "ada@example.com"}

	success, err := limiter.Reserve(ctx, rule)
	if err != nil {
		panic(err)
	}
	if err := success.Release(ctx); err != nil {
		panic(err)
	}
	failure, err := limiter.Reserve(ctx, rule)
	fmt.Println(failure.Quota().Remaining, err)

	_, err = limiter.Reserve(ctx, rule)
	var refused *ratelimit.Refused
	fmt.Println(errors.As(err, &refused), refused.RetryAfter)
	// Output:
	// 0 <nil>
	// true 1m0s
}
