package cache

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"

	"flowxi.app/flowxi/internal/rescue"
)

// A server that loses data, by a flush, a restart or a failover, would open every limit.
// So its data has a generation, and the reservations of each node are numbered. A node
// that meets no generation, or a number not above those it was told, begins another
// generation; a node that meets one it does not know gives back all that it has counted
// itself. While that goes on nobody counts, and whoever must be counted is sent away for
// a moment. What only nodes had counted that run no more is lost with the server's data.
const (
	generationKey = "{flowxi}generation"
	countKeys     = "{flowxi}count:"
	settlingKey   = "{flowxi}settling"

	// countFor is how long the number of a node that has gone stays.
	countFor = 24 * time.Hour

	// settle is how long nobody counts after a loss. Every node that is well hears of it
	// in half of that time; one that hears of it later has everybody wait once more.
	settle   = 2 * time.Second
	lookEach = settle / 4

	// lookPause is the least between two looks, however many calls fail.
	lookPause = 50 * time.Millisecond
)

// How much is given back by one call.
const (
	givebackWindows = 100
	givebackEvents  = 1000
)

//go:embed join.lua
var joinText string

//go:embed giveback.lua
var givebackText string

var (
	reserveScript  = redis.NewScript(-1, reserveText)
	joinScript     = redis.NewScript(3, joinText)
	givebackScript = redis.NewScript(-1, givebackText)
)

// errUnsettled says that the server has lost data, or is being given it back.
var errUnsettled = errors.New("cache: Redis has lost data and is being given it back")

// begin joins the server and waits until it counts.
func (r *Redis) begin(ctx context.Context) error {
	r.warnOfEviction(ctx)
	for {
		settling, err := r.join(ctx)
		if err != nil || !settling {
			return err
		}
		pause(ctx, lookPause)
	}
}

// watch looks at the server again and again, and at once where a call has failed.
func (r *Redis) watch(ctx context.Context) {
	turn := time.NewTicker(lookEach)
	defer turn.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-turn.C:
		case <-r.ask:
		}
		err := rescue.Do(func() error {
			_, err := r.join(ctx)
			return err
		})
		r.tell(ctx, err)
		pause(ctx, lookPause)
	}
}

// pause waits, and no longer than ctx lasts.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// tell notes whether the server is down, and logs it where that has changed.
func (r *Redis) tell(ctx context.Context, err error) {
	down := err != nil
	if ctx.Err() != nil || r.down.Swap(down) == down {
		return
	}
	if down {
		r.log.Error("Redis does not answer: logins and codes are refused until it does", "error", err, rescue.Stack(err))
		return
	}
	r.log.Info("Redis answers again")
}

// look has the watcher ask the server now.
func (r *Redis) look() {
	select {
	case r.ask <- struct{}{}:
	default: // it is about to
	}
}

// note remembers the highest count that the server told.
func (r *Redis) note(count int64) {
	for {
		seen := r.seen.Load()
		if count <= seen || r.seen.CompareAndSwap(seen, count) {
			return
		}
	}
}

// join asks for the server's generation and, where that is not the known one, gives back
// what this node has counted. It tells whether the server is settling.
func (r *Redis) join(ctx context.Context) (settling bool, err error) {
	known, _ := r.generation.Load().(string)
	answer, err := redis.Values(r.send(ctx, func(ctx context.Context, c redis.Conn) (any, error) {
		return joinScript.DoContext(ctx, c, generationKey, r.countKey(), settlingKey,
			known, r.seen.Load(), settle.Milliseconds(), countFor.Milliseconds())
	}))
	if err != nil {
		return false, err
	}
	var generation string
	var count, left int64
	if _, err := redis.Scan(answer, &generation, &count, &left); err != nil {
		return false, fmt.Errorf("cache: join: %w", err)
	}
	settling = left != 0
	r.note(count)
	if generation == known {
		return settling, nil
	}
	if known != "" {
		r.log.Warn("Redis has lost data: giving back what this node has counted")
		settling = true
	}
	if err := r.giveBack(ctx); err != nil {
		return settling, err
	}
	if known != "" {
		r.losses.Add(1)
	}
	r.generation.Store(generation)
	return settling, nil
}

// giveBack sends every window that this node has counted in and that a restart may not
// forget.
func (r *Redis) giveBack(ctx context.Context) error {
	for i := range r.shadow.shards {
		held := r.shadow.held(i)
		for len(held) > 0 {
			n := portion(held)
			if err := r.giveBackSome(ctx, held[:n]); err != nil {
				return err
			}
			held = held[n:]
		}
	}
	return nil
}

// portion is how many of the windows go into one call.
func portion(held []heldWindow) (n int) {
	for events := 0; n < min(len(held), givebackWindows); n++ {
		if events += len(held[n].events); n > 0 && events > givebackEvents {
			break
		}
	}
	return n
}

func (r *Redis) giveBackSome(ctx context.Context, held []heldWindow) error {
	args := []any{2 + len(held), settlingKey, r.countKey()}
	for _, w := range held {
		args = append(args, windowPrefix+w.key)
	}
	args = append(args, settle.Milliseconds())
	for _, w := range held {
		args = append(args, w.per.Microseconds(), len(w.events))
		for _, e := range w.events {
			args = append(args, e.age.Microseconds(), r.event(e.at))
		}
	}
	count, err := redis.Int64(r.send(ctx, func(ctx context.Context, c redis.Conn) (any, error) {
		return givebackScript.DoContext(ctx, c, args...)
	}))
	if err != nil {
		return fmt.Errorf("cache: give back: %w", err)
	}
	r.note(count)
	return nil
}

func (r *Redis) countKey() string { return countKeys + r.id }

// heldWindow is a window with its events, as a Memory holds them.
type heldWindow struct {
	key    string
	per    time.Duration
	events []heldEvent
}

type heldEvent struct {
	at  int64
	age time.Duration
}

// held copies the windows of a shard that are not Fleeting.
func (m *Memory) held(shard int) (list []heldWindow) {
	s := &m.shards[shard]
	s.mu.Lock()
	defer s.mu.Unlock()
	now := m.clock.read()
	for _, e := range s.windows.order {
		if e.fleeting || e.expires <= now {
			continue
		}
		w := heldWindow{key: e.key, per: e.per}
		for i := range e.events.n {
			at := e.events.at(i)
			if age := time.Duration(now - at); age < e.per {
				w.events = append(w.events, heldEvent{at: at, age: age})
			}
		}
		list = append(list, w)
	}
	return list
}

// warnOfEviction looks whether the server would rather forget limits than refuse
// writes. A server that tells nothing of it is taken at its word.
func (r *Redis) warnOfEviction(ctx context.Context) {
	info, err := redis.String(r.do(ctx, "cache: look at memory", "INFO", "memory"))
	if err != nil || strings.Contains(info, "maxmemory:0\r") || !strings.Contains(info, "maxmemory_policy:") {
		return
	}
	if !strings.Contains(info, "maxmemory_policy:noeviction") {
		r.log.Warn("Redis drops keys when its memory is full, and limits and logins with them: set maxmemory-policy noeviction")
	}
}
