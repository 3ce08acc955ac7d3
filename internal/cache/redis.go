package cache

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Keys begin with a hash tag, so that all of them are on one shard of a cluster and a
// script may use several.
const (
	valuePrefix  = "{flowxi}v:"
	windowPrefix = "{flowxi}w:"
)

// How long a node waits for Redis. A request has no use for a slow answer.
const (
	redisDial    = time.Second
	redisAnswer  = 500 * time.Millisecond
	redisRetries = 1 // of a command whose connection had died
	redisPool    = 32
)

//go:embed reserve.lua
var reserveText string

var reserveScript = redis.NewScript(reserveText)

// Redis is the Cache that many nodes share, on a Redis or Valkey server from version
// 6.2 on. The server's clock is the time of all nodes.
//
// Limits are counted in a Memory of the node too, and both must allow. Where the server
// has lost what it counted, each node still holds what came to it; where it does not
// answer, the Fleeting limits hold by the node's own count, and everything else fails.
type Redis struct {
	client *redis.Client
	shadow *Memory
}

var _ Cache = (*Redis)(nil)

// OpenRedis returns the cache on the server of a URL, such as
// redis://user:password@host:6379/0 or rediss:// for TLS, and asks it for an answer.
// The errors never show the URL, which may hold a password. The caller goes on owning
// shadow.
func OpenRedis(ctx context.Context, url string, shadow *Memory) (*Redis, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, errors.New("the Redis URL cannot be read")
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = redisDial, redisAnswer, redisAnswer, redisAnswer
	o.MaxRetries, o.PoolSize, o.ContextTimeoutEnabled = redisRetries, redisPool, true
	r := &Redis{client: redis.NewClient(o), shadow: shadow}
	if err := r.client.Ping(ctx).Err(); err != nil {
		return nil, errors.Join(fmt.Errorf("reach Redis: %w", err), r.Close())
	}
	return r, nil
}

// Close gives every connection back.
func (r *Redis) Close() error { return r.client.Close() }

// Set implements Cache.
func (r *Redis) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := checkTTL(ttl); err != nil {
		return err
	}
	return failed("set", r.client.Set(ctx, valuePrefix+key, value, whole(ttl)).Err())
}

// Add implements Cache.
func (r *Redis) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if err := checkTTL(ttl); err != nil {
		return false, err
	}
	added, err := r.client.SetNX(ctx, valuePrefix+key, value, whole(ttl)).Result()
	return added, failed("add", err)
}

// Get implements Cache.
func (r *Redis) Get(ctx context.Context, key string) ([]byte, time.Duration, error) {
	var value *redis.StringCmd
	var left *redis.DurationCmd
	_, err := r.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		value, left = p.Get(ctx, valuePrefix+key), p.PTTL(ctx, valuePrefix+key)
		return nil
	})
	if err != nil {
		return nil, 0, failed("get", err)
	}
	if left.Val() <= 0 {
		return nil, 0, ErrMiss // it expired between the two
	}
	text, err := value.Bytes()
	return text, left.Val(), failed("get", err)
}

// Take implements Cache.
func (r *Redis) Take(ctx context.Context, key string) ([]byte, error) {
	value, err := r.client.GetDel(ctx, valuePrefix+key).Bytes()
	return value, failed("take", err)
}

// Delete implements Cache.
func (r *Redis) Delete(ctx context.Context, key string) error {
	return failed("delete", r.client.Del(ctx, valuePrefix+key).Err())
}

// Reserve implements Cache.
func (r *Redis) Reserve(ctx context.Context, windows []Window) (Reservation, error) {
	own, err := r.shadow.Reserve(ctx, windows)
	if err != nil || !own.Allowed || own.Limit == 0 {
		return own, err
	}
	shared, err := r.reserve(ctx, windows)
	switch {
	case err != nil && fleeting(windows):
		return own, nil // a flood is held up by each node for itself
	case err != nil || !shared.Allowed:
		_ = r.shadow.Release(ctx, own) // it cannot fail
		return shared, err
	}
	shared.taken.shadow = &own
	return shared, nil
}

// fleeting tells whether all of the windows are.
func fleeting(windows []Window) bool {
	for i := range windows {
		if !windows[i].Fleeting {
			return false
		}
	}
	return true
}

func (r *Redis) reserve(ctx context.Context, windows []Window) (Reservation, error) {
	event := rand.Text()
	args := []any{event}
	var keys []string
	var limits []int
	for _, w := range windows {
		if w.Limit > 0 {
			keys, limits = append(keys, windowPrefix+w.Key), append(limits, w.Limit)
			args = append(args, w.Limit, w.Per.Microseconds())
		}
	}
	answer, err := reserveScript.Run(ctx, r.client, keys, args...).Int64Slice()
	if err != nil {
		return Reservation{}, failed("reserve", err)
	}
	if len(answer) != 1+2*len(keys) {
		return Reservation{}, fmt.Errorf("cache: reserve: Redis answered with %d numbers", len(answer))
	}
	reservation := Reservation{Allowed: answer[0] == 0, RetryAfter: micros(answer[0])}
	for i, limit := range limits {
		reservation.tighten(limit, int(answer[1+2*i]), micros(answer[2+2*i]))
	}
	if reservation.Allowed {
		reservation.taken = &taken{id: event, keys: keys}
	}
	return reservation, nil
}

// Release implements Cache.
func (r *Redis) Release(ctx context.Context, res Reservation) error {
	t := res.taken
	if t == nil || t.id == "" { // counted by the node alone
		return r.shadow.Release(ctx, res)
	}
	if t.released.Swap(true) {
		return nil
	}
	if err := r.shadow.Release(ctx, *t.shadow); err != nil {
		return err
	}
	_, err := r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, key := range t.keys {
			p.ZRem(ctx, key, t.id)
		}
		return nil
	})
	return failed("release", err)
}

// failed says what was being done. An absent key is ErrMiss, and a server without
// memory, which by its settings drops nothing, is ErrFull.
func failed(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, redis.Nil):
		return ErrMiss
	case strings.HasPrefix(err.Error(), "OOM "):
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return fmt.Errorf("cache: %s: %w", what, err)
}

// whole rounds up to milliseconds, which is what Redis counts in.
func whole(d time.Duration) time.Duration {
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
