package main

import (
	"context"
	"fmt"
	"time"

	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/store"
)

type auditTail struct {
	Lines  int  `short:"n" default:"20" help:"At most so many events."`
	Follow bool `short:"f" help:"Go on with what happens, until it is interrupted."`
}

// Validate refuses what would print nothing.
func (c *auditTail) Validate() error {
	if c.Lines < 1 || c.Lines > 10_000 {
		return fmt.Errorf("-n is %d: allowed is a number from 1 to 10000", c.Lines)
	}
	return nil
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
		f := follower{store: a.Store, seen: make(map[int64]bool)}
		if c.Follow { // from here on
			if err := f.next(ctx, func(store.AuditEvent) error { return nil }); err != nil {
				return err
			}
		}
		list, err := a.Store.AuditLatest(ctx, c.Lines)
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
	followBack  = 5 * time.Minute // an event may become visible that much later than its id tells
	followPage  = 1_000
)

// follower tells of each event once, in the order in which they can be seen.
type follower struct {
	store *store.Store
	seen  map[int64]bool // of the ids that are read again
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
	last := store.BeforeAudit(time.Now().Add(-followBack))
	for id := range f.seen {
		if id <= last {
			delete(f.seen, id)
		}
	}
	for {
		page, err := f.store.AuditAfter(ctx, last, followPage)
		if err != nil {
			return err
		}
		for _, e := range page {
			last = e.ID
			if f.seen[e.ID] {
				continue
			}
			f.seen[e.ID] = true
			if err := tell(e); err != nil {
				return err
			}
		}
		if len(page) < followPage {
			return nil
		}
	}
}
