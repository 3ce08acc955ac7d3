package cache

import (
	"context"
	_ "embed"
	"strconv"
	"time"

	"github.com/gomodule/redigo/redis"
)

//go:embed reserve.lua
var reserveText string

// Reserve implements Cache.
func (r *Redis) Reserve(ctx context.Context, windows []Window) (Reservation, error) {
	own, err := r.shadow.Reserve(ctx, windows)
	if err != nil || !own.Allowed || own.taken == nil {
		return own, err
	}
	shared, err := r.reserve(ctx, windows, r.event(own.taken.at))
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

// event names an event by the node that counted it and the time it has there.
func (r *Redis) event(at int64) string { return r.id + ":" + strconv.FormatInt(at, 10) }

func (r *Redis) reserve(ctx context.Context, windows []Window, event string) (Reservation, error) {
	keys := make([]string, 0, len(windows))
	figures := make([]any, 0, 2*len(windows))
	for i := range windows {
		if w := &windows[i]; w.Limit > 0 {
			keys = append(keys, windowPrefix+w.Key)
			figures = append(figures, w.Limit, w.Per.Microseconds())
		}
	}
	args := append(make([]any, 0, 7+3*len(windows)), 3+len(keys), generationKey, r.countKey(), settlingKey)
	args = append(appendAll(args, keys), r.generation.Load(), r.seen.Load(), event)
	answer, err := redis.Int64s(r.run(ctx, "cache: reserve", reserveScript, append(args, figures...)...))
	if err == nil && len(answer) != 2+2*len(keys) {
		r.look()
		err = errUnsettled
	}
	if err != nil {
		return Reservation{}, err
	}
	r.note(answer[0])
	res := reservation(answer, windows, event, keys)
	r.hear(answer, windows, res.Allowed)
	return res, nil
}

// hear notes which windows are full for all nodes. The next event that the node refuses by
// its own count asks nobody, and is told the longer of both times all the same. A window
// that may be left again by what is under way elsewhere does not count as full, and one
// that is Fleeting has nothing beside it.
func (r *Redis) hear(answer []int64, windows []Window, counted bool) {
	i := (len(answer) - 2) / 2
	elsewhere := false
	for j := len(windows) - 1; j >= 0; j-- {
		w := &windows[j]
		if w.Limit <= 0 {
			continue
		}
		i--
		events, reset := int(answer[2+2*i]), micros(answer[3+2*i])
		switch {
		case w.Pending:
			elsewhere = events > 1 || events > 0 && !counted
		case w.Fleeting:
		case events >= w.Limit && !elsewhere:
			r.shadow.hear(w.Key, reset)
		default:
			r.shadow.hear(w.Key, 0)
		}
	}
}

func appendAll(args []any, texts []string) []any {
	for _, text := range texts {
		args = append(args, text)
	}
	return args
}

// reservation reads the answer about those windows that have a limit, whose keys are given.
func reservation(answer []int64, windows []Window, event string, keys []string) Reservation {
	res := Reservation{Allowed: answer[1] == 0, RetryAfter: micros(answer[1])}
	if res.Allowed {
		res.taken = &taken{event: event, keys: keys}
	}
	var g gauge
	i := 0
	for j := range windows {
		w := &windows[j]
		if w.Limit <= 0 {
			continue
		}
		g.tell(&res, w, int(answer[2+2*i]), micros(answer[3+2*i]))
		if res.Allowed && w.Pending {
			res.taken.pending = append(res.taken.pending, keys[i])
		}
		i++
	}
	return res
}

// releaseScript takes an event out of windows.
var releaseScript = redis.NewScript(-1, `for _, key in ipairs(KEYS) do redis.call('ZREM', key, ARGV[1]) end`)

// Release implements Cache.
func (r *Redis) Release(ctx context.Context, res Reservation) error {
	t := res.taken
	if t == nil || t.shadow == nil { // counted by the node alone
		return r.shadow.Release(ctx, res)
	}
	if t.released.Swap(true) {
		return nil
	}
	if err := r.shadow.Release(ctx, *t.shadow); err != nil {
		return err
	}
	for _, key := range t.shadow.taken.keys {
		r.shadow.hear(key, 0)
	}
	return r.withdraw(ctx, "cache: release", t.event, t.left())
}

// Settle implements Cache.
func (r *Redis) Settle(ctx context.Context, res Reservation) error {
	t := res.taken
	if t == nil || t.shadow == nil {
		return r.shadow.Settle(ctx, res)
	}
	if !t.settles() {
		return nil
	}
	if err := r.shadow.Settle(ctx, *t.shadow); err != nil {
		return err
	}
	return r.withdraw(ctx, "cache: settle", t.event, t.pending)
}

func (r *Redis) withdraw(ctx context.Context, what, event string, keys []string) error {
	args := appendAll([]any{len(keys)}, keys)
	_, err := r.run(ctx, what, releaseScript, append(args, event)...)
	return err
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
