package cache

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"

	"flowxi.app/flowxi/internal/trace"
)

const (
	// answerWithin is how long a call may take, to connect and to try again included, where
	// nobody says otherwise. A request has no use for a slow answer.
	answerWithin = 500 * time.Millisecond

	poolSize = 64               // connections at most; a call waits for a free one
	poolIdle = 5 * time.Minute  // a connection is kept without use
	poolLife = 10 * time.Minute // and altogether, so that a server that was replaced is left
)

// newPool makes connections as the address says, the first of them later.
func newPool(address string, within time.Duration) (*redis.Pool, error) {
	if !validRedis(address) {
		return nil, ErrURL
	}
	options := []redis.DialOption{
		redis.DialConnectTimeout(within), redis.DialReadTimeout(within), redis.DialWriteTimeout(within),
		redis.DialTLSConfig(&tls.Config{MinVersion: tls.VersionTLS12}),
	}
	return &redis.Pool{
		DialContext: func(ctx context.Context) (redis.Conn, error) {
			return redis.DialURLContext(ctx, address, options...)
		},
		MaxIdle: poolSize, MaxActive: poolSize, Wait: true, IdleTimeout: poolIdle, MaxConnLifetime: poolLife,
	}, nil
}

func validRedis(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	database := strings.Trim(u.Path, "/")
	_, err = strconv.ParseUint(database, 10, 16)
	return database == "" || err == nil
}

// do sends one command, unless the server is known to be down.
func (r *Redis) do(ctx context.Context, what, command string, args ...any) (any, error) {
	return r.call(ctx, what, func(ctx context.Context, c redis.Conn) (any, error) {
		return redis.DoContext(c, ctx, command, args...)
	})
}

// run has the server run a script, unless it is known to be down.
func (r *Redis) run(ctx context.Context, what string, s *redis.Script, keysAndArgs ...any) (any, error) {
	return r.call(ctx, what, func(ctx context.Context, c redis.Conn) (any, error) {
		return s.DoContext(ctx, c, keysAndArgs...)
	})
}

// call says what was being done where it fails, with ErrFull for a server without
// memory that by its settings drops nothing. Where it is not the server that refuses,
// the watcher looks at it at once.
func (r *Redis) call(ctx context.Context, what string, send func(context.Context, redis.Conn) (any, error)) (reply any, err error) {
	ctx, span := trace.Start(ctx, what)
	defer func() { span.End(err) }()
	if r.down.Load() {
		return nil, fmt.Errorf("%s: %w", what, errDown)
	}
	reply, err = r.send(ctx, send)
	if err == nil {
		return reply, nil
	}
	var refused redis.Error
	if !errors.As(err, &refused) || elsewhere(err) {
		r.look()
	}
	if strings.HasPrefix(string(refused), "OOM ") {
		return nil, fmt.Errorf("%w: %w", ErrFull, err)
	}
	return nil, fmt.Errorf("%s: %w", what, err)
}

// elsewhere tells whether the server is not, or not yet, the one that may be written to:
// a failover leaves connections to the old one open.
func elsewhere(err error) bool {
	var refused redis.Error
	if !errors.As(err, &refused) {
		return false
	}
	word, _, _ := strings.Cut(string(refused), " ")
	return word == "READONLY" || word == "MASTERDOWN" || word == "LOADING"
}

// trusted refuses connections that were open when one turned out to lead elsewhere.
func (r *Redis) trusted(_ redis.Conn, lastUsed time.Time) error {
	if lastUsed.UnixNano() <= r.distrust.Load() {
		return errDown
	}
	return nil
}

// send uses a connection of the pool, and a new one where that turns out to be dead:
// the server has ended them all when it comes back.
func (r *Redis) send(ctx context.Context, send func(context.Context, redis.Conn) (any, error)) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, r.within)
	defer cancel()
	c, err := r.pool.GetContext(ctx)
	if err != nil {
		return nil, err
	}
	reply, err := send(ctx, c)
	dead := c.Err() != nil || elsewhere(err)
	_ = c.Close()
	if elsewhere(err) {
		r.distrust.Store(time.Now().UnixNano())
	}
	if err == nil || !dead || ctx.Err() != nil {
		return reply, err
	}
	fresh, err := r.pool.DialContext(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = fresh.Close() }()
	return send(ctx, fresh)
}
