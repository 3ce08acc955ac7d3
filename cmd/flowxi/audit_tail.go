package main

import (
	"context"
	"maps"
	"time"

	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/store"
)

type auditTail struct {
	Lines  count `short:"n" default:"20" help:"At most so many events."`
	Follow bool  `short:"f" help:"Go on with what happens, until it is interrupted."`
}

// Examples of its use.
func (auditTail) Examples() []example {
	return []example{
		{"flowxi audit tail -n 100", "The last hundred events."},
		{"flowxi audit tail -f | jq -r .event", "What happens, as it does."},
	}
}

// Run prints the newest events.
func (c *auditTail) Run(w *world) error {
	return withAdmin(w, func(_ context.Context, a *node.Admin) error {
		ctx, stop := untilSignal()
		defer stop()
		f := follower{after: a.Store.AuditAfter, now: time.Now, seen: make(map[int64]bool)}
		if c.Follow { // from here on
			if err := f.next(ctx, func(store.AuditEvent) error { return nil }); err != nil {
				return err
			}
		}
		list, err := a.Store.AuditLatest(ctx, int(c.Lines))
		if err != nil {
			return err
		}
		for _, e := range list {
			f.seen[e.ID] = true
			if err := printLine(w.stdout, e); err != nil {
				return err
			}
		}
		if !c.Follow {
			return nil
		}
		return f.follow(ctx, func(e store.AuditEvent) error { return printLine(w.stdout, e) })
	})
}

const (
	followEvery = time.Second
	followPage  = 1_000

	// An event may become visible so much later than its id tells: its transaction took
	// long, or it was written by a clock that is behind. Nearly all are there at once, so
	// that all of that time is read again only now and then.
	followBack = 5 * time.Minute
	followNear = 5 * time.Second // is read again each time
	followFar  = 15 * time.Second
)

// follower tells of each event once, in the order in which they can be seen.
type follower struct {
	after func(ctx context.Context, id int64, limit int) ([]store.AuditEvent, error)
	now   func() time.Time

	seen map[int64]bool // of the ids that are read again
	last int64          // the highest id up to which it has read, 0 at first
	far  time.Time      // when it last read all that may have become visible
}

func (f *follower) follow(ctx context.Context, tell func(store.AuditEvent) error) error {
	ticks := time.NewTicker(followEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil // it was told to stop
		case <-ticks.C:
		}
		if err := f.next(ctx, tell); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

func (f *follower) next(ctx context.Context, tell func(store.AuditEvent) error) error {
	at := f.from()
	for {
		page, err := f.after(ctx, at, followPage)
		if err != nil {
			return err
		}
		for _, e := range page {
			at = e.ID
			if f.seen[e.ID] {
				continue
			}
			f.seen[e.ID] = true
			if err := tell(e); err != nil {
				return err
			}
		}
		f.last = max(f.last, at)
		if len(page) < followPage {
			return nil
		}
	}
}

// from is the id after which to read: never above that of the last event, or what happened
// while this process stood still would not be told.
func (f *follower) from() int64 {
	now, back := f.now(), followNear
	if now.Sub(f.far) >= followFar {
		f.far, back = now, followBack
	}
	id := store.BeforeAudit(now.Add(-back))
	if f.last > 0 {
		id = min(id, f.last)
	}
	if back == followBack {
		maps.DeleteFunc(f.seen, func(seen int64, _ bool) bool { return seen <= id })
	}
	return id
}
