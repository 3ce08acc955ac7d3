package cache

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"
)

// Keys begin with a hash tag, so that all of them are on one shard of a cluster and a
// script may use several.
const (
	valuePrefix  = "{flowxi}v:"
	windowPrefix = "{flowxi}w:"
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
// gives back to a server that has lost data what it had counted (see redis_sync.go): no
// limit opens as long as the nodes that counted still run. Where the server does not answer, the Fleeting limits hold by the
// node's own count and everything else fails, at once while that lasts.
type Redis struct {
	pool   *redis.Pool
	within time.Duration // how long a call may take
	shadow *Memory
	log    *slog.Logger
	id     string // of this node, in the events that it counts

	generation atomic.Value // string: the data of the server that this node knows
	seen       atomic.Int64 // the highest count of reservations that the server told
	down       atomic.Bool
	losses     atomic.Uint64
	distrust   atomic.Int64 // connections from before this time, in nanoseconds since 1970, are given up

	ask     chan struct{} // wakes the watcher
	stop    context.CancelFunc
	watched sync.WaitGroup
}

var _ Cache = (*Redis)(nil)

// RedisOptions is what a Redis needs besides its address.
type RedisOptions struct {
	Now func() time.Time // the node's clock, for its own count
	Log *slog.Logger     // nil is nowhere

	// MaxEntries and Kind are those of the node's own count (Options).
	MaxEntries int
	Kind       func(key string) Kind

	// Within is how long a call may take, to connect and to try again included. Zero is
	// half a second. Where nodes wait longer, one may hear so late of a loss that all of
	// them settle twice.
	Within time.Duration
}

// OpenRedis returns the cache on the server at url, such as
// redis://user:password@host:6379/0, or rediss:// for TLS. It waits until the server
// counts limits, two seconds or so where that is empty. It fails with ErrURL, or
// where the server does not answer.
func OpenRedis(ctx context.Context, url string, o RedisOptions) (*Redis, error) {
	within := cmp.Or(o.Within, answerWithin)
	pool, err := newPool(url, within)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &Redis{
		pool: pool, within: within, log: o.Log,
		shadow: NewMemory(o.Now, Options{MaxEntries: o.MaxEntries, Kind: o.Kind, Log: o.Log}),
		id:     rand.Text(), ask: make(chan struct{}, 1), stop: stop,
	}
	r.generation.Store("")
	pool.TestOnBorrow = r.trusted
	if err := r.begin(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reach Redis: %w", err), r.Close())
	}
	r.watched.Go(func() { r.watch(watching) })
	return r, nil
}

// Close ends what runs beside, and gives every connection back.
func (r *Redis) Close() error {
	r.stop()
	r.watched.Wait()
	r.shadow.Close()
	return r.pool.Close()
}

// valueKey is where the server has the value under a key. The values of a generation end
// with it: a server that has gone back to an earlier state has some that were taken since.
func (r *Redis) valueKey(key string) string {
	generation, _ := r.generation.Load().(string)
	return valuePrefix + generation + ":" + key
}

// Set implements Cache.
func (r *Redis) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := checkTTL(ttl); err != nil {
		return err
	}
	_, err := r.do(ctx, "cache: set", "SET", r.valueKey(key), value, "PX", milliseconds(ttl))
	return err
}

// Add implements Cache.
func (r *Redis) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (added bool, err error) {
	if err := checkTTL(ttl); err != nil {
		return false, err
	}
	reply, err := r.do(ctx, "cache: add", "SET", r.valueKey(key), value, "PX", milliseconds(ttl), "NX")
	return reply != nil, err
}

// getScript reads a value and how long it has left at one moment.
var getScript = redis.NewScript(1, `return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}`)

// Get implements Cache.
func (r *Redis) Get(ctx context.Context, key string) ([]byte, time.Duration, error) {
	reply, err := redis.Values(r.run(ctx, "cache: get", getScript, r.valueKey(key)))
	if err != nil {
		return nil, 0, err
	}
	var value []byte
	var left int64
	if _, err := redis.Scan(reply, &value, &left); err != nil {
		return nil, 0, fmt.Errorf("cache: get: %w", err)
	}
	if left <= 0 { // absent, or in its last millisecond
		return nil, 0, ErrMiss
	}
	return value, time.Duration(left) * time.Millisecond, nil
}

// Take implements Cache.
func (r *Redis) Take(ctx context.Context, key string) ([]byte, error) {
	value, err := redis.Bytes(r.do(ctx, "cache: take", "GETDEL", r.valueKey(key)))
	if errors.Is(err, redis.ErrNil) {
		return nil, ErrMiss
	}
	return value, err
}

// Delete implements Cache.
func (r *Redis) Delete(ctx context.Context, key string) error {
	_, err := r.do(ctx, "cache: delete", "DEL", r.valueKey(key))
	return err
}

// Up tells whether the server answered when it was last looked at.
func (r *Redis) Up() bool { return !r.down.Load() }

// Losses is how often the server has lost data, as far as this node has seen.
func (r *Redis) Losses() uint64 { return r.losses.Load() }

// milliseconds rounds up, which is what Redis counts in.
func milliseconds(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}
