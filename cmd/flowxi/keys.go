package main

import (
	"context"
	"errors"

	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/seal"
)

type keysCommand struct {
	New    keysNew    `cmd:"" answer:"" help:"Print a new key, for FLOWXI_KEYS."`
	Add    keysAdd    `cmd:"" help:"Put a new key into the key file and seal with it from now on."`
	List   keysList   `cmd:"" answer:"" help:"List the ids of the keys, the active one first."`
	Retire keysRetire `cmd:"" help:"Seal everything anew with the active key, and take an older one out of the ring."`
}

type keysNew struct{}

// Examples of its use.
func (keysNew) Examples() []example {
	return []example{
		{`export FLOWXI_KEYS="$(flowxi keys new)"`, "A ring of one key, for a new instance."},
		{`export FLOWXI_KEYS="$FLOWXI_KEYS,$(flowxi keys new)"`, "One more behind those that are there, to be put in front once every server has it."},
	}
}

// Run prints a key, the only secret that this program ever shows.
func (keysNew) Run(w *world) error { //nolint:unparam // the signature that commands have
	printf(w.stdout, "%s\n", seal.NewKey())
	return nil
}

type keysAdd struct{}

// Examples of its use.
func (keysAdd) Examples() []example {
	return []example{{"flowxi keys add", "Servers take it up within some seconds. Keep a copy of the key file elsewhere."}}
}

// Run adds a key.
func (keysAdd) Run(w *world) error {
	cfg, err := w.settings()
	if err != nil {
		return err
	}
	if _, err := node.ReadRing(cfg); err != nil {
		return err
	}
	if cfg.Keys != "" {
		return errors.New("the ring is the setting FLOWXI_KEYS: put a new key (flowxi keys new) behind those that are there and restart every server, then put it in front and restart every server again")
	}
	id, err := seal.Add(node.KeyFile(cfg))
	if err != nil {
		return err
	}
	printf(w.stdout, "%s\n", id)
	if node.Inhabited(cfg) {
		note(w, id)
		tell(w, auth.KeyAdded, id)
	}
	return nil
}

// note has the database know of a new active key before a running server takes it up,
// which notes it once more.
func note(w *world, id string) {
	err := withDatabase(w, func(ctx context.Context, a *node.Admin) error { return a.Store.UseKeys(ctx, id) })
	if err != nil {
		printf(w.stderr, "flowxi: warning: the database does not know of the key until a server takes it up: %s\n", oneLine(err))
	}
}

type keysList struct {
	JSON bool `name:"json" help:"Answer in JSON."`
}

type keyEntry struct {
	ID     string `json:"id"`
	Active bool   `json:"active"`
}

// Examples of its use.
func (keysList) Examples() []example {
	return []example{
		{"flowxi keys list", "See which key is active."},
		{"flowxi keys list --json", "For a script."},
	}
}

// Run lists the ids.
func (c *keysList) Run(w *world) error {
	cfg, err := w.settings()
	if err != nil {
		return err
	}
	ring, err := node.ReadRing(cfg)
	if err != nil {
		return err
	}
	var t table
	t.row("ID", "STATE")
	var entries []keyEntry
	for i, id := range ring.IDs() {
		entries = append(entries, keyEntry{ID: id, Active: i == 0})
		t.row(id, []string{"active", "old"}[min(i, 1)])
	}
	if c.JSON {
		return printJSON(w.stdout, entries)
	}
	return t.print(w.stdout)
}
