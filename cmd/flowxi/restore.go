package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/node"
)

type restoreCommand struct {
	File     string `arg:"" complete:"file" help:"Backup to read; - is the standard input."`
	Identity string `type:"path" complete:"file" placeholder:"FILE" help:"File with the age identity that opens a backup made for a --recipient."`
}

// Help tells how to restore.
func (restoreCommand) Help() string {
	return `It restores into the place that the settings name, where nobody is yet: a data folder without a database and the journal of one, or an empty PostgreSQL database, with the bucket. Either engine takes the backup of the other.

The key ring of the instance must be there first: the file "keys" in the data folder, or FLOWXI_KEYS. A backup that is cut off, altered, or written by whoever has not the ring is refused, also one for a --recipient, and then nothing of it is in the database or among the photos.

Sessions that were ended and passwords that were changed after the backup was made are as they were: flowxi user logout ends the sessions of a person.`
}

// Examples of its use.
func (restoreCommand) Examples() []example {
	return []example{
		{"flowxi restore flowxi.backup", "With the key ring of the instance in the data folder, or in FLOWXI_KEYS."},
		{"flowxi restore --identity key.txt flowxi.backup", "A backup that was made for a --recipient."},
		{"ssh backup.example.org 'cat flowxi.backup' | flowxi restore -", "Straight from another machine."},
	}
}

// Run restores.
func (c *restoreCommand) Run(w *world) error {
	cfg, err := w.settings()
	if err != nil {
		return err
	}
	from, err := c.open(w)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	identities, err := c.identities()
	if err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	return c.restore(ctx, w, cfg, from, identities)
}

func (c *restoreCommand) restore(ctx context.Context, w *world, cfg config.Config, from io.Reader, identities string) error {
	bar := newProgress(w)
	header, report, err := node.Restore(ctx, cfg, from, node.RestoreOptions{Identities: identities, Progress: bar.at, Actor: operator()})
	bar.end()
	if err != nil {
		return err
	}
	if err := reportTable(report).print(w.stdout); err != nil {
		return err
	}
	missingPhotos(w, report)
	printf(w.stdout, "\nRestored as it was at %s. Servers can start.\n", moment(header.Created))
	return nil
}

func (c *restoreCommand) open(w *world) (*os.File, error) {
	if c.File == "-" {
		return w.stdin, nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, fmt.Errorf("read backup: %w", err)
	}
	return f, nil
}

// maxIdentity is far above any identity file.
const maxIdentity = 1 << 20

func (c *restoreCommand) identities() (string, error) {
	if c.Identity == "" {
		return "", nil
	}
	f, err := os.Open(c.Identity)
	if err != nil {
		return "", fmt.Errorf("read identity: %w", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxIdentity))
	if err != nil {
		return "", fmt.Errorf("read identity: %w", err)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return "", fmt.Errorf("%s, the file of --identity, is empty", c.Identity)
	}
	return string(text), nil
}
