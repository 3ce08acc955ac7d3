package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// report is what was measured so far.
type report struct {
	options

	base  string // what all is compared with
	each  bool   // clients are so many for each node, and not for all of them
	rows  []row
	facts []fact
}

// row is a scenario under a number of clients on one engine.
type row struct {
	scenario string
	clients  int
	each     bool
	engine   string
	rounds   []measured
}

// measured is one round. The floor did nothing where it cannot do the scenario.
type measured struct {
	floor, ours window
	hashes      hashing
}

// fact is a figure that stands by itself, and what the bar for it is.
type fact struct{ what, engine, value, bar string }

// spread is the median of what the rounds gave, and the least and the most.
type spread struct{ median, least, most float64 }

func spreadOf(rounds []measured, value func(measured) float64) spread {
	var all []float64
	for _, m := range rounds {
		all = append(all, value(m))
	}
	slices.Sort(all)
	return spread{(all[(len(all)-1)/2] + all[len(all)/2]) / 2, all[0], all[len(all)-1]}
}

func (s spread) ratio() string { return fmt.Sprintf("%.2f (%.2f–%.2f)", s.median, s.least, s.most) }

func (s spread) count() string { return fmt.Sprintf("%.0f", s.median) }

func (s spread) counts() string { return fmt.Sprintf("%.0f (%.0f–%.0f)", s.median, s.least, s.most) }

func (s spread) time() string { return round(time.Duration(s.median)) }

func (s spread) times() string {
	return fmt.Sprintf("%s (%s–%s)", s.time(), round(time.Duration(s.least)), round(time.Duration(s.most)))
}

func round(d time.Duration) string {
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}

// share is what the clients are so many for.
func (r row) share() string {
	if r.each {
		return " a node"
	}
	return ""
}

// The columns of a row, which the documents have too.
func (r row) cells() []string {
	rate := func(m measured) float64 { return m.ours.Rate() }
	cells := []string{
		r.scenario, strconv.Itoa(r.clients) + r.share(), r.engine, spreadOf(r.rounds, rate).count(),
		spreadOf(r.rounds, func(m measured) float64 { return float64(m.ours.At(50)) }).time(),
		spreadOf(r.rounds, func(m measured) float64 { return float64(m.ours.At(99)) }).time(),
		spreadOf(r.rounds, func(m measured) float64 { return float64(m.ours.CPU()) }).time(),
	}
	if r.rounds[0].floor.Requests == 0 {
		return append(cells, "", "")
	}
	return append(cells,
		spreadOf(r.rounds, func(m measured) float64 { return float64(m.ours.CPU()) / float64(m.floor.CPU()) }).ratio(),
		spreadOf(r.rounds, func(m measured) float64 { return m.ours.Rate() / m.floor.Rate() }).ratio())
}

func (r *report) heads() []string {
	return []string{"what", "clients", "database", "a second", "p50", "p99", "CPU", "× CPU of " + r.base, "× rate of " + r.base}
}

func (r *report) progress(done row) {
	fmt.Fprintln(os.Stderr, strings.Join(done.cells(), "  "))
	if h := done.rounds[0].hashes; h.Rate > 0 {
		cpu := spreadOf(done.rounds, func(m measured) float64 { return float64(m.ours.CPU()) / float64(m.hashes.CPU) })
		rate := spreadOf(done.rounds, func(m measured) float64 { return m.ours.Rate() / m.hashes.Rate })
		name := fmt.Sprintf("login, %d clients%s", done.clients, done.share())
		r.tell(name+": CPU, × one verification alone", done.engine, cpu.ratio(), "≤ 1.05")
		r.tell(name+": rate, × verifications alone", done.engine, rate.ratio(), "≥ 0.95")
	}
}

func (r *report) tell(what, engine, value, bar string) {
	r.facts = append(r.facts, fact{what, engine, value, bar})
	fmt.Fprintf(os.Stderr, "%s, %s: %s (bar: %s)\n", what, engine, value, bar)
}

// atRest tells what servers cost that nobody has asked for anything.
func (r *report) atRest(all []*target) error {
	time.Sleep(min(2*time.Second, r.window))
	for _, t := range all {
		if t.floor {
			continue
		}
		m, err := t.server.Memory()
		if err != nil {
			return err
		}
		r.tell("memory at rest", t.engine, megabytes(m.Now), "≤ 40 MB")
	}
	info, err := os.Stat(r.flowxi)
	if err != nil {
		return err
	}
	r.tell("size of the program", "", megabytes(info.Size()), "≤ 40 MB")
	return nil
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// storm reads profiles at a steady pace, first beside one login at a time, then beside
// those of 64 clients.
func (r *report) storm(ctx context.Context, engine string, pair [2]*target) error {
	t := pair[1]
	const readers, pace = 16, 100
	if err := t.server.ForgetPeak(); err != nil {
		return err
	}
	var calm, storm []time.Duration
	var rate []float64
	missed, late := 0, newHistogram()
	for range r.rounds {
		for _, clients := range []int{1, 64} {
			d := 2 * r.window
			inner, cancel := context.WithCancel(ctx)
			logins := make(chan window)
			go func() {
				var n atomic.Int64
				logins <- closed(inner, clients, d+time.Second, &n, t.login)
			}()
			w, err := t.measure(func() window { return t.open(ctx, pace, readers, d) })
			cancel()
			done := <-logins
			if err != nil {
				return err
			}
			if done.FirstError != nil {
				return fmt.Errorf("%d of %d could not log in: %w", done.Errors, done.Requests, done.FirstError)
			}
			missed += w.Missed
			late.Merge(w.Late)
			rate = append(rate, done.Rate())
			if clients == 1 {
				calm = append(calm, w.At(99))
			} else {
				storm = append(storm, w.At(99))
			}
		}
	}
	slices.Sort(calm)
	slices.Sort(storm)
	c, s := calm[len(calm)/2], storm[len(storm)/2]
	if missed > 0 {
		r.tell("reads of /me that were not made", engine, fmt.Sprint(missed), "0")
	}
	r.tell("p99 of /me beside one login at a time", engine, round(c), "")
	r.tell("p99 of /me beside 64 clients that log in", engine, fmt.Sprintf("%s, × %.2f, %.0f logins a second", round(s), float64(s)/float64(c), rate[len(rate)-1]), "≤ 2 × calm and ≤ 15 ms")
	r.tell("p99 of how late the client came to either", engine, round(percentile(late, 99)), "")
	m, err := t.server.Memory()
	if err != nil {
		return err
	}
	r.tell("memory in the storm, at most", engine, megabytes(m.Peak), "≤ 150 MB")
	return nil
}

// openClients are those of an open loop, which are free unless the server is behind.
const openClients = 256

// capacity is how many reads a second a server does in an open loop: all that were due were
// made, and answered in that time. The search begins above it: a closed loop, whose clients
// take as much of the cores as the server, has more than half of what there is.
func (r *report) capacity(ctx context.Context, t *target) (float64, error) {
	const keptUp = 0.95
	w := closed(ctx, openClients, r.window, &t.next, t.me)
	for rate := 2 * w.Rate(); w.FirstError == nil && ctx.Err() == nil && rate >= 1; rate *= 0.9 {
		if w = t.open(ctx, rate, openClients, r.window); w.Missed == 0 && w.Rate() >= keptUp*rate && w.FirstError == nil {
			return rate, nil
		}
	}
	return 0, fmt.Errorf("%s has no rate that it keeps up with: %w", t.name, errors.Join(w.FirstError, ctx.Err()))
}

// openLoop asks for 70 percent of the reads that the slower of both can do, whatever they
// answer, and in turns: what else the machine does now and then makes the slowest of both, and
// the more reads there are the longer they wait. Ours is asked for two minutes in all, so that
// it flushes and sweeps meanwhile, and the floor for one, in which ours is stopped, so that it
// does neither.
func (r *report) openLoop(ctx context.Context, engine string, pair [2]*target) error {
	const part, turns = 0.7, 4
	long := [2]time.Duration{30 * r.window, 60 * r.window} // one minute and two, with windows of two seconds
	rate := math.Inf(1)
	for _, t := range pair {
		if err := t.quiet(ctx); err != nil {
			return err
		}
		capacity, err := r.capacity(ctx, t)
		if err != nil {
			return err
		}
		rate = min(rate, part*capacity)
	}
	all := [2]window{newWindow(), newWindow()}
	for range turns {
		for i, t := range pair {
			if err := t.quiet(ctx); err != nil {
				return err
			}
			change := pair[1].server.Resume
			if t.floor {
				change = pair[1].server.Pause
			}
			if err := change(); err != nil {
				return err
			}
			w, err := t.measure(func() window { return t.open(ctx, rate, openClients, long[i]/turns) })
			if err != nil {
				return err
			}
			all[i].add(w)
		}
	}
	for i, name := range []string{"floor", "Flowxi"} {
		w, bar := all[i], ""
		if i == 1 {
			bar = "≤ 5 × p50"
		}
		r.tell(fmt.Sprintf("%s: reads of /me at %.0f a second, 70 %% of what both can, for %v: p50", name, rate, long[i]), engine, round(w.At(50)), "")
		value := "none"
		if slow, ok := w.OfAllDue(99.9); ok {
			value = fmt.Sprintf("%s, × %.1f", round(slow), float64(slow)/float64(w.At(50)))
		}
		if w.Missed > 0 {
			value += fmt.Sprintf("; %d were not made", w.Missed)
		}
		r.tell("the same: p99.9", engine, value, bar)
		r.tell("the same: p99.9 of how late the client came to them", engine, round(percentile(w.Late, 99.9)), "")
		r.tell("the same: cores busy", engine, w.Cores.String(), "")
	}
	return nil
}

// start takes the time from the call of the program to its first answer.
func (r *report) start(ctx context.Context, engine string, pair [2]*target) error {
	t := pair[1]
	var again, fresh []time.Duration
	for i := range r.rounds {
		if err := t.restart(ctx); err != nil {
			return err
		}
		again = append(again, t.server.started)
		empty, err := r.open(ctx, fmt.Sprintf("empty-%s-%d", engine, i), engine, false, 0)
		if err != nil {
			return err
		}
		fresh = append(fresh, empty.server.started)
		if err := empty.server.Stop(); err != nil {
			return err
		}
	}
	slices.Sort(again)
	slices.Sort(fresh)
	r.tell("start on data that is there", engine, round(again[len(again)/2]), "≤ 100 ms")
	r.tell("start on an empty database", engine, round(fresh[len(fresh)/2]), "≤ 300 ms")
	return nil
}

// print writes tables of Markdown that people can read as they are.
func (r *report) print(w io.Writer) error {
	var rows, facts [][]string
	for _, row := range r.rows {
		rows = append(rows, row.cells())
	}
	for _, f := range r.facts {
		facts = append(facts, []string{f.what, f.engine, f.value, f.bar})
	}
	if err := printTable(w, r.heads(), rows); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return printTable(w, []string{"what", "database", "measured", "bar"}, facts)
}

func printTable(w io.Writer, heads []string, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	lines := append([][]string{heads, slices.Repeat([]string{"---"}, len(heads))}, rows...)
	wide := make([]int, len(heads))
	for _, cells := range lines {
		for i, cell := range cells {
			wide[i] = max(wide[i], utf8.RuneCountInString(cell))
		}
	}
	for _, cells := range lines {
		line := "|"
		for i, cell := range cells {
			line += fmt.Sprintf(" %-*s |", wide[i], cell)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// place is where a document has the tables of a command, between two comments.
func place(document, command string) (before, after string, err error) {
	begin, end := "<!-- measured: "+command+" -->\n", "<!-- end of "+command+" -->\n"
	text, err := os.ReadFile(document) //nolint:gosec // named on the command line
	if err != nil {
		return "", "", err
	}
	before, rest, found := strings.Cut(string(text), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", "", fmt.Errorf("%s does not say where to write: there is no %q", document, begin)
	}
	return before + begin, end + after, nil
}

// deliver prints tables, and writes them into the document if there is one.
func (o options) deliver(w io.Writer, tables func(io.Writer) error) error {
	if o.document == "" {
		return tables(w)
	}
	before, after, err := place(o.document, o.command)
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := tables(&text); err != nil {
		return err
	}
	if err := os.WriteFile(o.document, []byte(before+"\n"+text.String()+"\n"+after), 0o644); err != nil { //nolint:gosec // for all to read
		return err
	}
	_, err = io.WriteString(w, text.String())
	return err
}
