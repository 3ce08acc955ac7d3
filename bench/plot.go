package main

import (
	"fmt"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// plot draws what tables cannot show into a folder.
func (r *report) plot(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // for all to read
		return err
	}
	for name, draw := range map[string]func(*plot.Plot) error{"latency.svg": r.drawLatency, "logins.svg": r.drawLogins} {
		p := plot.New()
		if err := draw(p); err != nil {
			return fmt.Errorf("draw %s: %w", name, err)
		}
		p.Add(plotter.NewGrid())
		p.Legend.Top, p.Legend.Left = true, true
		if err := p.Save(16*vg.Centimeter, 10*vg.Centimeter, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// drawLatency draws within what time how many of the reads of /me were answered.
func (r *report) drawLatency(p *plot.Plot) error {
	p.Title.Text = "GET /me, 8 clients: time of all but one in ..."
	p.X.Label.Text, p.Y.Label.Text = "one in", "milliseconds"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	var lines []any
	for _, row := range r.rows {
		if row.scenario != readOfMe || row.clients != 8 {
			continue
		}
		for _, side := range []struct {
			name string
			of   func(measured) window
		}{
			{"floor, " + row.engine, func(m measured) window { return m.floor }},
			{"Flowxi, " + row.engine, func(m measured) window { return m.ours }},
		} {
			all := newHistogram()
			for _, m := range row.rounds {
				all.Merge(side.of(m).Latency)
			}
			var points plotter.XYs
			for _, oneIn := range []float64{2, 4, 10, 20, 50, 100, 200, 500, 1000, 2000} {
				ms := float64(all.ValueAtPercentile(100-100/oneIn)) / 1000
				points = append(points, plotter.XY{X: oneIn, Y: ms})
			}
			lines = append(lines, side.name, points)
		}
	}
	return plotutil.AddLinePoints(p, lines...)
}

// drawLogins draws how many logins a second there are, and how many hashes there could be.
func (r *report) drawLogins(p *plot.Plot) error {
	p.Title.Text = "Logins a second by clients, and hashes alone"
	p.X.Label.Text, p.Y.Label.Text = "clients", "a second"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	p.Y.Min = 0
	var lines []any
	for _, engine := range r.engines() {
		var ours, alone plotter.XYs
		for _, row := range r.rows {
			if row.scenario != login || row.engine != engine {
				continue
			}
			x := float64(row.clients)
			ours = append(ours, plotter.XY{X: x, Y: spreadOf(row.rounds, func(m measured) float64 { return m.ours.Rate() }).median})
			alone = append(alone, plotter.XY{X: x, Y: spreadOf(row.rounds, func(m measured) float64 { return m.hashes.Rate }).median})
		}
		if len(ours) > 0 {
			lines = append(lines, "Flowxi, "+engine, ours, "hashes alone, beside "+engine, alone)
		}
	}
	return plotutil.AddLinePoints(p, lines...)
}
