package cache

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
)

// Facts is what a Redis tells of itself to an operator. What it does not tell is as it
// should be.
type Facts struct {
	Name    string // Redis, or another with its own version
	Version string // of Redis, that of Valkey tells which it is like
	Now     time.Time
	Replica bool   // it takes no writes
	Evicts  string // the policy by which it drops keys where its memory is full; empty where it drops none
	Unkept  bool   // nothing is on disk
	Failing bool   // what should be on disk could not be written
	Used    uint64 // memory in bytes
	Most    uint64 // 0 where there is no bound
}

// Inspect asks the server at url, as OpenRedis takes it, and writes nothing.
func Inspect(ctx context.Context, url string) (f Facts, err error) {
	pool, err := newPool(url, answerWithin)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	c, err := pool.DialContext(ctx)
	if err != nil {
		return f, fmt.Errorf("reach Redis: %w", err)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	text, err := redis.String(redis.DoContext(c, ctx, "INFO"))
	if err != nil && !strings.HasPrefix(err.Error(), "NOPERM") { // nodes do without it, too
		return f, fmt.Errorf("ask Redis: %w", err)
	}
	f = factsOf(text)
	if now, err := redis.Int64s(redis.DoContext(c, ctx, "TIME")); err == nil && len(now) == 2 {
		f.Now = time.Unix(now[0], now[1]*1000)
	}
	// A managed server does not tell of its snapshots, and looks after them itself.
	saves, err := redis.Strings(redis.DoContext(c, ctx, "CONFIG", "GET", "save"))
	f.Unkept = f.Unkept && err == nil && len(saves) == 2 && saves[1] == ""
	return f, nil
}

func factsOf(text string) Facts {
	info := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		info[name] = value
	}
	number := func(name string) uint64 {
		n, _ := strconv.ParseUint(info[name], 10, 64) // what is not told is 0
		return n
	}
	f := Facts{
		Name: strings.TrimSpace("Redis " + info["redis_version"]), Version: info["redis_version"],
		Replica: info["role"] == "slave", Unkept: info["aof_enabled"] == "0",
		Failing: info["aof_last_write_status"] == "err" || info["rdb_last_bgsave_status"] == "err",
		Used:    number("used_memory"), Most: number("maxmemory"),
	}
	if own := info["valkey_version"]; own != "" {
		f.Name = "Valkey " + own
	}
	if policy := info["maxmemory_policy"]; f.Most > 0 && policy != "noeviction" {
		f.Evicts = policy
	}
	return f
}

// OldestRedis is the first version that has all that is used of it.
const OldestRedis = "6.2"

// TooOld tells whether the server is from before OldestRedis.
func (f Facts) TooOld() bool {
	var major, minor int
	if _, err := fmt.Sscanf(f.Version, "%d.%d", &major, &minor); err != nil {
		return false
	}
	return major < 6 || major == 6 && minor < 2
}
