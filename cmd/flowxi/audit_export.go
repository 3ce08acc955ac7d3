package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flowxi.app/flowxi/internal/node"
)

type auditExport struct {
	Since instant `placeholder:"TIME" help:"Only events of this time and later, as in 2026-11-26T00:00:00Z, or of this day (UTC), as in 2026-11-26."`
	Until instant `placeholder:"TIME" help:"Only events before this time, or before this day."`
}

// instant is a time as it is given to a command; a day alone is its beginning in UTC.
type instant struct{ time.Time }

// UnmarshalText reads it.
func (i *instant) UnmarshalText(text []byte) (err error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if i.Time, err = time.Parse(layout, string(text)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%q is no time; allowed: one such as 2026-11-26T00:00:00Z, or a day such as 2026-11-26", text)
}

// Examples of its use.
func (auditExport) Examples() []example {
	return []example{
		{"flowxi audit export > audit.jsonl", "Everything, with its progress on the terminal."},
		{"flowxi audit export --since 2026-11-01 --until 2026-12-01 | gzip > november.jsonl.gz", "One month."},
	}
}

// Run exports.
func (c *auditExport) Run(w *world) error {
	if !c.Until.IsZero() && !c.Until.After(c.Since.Time) {
		return usage{errors.New("--until is not after --since: there is nothing between")}
	}
	return withAdmin(w, func(_ context.Context, a *node.Admin) error {
		ctx, stop := untilSignal()
		defer stop()
		if terminal(w.stdout.file) { // where the lines themselves tell that it goes on
			return c.export(ctx, w, a, func(int64) {})
		}
		total, err := a.Store.CountAuditBetween(ctx, c.Since.Time, c.Until.Time)
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
	for e, err := range a.Store.AuditBetween(ctx, c.Since.Time, c.Until.Time) {
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
