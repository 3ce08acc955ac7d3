// Package redistest gives each test a Redis database of its own. Its one rule: no two
// tests see each other's keys. Where FLOWXI_TEST_REDIS_URL names no server, one is
// started, once for each test process.
package redistest

import (
	"context"
	_ "embed"
	"fmt"
	"path"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"

	"flowxi.app/flowxi/internal/backing"
	"flowxi.app/flowxi/internal/cache"
)

// Patience is what Redis may take to answer on a machine that does much else: without it, a
// test of anything fails by a 503 now and then. What production waits is held by
// internal/cache TestASilentRedisIsGivenUp.
const Patience = 10 * time.Second

var server = sync.OnceValues(func() (backing.Server, error) {
	s, err := backing.Start("redis")
	if err != nil {
		return s, err
	}
	return s, settle(s.URL + "/0")
})

// settle has a node join the database and go again, as it is when a server starts later.
func settle(url string) error {
	r, err := cache.OpenRedis(context.Background(), url, cache.RedisOptions{Now: time.Now, Within: Patience})
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
	url := fmt.Sprintf("%s/%d", s.URL, last.Add(1))
	Copy(t, s.URL+"/0", url)
	return url
}

// Do sends one command to a database.
func Do(t testing.TB, url, command string, args ...any) any {
	t.Helper()
	c, err := redis.DialURL(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	reply, err := c.Do(command, args...)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return reply
}

// Keys lists what is in a database.
func Keys(t testing.TB, url string) []string {
	t.Helper()
	list, err := redis.Strings(Do(t, url, "KEYS", "*"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Copy copies a database into another of the same server.
func Copy(t testing.TB, from, to string) {
	t.Helper()
	for _, key := range Keys(t, from) {
		Do(t, from, "COPY", key, key, "DB", path.Base(to), "REPLACE")
	}
}

//go:embed age.lua
var ageScript string

// Age makes everything in a database older, as if that much time had passed.
func Age(t testing.TB, url string, d time.Duration) {
	t.Helper()
	keys := Keys(t, url)
	args := []any{ageScript, len(keys)}
	for _, key := range keys {
		args = append(args, key)
	}
	Do(t, url, "EVAL", append(args, d.Microseconds())...)
}
