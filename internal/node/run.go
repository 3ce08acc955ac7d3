package node

import (
	"context"
	"errors"
	"sync"
	"time"

	"flowxi.app/flowxi/internal/rescue"
)

// reloadEvery is how long a changed key file may go unnoticed.
const reloadEvery = 5 * time.Second

// Run does what a node does beside answering requests: it sends mail, flushes and
// sweeps, and looks after the key ring. When ctx ends it finishes what it is at, some
// ten seconds at the most, and returns.
func (n *Node) Run(ctx context.Context) error {
	jobs := []func(context.Context) error{
		func(ctx context.Context) error { return n.auth.Run(ctx, n.log) },
		n.worker.Run,
		n.watchRing,
	}
	failed := make([]error, len(jobs))
	var running sync.WaitGroup
	for i, job := range jobs {
		running.Go(func() { failed[i] = job(ctx) })
	}
	running.Wait()
	return errors.Join(failed...)
}

// watchRing reads the key file again when it changes. Where it cannot be read, the node
// goes on with the keys it has, and says so once.
func (n *Node) watchRing(ctx context.Context) error {
	if n.cfg.Keys != "" {
		return nil
	}
	ticks := time.NewTicker(reloadEvery)
	defer ticks.Stop()
	said, noted := "", ""
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
			err := rescue.Do(func() error {
				said = n.reloadRing(said)
				noted = n.noteKey(ctx, noted)
				return nil
			})
			if err != nil {
				n.log.Error("cannot look after the key ring, trying again", "error", err, rescue.Stack(err))
			}
		}
	}
}

// reloadRing returns what is wrong with the key file, which it logs unless that was said
// already.
func (n *Node) reloadRing(said string) string {
	err := n.keys.Reload()
	if err == nil {
		return ""
	}
	if err.Error() != said {
		n.log.Error("cannot reload the key ring, going on with the one in memory", "error", err)
	}
	return err.Error()
}

// noteKey notes the active key where that is another than it noted last, and returns the
// one that is noted. It tries again at the next tick what fails.
func (n *Node) noteKey(ctx context.Context, noted string) string {
	active := n.keys.IDs()[0]
	if active == noted {
		return noted
	}
	if err := n.store.UseKeys(ctx, active); err != nil {
		n.log.Warn("cannot note the active key, trying again", "key", active, "error", err)
		return noted
	}
	return active
}
