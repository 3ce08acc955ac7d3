package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/seal"
)

type keysRetire struct {
	ID   string `arg:"" help:"Id of the key."`
	Lost bool   `help:"The key is gone: give up what only it opens, so that servers start without it."`
	Yes  bool   `short:"y" help:"Do not ask."`
}

// Examples of its use.
func (keysRetire) Examples() []example {
	return []example{
		{"flowxi keys retire k20260109-ab12cd", "Ask first, then seal everything anew. It may be stopped and run again."},
		{"flowxi keys retire --lost k20260109-ab12cd", "Give up what only a key opens that nobody has any more."},
	}
}

// takeUp is how long servers may take to notice a key that was added: until then they
// seal with the one before it.
const takeUp = 12 * time.Second

// Run retires a key.
func (c *keysRetire) Run(w *world) error {
	cfg, err := w.settings()
	if err != nil {
		return err
	}
	ring, err := node.ReadRing(cfg)
	if err != nil {
		return err
	}
	if c.Lost {
		return c.giveUp(w, ring.IDs())
	}
	if err := retirable(ring.IDs(), c.ID); err != nil {
		return err
	}
	question := fmt.Sprintf("Retire the key %s? Registration codes, pending second factors and photo addresses made with it stop working with it: wait %s after adding a new one to void none. Backups made until now can be restored only with it: keep a copy of the ring.", c.ID, cfg.LongestSealed())
	if err := confirm(w, c.Yes, question); err != nil {
		return err
	}
	if err := awaitServers(w, cfg); err != nil {
		return err
	}
	if err := reseal(w, c.ID); err != nil {
		return err
	}
	if cfg.Keys != "" {
		printf(w.stdout, "What is stored needs %s no more. Codes, pending second factors and photo addresses made with it do, for %s after the last server has sealed with it: then take it out of FLOWXI_KEYS and restart every server.\n",
			c.ID, cfg.LongestSealed())
		return nil
	}
	if err := seal.Remove(node.KeyFile(cfg), c.ID); err != nil {
		return err
	}
	tell(w, auth.KeyRetired, c.ID)
	printf(w.stdout, "%s is retired. Codes, pending second factors and photo addresses made with it are void: none is older than %s.\n", c.ID, cfg.LongestSealed())
	return nil
}

// giveUp lets servers start without a key that nobody has any more.
func (c *keysRetire) giveUp(w *world, ids []string) error {
	if slices.Contains(ids, c.ID) {
		return fmt.Errorf("%s is in the ring: it is not lost", c.ID)
	}
	question := fmt.Sprintf("Give up the key %s? People whose second factor is sealed under it cannot log in until you take that away (flowxi user reset-2fa), and mails that wait are lost.", c.ID)
	if err := confirm(w, c.Yes, question); err != nil {
		return err
	}
	if err := withAdmin(w, func(ctx context.Context, a *node.Admin) error { return a.Store.DropKey(ctx, c.ID) }); err != nil {
		return err
	}
	tell(w, auth.KeyRetired, c.ID+" was lost")
	return nil
}

func retirable(ids []string, id string) error {
	switch slices.Index(ids, id) {
	case -1:
		return fmt.Errorf("no key has the id %q", id)
	case 0:
		return fmt.Errorf("%s is the active key: add a new one first", id)
	}
	return nil
}

// awaitServers gives running servers time to notice the active key, where that is new.
func awaitServers(w *world, cfg config.Config) error {
	if cfg.Keys != "" {
		return nil
	}
	info, err := os.Stat(node.KeyFile(cfg))
	if err != nil {
		return fmt.Errorf("look at key file: %w", err)
	}
	if wait := takeUp - time.Since(info.ModTime()); wait > 0 {
		printf(w.stderr, "Waiting %s for running servers to take up the active key.\n", wait.Round(time.Second))
		time.Sleep(min(wait, takeUp))
	}
	return nil
}

func reseal(w *world, retired string) error {
	return withAdmin(w, func(_ context.Context, a *node.Admin) error {
		ctx, stop := untilSignal()
		defer stop()
		bar := newProgress(w)
		err := a.Reseal(ctx, func(done, total int64) { bar.at("Sealing anew", done, total) })
		bar.end()
		if err != nil {
			return err
		}
		return a.Store.DropKey(ctx, retired)
	})
}
