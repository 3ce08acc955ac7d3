package cache

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Keys begin with a hash tag, so that all of them are on one shard of a cluster and a
// script may use several.
const (
	valuePrefix  = "{flowxi}v:"
	windowPrefix = "{flowxi}w:"
)

// How long a node waits for Redis. A request has no use for a slow answer.
const (
	redisDial    = 500 * time.Millisecond
	redisAnswer  = 500 * time.Millisecond
	redisRetries = 1 // of a command whose connection had died
	redisPool    = 64
	redisLife    = 10 * time.Minute // of a connection, so that a server that was replaced is left
)

var (
	// ErrURL says that the address of a Redis cannot be read. It never shows the
	// address, which may hold a password.
	ErrURL = errors.New("allowed: redis://user:password@host:port/database, or rediss://… for TLS")

	// errDown is the answer where Redis did not answer a moment ago.
	errDown = errors.New("cache: Redis does not answer")
)

// Redis is the Cache that many nodes share, on a Redis or Valkey server from version
// 6.2 on. The server's clock is the time of all nodes.
//
// Each node counts limits in a Memory of its own too, and both must allow. From there it
// gives back to a server that has lost data what it had counted (see redis_sync.go), so
// that no limit opens. Where the server does not answer, the Fleeting limits hold by the
// node's own count and everything else fails, at once while that lasts.
type Redis struct {
	client *redis.Client
	shadow *Memory
	log    *slog.Logger
	id     string // of this node, in the events that it counts

	generation atomic.Value // string: the data of the server that this node knows
	seen       atomic.Int64 // the highest count of reservations that the server told
	down       atomic.Bool

	ask     chan struct{} // wakes the watcher
	stop    context.CancelFunc
	watched sync.WaitGroup
}

var _ Cache = (*Redis)(nil)

// RedisOptions is what a Redis needs besides its address.
type RedisOptions struct {
	Now func() time.Time // the node's clock, for its own count
	Log *slog.Logger     // nil is nowhere
}

// OpenRedis returns the cache on the server at url, such as
// redis://user:password@host:6379/0, or rediss:// for TLS. It waits until the server
// counts limits, two seconds or so where that is empty. It fails with ErrURL, or
// where the server does not answer.
func OpenRedis(ctx context.Context, url string, o RedisOptions) (*Redis, error) {
	options, err := redisOptions(url)
	if err != nil {
		return nil, err
	}
	silence()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &Redis{
		client: redis.NewClient(options), shadow: NewMemory(o.Now, Options{}), log: o.Log,
		id: rand.Text(), ask: make(chan struct{}, 1), stop: stop,
	}
	r.generation.Store("")
	if err := r.begin(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reach Redis: %w", err), r.Close())
	}
	r.watched.Go(func() { r.watch(watching) })
	return r, nil
}

// silence keeps the library from writing to stderr beside the log: what matters comes
// back as an error.
var silence = sync.OnceFunc(func() { redis.SetLogger(&logging.VoidLogger{}) })

func redisOptions(url string) (*redis.Options, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, ErrURL
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = redisDial, redisAnswer, redisAnswer, redisAnswer
	o.MaxRetries, o.PoolSize, o.ConnMaxLifetime = redisRetries, redisPool, redisLife
	o.DialerRetries = 1
	o.ContextTimeoutEnabled, o.DisableIdentity = true, true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return o, nil
}

// Close ends what runs beside, and gives every connection back.
func (r *Redis) Close() error {
	r.stop()
	r.watched.Wait()
	r.shadow.Close()
	return r.client.Close()
}

// Set implements Cache.
func (r *Redis) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := checkTTL(ttl); err != nil {
		return err
	}
	return r.do("set", func() error {
		return r.client.Set(ctx, valuePrefix+key, value, whole(ttl)).Err()
	})
}

// Add implements Cache.
func (r *Redis) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (added bool, err error) {
	if err := checkTTL(ttl); err != nil {
		return false, err
	}
	err = r.do("add", func() error {
		err := r.client.SetArgs(ctx, valuePrefix+key, value, redis.SetArgs{Mode: "NX", TTL: whole(ttl)}).Err()
		added = err == nil
		if errors.Is(err, redis.Nil) {
			return nil
		}
		return err
	})
	return added, err
}

// Get implements Cache.
func (r *Redis) Get(ctx context.Context, key string) (value []byte, ttl time.Duration, err error) {
	err = r.do("get", func() error {
		var text *redis.StringCmd
		var left *redis.DurationCmd
		_, err := r.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			text, left = p.Get(ctx, valuePrefix+key), p.PTTL(ctx, valuePrefix+key)
			return nil
		})
		if err == nil && left.Val() <= 0 { // its last millisecond
			err = redis.Nil
		}
		if err != nil {
			return err
		}
		ttl = left.Val()
		value, err = text.Bytes()
		return err
	})
	return value, ttl, err
}

// Take implements Cache.
func (r *Redis) Take(ctx context.Context, key string) (value []byte, err error) {
	err = r.do("take", func() error {
		value, err = r.client.GetDel(ctx, valuePrefix+key).Bytes()
		return err
	})
	return value, err
}

// Delete implements Cache.
func (r *Redis) Delete(ctx context.Context, key string) error {
	return r.do("delete", func() error {
		return r.client.Del(ctx, valuePrefix+key).Err()
	})
}

// do calls the server unless it is known to be down, and says what was being done. An
// absent key is ErrMiss, and a server without memory, which by its settings drops
// nothing, is ErrFull. Whatever else fails has the watcher look at the server at once.
func (r *Redis) do(what string, call func() error) error {
	if r.down.Load() {
		return fmt.Errorf("%w: %s", errDown, what)
	}
	err := call()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, redis.Nil):
		return ErrMiss
	case strings.HasPrefix(err.Error(), "OOM "):
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	r.look()
	return fmt.Errorf("cache: %s: %w", what, err)
}

// whole rounds up to milliseconds, which is what Redis counts in.
func whole(d time.Duration) time.Duration {
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}
