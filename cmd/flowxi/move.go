package main

import (
	"strconv"
	"strings"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/transfer"
)

type moveCommand struct {
	To      string `required:"" placeholder:"URL" help:"PostgreSQL database to fill, postgres://user:password@host:port/name. The password may be left to PGPASSWORD or ~/.pgpass."`
	Storage string `placeholder:"URL" help:"Bucket to copy the photos to, s3://KEYID:SECRET@host:port/bucket?region=…, as in FLOWXI_STORAGE_URL. Without it they stay in the data folder."`
}

// Help tells how to move.
func (moveCommand) Help() string {
	return `It copies people, sessions, known devices, codes, links, second factors, waiting mail, the audit trail and photos out of the data folder, and leaves that as it is. Every token and every second factor works afterwards, with the same key ring.

Stop the server first. The database must be empty. A move that was stopped at any moment, by a signal or a power cut, goes on when it is run again; until it has ended no server starts on the new database. In the end every table is read on both sides and compared, and every photo is read back.`
}

// Examples of its use.
func (moveCommand) Examples() []example {
	return []example{
		{"flowxi move --to postgres://flowxi:…@db:5432/flowxi", "Move the database; photos stay in the data folder."},
		{"flowxi move --to postgres://flowxi@db/flowxi --storage 's3://KEYID:SECRET@s3.example.org/flowxi?region=eu-west-1'", "Move everything, with the password of the database in ~/.pgpass."},
	}
}

// Run moves.
func (c *moveCommand) Run(w *world) error {
	cfg, err := w.settings()
	if err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	bar := newProgress(w)
	report, err := node.Move(ctx, cfg, node.Target{Database: account.Secret(c.To), Storage: account.Secret(c.Storage), Actor: operator()}, bar.at)
	bar.end()
	if err != nil {
		return err
	}
	if err := reportTable(report).print(w.stdout); err != nil {
		return err
	}
	missingPhotos(w, report)
	c.goOn(w, cfg)
	return nil
}

// goOn tells what to start the servers with. It shows no secret.
func (c *moveCommand) goOn(w *world, cfg config.Config) {
	printf(w.stdout, "\nEverything is there, and is the same on both sides. Run servers with:\n\n")
	printf(w.stdout, "  FLOWXI_DATABASE_URL=%s\n", masked(c.To))
	if c.Storage != "" {
		printf(w.stdout, "  FLOWXI_STORAGE_URL=%s\n", masked(c.Storage))
	}
	if cfg.Keys == "" {
		printf(w.stdout, "  FLOWXI_KEYS=[secret], which this prints: paste -sd, %s\n", node.KeyFile(cfg))
	} else {
		printf(w.stdout, "  FLOWXI_KEYS as it is now\n")
	}
	if c.Storage == "" {
		printf(w.stdout, "\nThe photos stay in %s: one server alone can run, with FLOWXI_DATA_DIR as it is now.\n", cfg.DataDir)
	}
	printf(w.stdout, "\nDo not start a server on the old database again: what happens there is not moved.\n")
}

// masked is an address that says where secrets are left out of it.
func masked(address string) string {
	shown := bare(address)
	if strings.Contains(address, "@") {
		shown = strings.Replace(shown, "://", "://[secret]@", 1)
	}
	if strings.Contains(address, "?") {
		shown += "?[as given]"
	}
	return shown
}

func reportTable(r transfer.Report) *table {
	var t table
	t.row("WHAT", "COUNT", "SHA-256")
	for _, s := range r.Tables {
		t.row(s.Table, strconv.FormatInt(s.Rows, 10), s.SHA256)
	}
	if r.Photos.SHA256 != "" {
		t.row("photos", strconv.FormatInt(r.Photos.Count, 10), r.Photos.SHA256)
	}
	return &t
}

// missingPhotos warns of photos that were lost before.
func missingPhotos(w *world, r transfer.Report) {
	if r.Photos.Missing > 0 {
		printf(w.stderr, "flowxi: warning: %d photos that people should have are not in the storage\n", r.Photos.Missing)
	}
}
