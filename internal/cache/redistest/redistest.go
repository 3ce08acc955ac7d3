// Package redistest gives each test a Redis database of its own. Its one rule: no two
// tests see each other's keys. Where FLOWXI_TEST_REDIS_URL names no server, one is
// started, once for each test process.
package redistest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"flowxi.app/flowxi/internal/backing"
	"flowxi.app/flowxi/internal/cache"
)

var server = sync.OnceValues(func() (backing.Server, error) {
	s, err := backing.Start("redis")
	if err != nil {
		return s, err
	}
	return s, settle(s.URL + "/0")
})

// settle has a node join the database and go again, as it is when a server starts later.
func settle(url string) error {
	r, err := cache.OpenRedis(context.Background(), url, cache.RedisOptions{Now: time.Now})
	if err != nil {
		return err
	}
	return r.Close()
}

// last is the number of the last database that was given out.
var last atomic.Int64

// Database returns the URL of an empty database that some node has used before.
func Database(t testing.TB) string {
	t.Helper()
	s, err := server()
	if err != nil {
		t.Fatal(err)
	}
	n := int(last.Add(1))
	template := Client(t, s.URL+"/0")
	for _, key := range keys(t, template) {
		if err := template.Copy(context.Background(), key, key, n, true).Err(); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf("%s/%d", s.URL, n)
}

// Client talks to a database, until the test ends.
func Client(t testing.TB, url string) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	t.Cleanup(func() {
		if err := c.Close(); err != nil && !errors.Is(err, redis.ErrClosed) {
			t.Error(err)
		}
	})
	return c
}

func keys(t testing.TB, c *redis.Client) []string {
	t.Helper()
	list, err := c.Keys(context.Background(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

//go:embed age.lua
var ageText string

var ageScript = redis.NewScript(ageText)

// Age makes everything in a database older, as if that much time had passed.
func Age(t testing.TB, url string, d time.Duration) {
	t.Helper()
	c := Client(t, url)
	if err := ageScript.Run(context.Background(), c, keys(t, c), d.Microseconds()).Err(); err != nil && !errors.Is(err, redis.Nil) {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}
