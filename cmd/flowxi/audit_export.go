package main

import (
	"context"
	"time"

	"flowxi.app/flowxi/internal/node"
)

type auditExport struct {
	Since time.Time `placeholder:"TIME" help:"Only events of this time and later, as in 2026-11-26T00:00:00Z."`
	Until time.Time `placeholder:"TIME" help:"Only events before this time."`
}

// Examples of its use.
func (auditExport) Examples() []example {
	return []example{
		{"flowxi audit export > audit.jsonl", "Everything, with its progress on the terminal."},
		{"flowxi audit export --since 2026-11-01T00:00:00Z --until 2026-12-01T00:00:00Z | gzip > november.jsonl.gz", "One month."},
	}
}

// Run exports.
func (c *auditExport) Run(w *world) error {
	return withAdmin(w, func(_ context.Context, a *node.Admin) error {
		ctx, stop := untilSignal()
		defer stop()
		if terminal(w.stdout.file) { // where the lines themselves tell that it goes on
			return c.export(ctx, w, a, func(int64) {})
		}
		total, err := a.Store.CountAuditBetween(ctx, c.Since, c.Until)
		if err != nil {
			return err
		}
		bar := newProgress(w)
		defer bar.end()
		return c.export(ctx, w, a, func(done int64) { bar.at("Exporting", done, total) })
	})
}

func (c *auditExport) export(ctx context.Context, w *world, a *node.Admin, progress func(done int64)) error {
	done := int64(0)
	for e, err := range a.Store.AuditBetween(ctx, c.Since, c.Until) {
		if err != nil {
			return err
		}
		if err := printLine(w.stdout, e); err != nil {
			return err
		}
		done++
		progress(done)
	}
	return nil
}
