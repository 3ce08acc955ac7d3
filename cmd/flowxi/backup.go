package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/transfer"
)

type backupCommand struct {
	File      string   `arg:"" complete:"file" help:"File to write, which must not be there yet; - is the standard output."`
	Recipient []string `placeholder:"age1…" sep:"none" help:"Encrypt for an age recipient and not with the key ring; may be given many times. Restore with --identity."`
}

// Help tells what a backup is.
func (backupCommand) Help() string {
	return `It writes everything that belongs to this moment, database and photos, encrypted with the key ring, or for each --recipient, and proved by the ring in either case. Servers may be at work meanwhile.

The key ring is not in it, and without the ring a backup is of no use: keep the file "keys" of the data folder, or FLOWXI_KEYS, in another place.`
}

// Examples of its use.
func (backupCommand) Examples() []example {
	return []example{
		{"flowxi backup flowxi-$(date +%F).backup", "A file for each day, encrypted with the key ring."},
		{"flowxi backup --recipient age1… flowxi.backup", "For somebody with an age identity, which a restore then needs."},
		{"flowxi backup - | ssh backup.example.org 'cat > flowxi.backup'", "Straight to another machine."},
	}
}

// Run writes a backup.
func (c *backupCommand) Run(w *world) error {
	cfg, err := w.settings()
	if err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	bar := newProgress(w)
	o := node.BackupOptions{Recipients: c.Recipient, Version: thisBuild().Version, Progress: bar.at}
	var report transfer.Report
	begun := time.Now()
	write := func(to io.Writer) error {
		defer bar.end()
		tell(w, auth.BackedUp, "") // first, whatever becomes of it
		report, err = node.Backup(ctx, cfg, to, o)
		return err
	}
	if c.File == "-" {
		if err := c.toOutput(w, write); err != nil {
			return err
		}
		noteBackup(w, begun)
		missingPhotos(w, report)
		return nil
	}
	if err := transfer.CreateFile(c.File, write); err != nil {
		return err
	}
	noteBackup(w, begun)
	missingPhotos(w, report)
	if err := reportTable(report).print(w.stdout); err != nil {
		return err
	}
	tellOfRing(w, cfg)
	return nil
}

func (c *backupCommand) toOutput(w *world, write func(io.Writer) error) error {
	if terminal(w.stdout.file) {
		return usage{errors.New("a backup is nothing for a terminal: name a file")}
	}
	if nowhere(w.stdout.file) {
		return usage{errors.New("the output is closed, or " + os.DevNull + ": nothing would be left of the backup, which servers would take for a good one")}
	}
	return write(w.stdout)
}

// noteBackup has servers and flowxi doctor know of a backup that is whole. It is one without.
func noteBackup(w *world, begun time.Time) {
	err := withAdmin(w, func(ctx context.Context, a *node.Admin) error { return a.Store.NoteBackup(ctx, begun, time.Now()) })
	if err != nil {
		printf(w.stderr, "flowxi: warning: the backup is whole, but flowxi doctor and the metrics of the servers do not know of it: %s\n", oneLine(err))
	}
}

func tellOfRing(w *world, cfg config.Config) {
	ring := "FLOWXI_KEYS"
	if cfg.Keys == "" {
		ring = node.KeyFile(cfg)
	}
	printf(w.stdout, "\nThe key ring is not in it, and nothing works without: keep %s elsewhere.\n", ring)
}
