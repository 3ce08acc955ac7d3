package cache_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flowxi.app/flowxi/internal/cache"
)

// Of all who take a value one gets it.
func ExampleCache_Take() {
	c := cache.NewMemory(time.Now, cache.Options{})
	defer c.Close()
	ctx := context.Background()
	if err := c.Set(ctx, "challenge:1", []byte("ada"), time.Minute); err != nil {
		panic(err)
	}
	value, err := c.Take(ctx, "challenge:1")
	fmt.Println(string(value), err)
	_, err = c.Take(ctx, "challenge:1")
	fmt.Println(errors.Is(err, cache.ErrMiss))
	// Output:
	// ada <nil>
	// true
}
