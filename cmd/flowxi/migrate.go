package main

import (
	"context"
	"errors"
	"strconv"

	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/store"
)

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Bring the database up to date. A server does it at its start, too."`
	Status migrateStatus `cmd:"" answer:"" help:"List the steps of the schema, and when each was taken."`
}

type migrateUp struct{}

// Examples of its use.
func (migrateUp) Examples() []example {
	return []example{{"flowxi migrate up", "Migrate before the servers of a new version start, and not while they do."}}
}

// Run migrates.
func (migrateUp) Run(w *world) error {
	cfg, err := w.settings()
	if err != nil {
		return err
	}
	if err := node.Migrate(context.Background(), cfg, tellSteps(w)); err != nil {
		return err
	}
	printf(w.stdout, "The database is up to date.\n")
	return nil
}

// tellSteps writes a line for each step, once however often it is tried.
func tellSteps(w *world) func(step store.Migration, n, of int) {
	var last int64
	return func(step store.Migration, n, of int) {
		if step.Version == last {
			return
		}
		last = step.Version
		printf(w.stderr, "Step %d of %d: %s\n", n, of, step.Name)
	}
}

type migrateStatus struct {
	JSON bool `name:"json" help:"Answer in JSON."`
}

// Examples of its use.
func (migrateStatus) Examples() []example {
	return []example{
		{"flowxi migrate status", "See which steps wait."},
		{"flowxi migrate status --json", "For a script; a step that waits has no applied_at."},
	}
}

// Run lists the migrations.
func (c *migrateStatus) Run(w *world) (err error) {
	return withDatabase(w, func(ctx context.Context, a *node.Admin) error {
		list, err := a.Store.Migrations(ctx)
		if err != nil {
			return err
		}
		warnOfNewer(w, a.Store.CheckSchema(ctx))
		if c.JSON {
			return printJSON(w.stdout, list)
		}
		return migrationTable(list).print(w.stdout)
	})
}

func migrationTable(list []store.Migration) *table {
	var t table
	t.row("VERSION", "NAME", "APPLIED")
	for _, m := range list {
		applied := "waiting"
		if !m.AppliedAt.IsZero() {
			applied = moment(m.AppliedAt)
		}
		t.row(strconv.FormatInt(m.Version, 10), m.Name, applied)
	}
	return &t
}

// withAdmin opens the database for a command and closes it again. It refuses one that is
// still to be migrated. One of the next version serves this one too, as long as an upgrade
// takes, so it only warns of that.
func withAdmin(w *world, use func(context.Context, *node.Admin) error) error {
	return withDatabase(w, func(ctx context.Context, a *node.Admin) error {
		if err := a.Store.CheckSchema(ctx); !warnOfNewer(w, err) && err != nil {
			return err
		}
		return use(ctx, a)
	})
}

// warnOfNewer tells whether it is the schema of a newer program that err is about, of
// which it warns.
func warnOfNewer(w *world, err error) bool {
	newer := errors.Is(err, store.ErrNewerSchema)
	if newer {
		printf(w.stderr, "flowxi: warning: %s\n", oneLine(err))
	}
	return newer
}

// withDatabase is withAdmin for a database of any version.
func withDatabase(w *world, use func(context.Context, *node.Admin) error) (err error) {
	cfg, err := w.settings()
	if err != nil {
		return err
	}
	ctx := context.Background()
	a, err := node.OpenAdmin(ctx, cfg, operator())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return use(ctx, a)
}
