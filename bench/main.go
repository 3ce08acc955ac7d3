// Command bench measures Flowxi against a floor, in interleaved rounds on one machine.
// scripts/bench builds what it needs and calls it. Called as "bench floor" it is the floor.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"flowxi.app/flowxi/bench/floor"
)

// options are what the command line says.
type options struct {
	house

	short  bool
	only   *regexp.Regexp
	rounds int
	window time.Duration
	people int
	pprof  string // folder of profiles; none: no profiles

	document string // that the tables are written into, with plots beside it; none: nowhere
	command  string // by which they are marked there
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "floor" {
		if err := floor.Main(os.Args[2:]); err != nil {
			fail(err)
		}
		return
	}
	debug.SetGCPercent(1000) // what it holds is little, and its own collections are no time of a server's
	var o options
	var postgresURL, postgresDir, redisURL, redisDir, only string
	flag.StringVar(&o.flowxi, "flowxi", "", "the program")
	flag.StringVar(&o.pocketbase, "pocketbase", "", "the program of PocketBase, for peers")
	flag.StringVar(&o.kratos, "kratos", "", "the program of Ory Kratos, for peers")
	flag.StringVar(&o.dir, "dir", "", "folder for what the servers keep")
	flag.StringVar(&postgresURL, "postgres", "", "URL of a PostgreSQL server; none: SQLite alone")
	flag.StringVar(&postgresDir, "postgres-dir", "", "folder that scripts/postgres keeps it in")
	flag.StringVar(&redisURL, "redis", "", "URL of a Redis for several nodes")
	flag.StringVar(&redisDir, "redis-dir", "", "folder that scripts/redis keeps it in")
	flag.BoolVar(&o.short, "short", false, "everything once and briefly, to see that it can be measured")
	flag.StringVar(&only, "only", "", "measure only what matches")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each is measured")
	flag.DurationVar(&o.window, "window", 2*time.Second, "how long each is measured at a time")
	flag.IntVar(&o.people, "people", 1000, "how many people there are")
	flag.StringVar(&o.pprof, "pprof", "", "folder that a CPU profile of each scenario is written to, which costs a little")
	flag.StringVar(&o.document, "document", "", "Markdown file that the tables are written into, and plots beside it")
	flag.Parse()
	if o.short {
		o.rounds, o.window = 1, 100*time.Millisecond
	}
	if postgresURL != "" {
		o.postgres = &database{URL: postgresURL, dir: postgresDir}
	}
	o.slots = max(1, runtime.GOMAXPROCS(0)-1) // as many as Flowxi has
	var err error
	if o.self, err = os.Executable(); err != nil {
		fail(err)
	}
	if o.only, err = regexp.Compile(only); err != nil {
		fail(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o.command = strings.TrimSpace("scripts/bench " + flag.Arg(0))
	if o.document != "" {
		if _, _, err := place(o.document, o.command); err != nil {
			fail(err)
		}
	}
	verb := measureAll
	switch flag.Arg(0) {
	case "growth":
		verb = measureGrowth
	case "nodes":
		o.redis = &redis{URL: redisURL, dir: redisDir}
		verb = measureNodes
	case "peers":
		verb = measurePeers
	}
	if err := verb(ctx, o, os.Stdout); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

// fewClients are enough to see that something can be measured.
const fewClients = 8

// run runs a program that ends by itself.
func run(ctx context.Context, environ []string, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // a program of this measurement
	cmd.Env = environ
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, out)
	}
	return nil
}

// engines are those that can be measured here.
func (o options) engines() []string {
	if o.postgres == nil {
		return []string{sqlite}
	}
	return []string{sqlite, postgres}
}

func measureAll(ctx context.Context, o options, w io.Writer) (err error) {
	var all []*target
	defer func() {
		for _, t := range all {
			err = errors.Join(err, t.stop())
		}
	}()
	pairs := map[string][2]*target{}
	for _, engine := range o.engines() {
		var pair [2]*target
		for i, name := range []string{"floor", "flowxi"} {
			t, err := o.open(ctx, name+"-"+engine, engine, i == 0, o.people)
			if err != nil {
				return err
			}
			all, pair[i] = append(all, t), t
		}
		pairs[engine] = pair
	}
	r := &report{options: o, base: "floor"}
	if err := r.atRest(all); err != nil {
		return err
	}
	for _, engine := range o.engines() {
		for _, s := range scenarios() {
			for _, clients := range s.clients {
				if !o.only.MatchString(s.name) || o.short && clients > fewClients {
					continue
				}
				if err := r.compare(ctx, s, clients, engine, pairs[engine]); err != nil {
					return err
				}
			}
		}
		for _, special := range []struct {
			name string
			run  func(context.Context, string, [2]*target) error
		}{{"storm", r.storm}, {"open loop", r.openLoop}, {"start", r.start}} {
			if !o.only.MatchString(special.name) {
				continue
			}
			if err := special.run(ctx, engine, pairs[engine]); err != nil {
				return err
			}
		}
	}
	if err := o.deliver(w, r.print); err != nil || o.document == "" {
		return err
	}
	return r.plot(strings.TrimSuffix(o.document, ".md"))
}

// compare measures a scenario in turns: the floor, ours, the floor, ours. What is slower
// for a while is slower for both.
func (r *report) compare(ctx context.Context, s scenario, clients int, engine string, pair [2]*target) error {
	row := row{scenario: s.name, clients: clients, each: r.each, engine: engine}
	if pair[1].floor {
		row.scenario = "floor: " + s.name
	}
	for round := -1; round < r.rounds; round++ {
		d := r.window
		if round < 0 {
			d = r.window / 3 // warms up
		}
		var floor, ours window
		var hashes hashing
		for i, t := range pair {
			if t.floor && !s.floored {
				continue
			}
			fire, err := s.make(t)
			if err != nil {
				return err
			}
			if err := t.quiet(ctx); err != nil {
				return err
			}
			profiled := make(chan error, 1)
			if r.pprof == "" || t.floor || round < 0 {
				profiled <- nil
			} else {
				go func() { profiled <- t.server.Profile(ctx, d, r.profileOf(s, clients, engine)) }()
			}
			asking := clients
			if r.each {
				asking *= len(t.nodes())
			}
			w, err := t.measure(func() window { return closed(ctx, asking, d, &t.next, fire) })
			if err := errors.Join(err, <-profiled); err != nil {
				return err
			}
			if i == 0 {
				floor = w
			} else {
				ours = w
			}
		}
		if row.scenario == login {
			var err error
			if hashes, err = r.hash(ctx, d, min(clients, r.slots), argon2id); err != nil {
				return err
			}
		}
		if round >= 0 {
			row.rounds = append(row.rounds, measured{floor, ours, hashes})
		}
	}
	r.rows = append(r.rows, row)
	r.progress(row)
	return nil
}

func (r *report) profileOf(s scenario, clients int, engine string) string {
	return filepath.Join(r.pprof, strings.NewReplacer(" ", "-", "/", "", ",", "").Replace(fmt.Sprintf("%s-%d-%s.pprof", s.name, clients, engine)))
}

// hashing is what verifications of a password cost where nothing else is done.
type hashing struct {
	Rate float64       // in a second
	CPU  time.Duration // of one
}

// argon2id is the cost of bcrypt where that is not the hash.
const argon2id = 0

func (h house) hash(ctx context.Context, d time.Duration, slots, cost int) (hashing, error) {
	out, err := exec.CommandContext(ctx, h.self, "floor", "-hash", d.String(), "-slots", strconv.Itoa(slots), "-bcrypt", strconv.Itoa(cost)).Output() //nolint:gosec // a program of this measurement
	if err != nil {
		return hashing{}, err
	}
	var n, elapsed, cpu int64
	if _, err := fmt.Sscan(string(out), &n, &elapsed, &cpu); err != nil {
		return hashing{}, err
	}
	return hashing{float64(n) / time.Duration(elapsed).Seconds(), time.Duration(cpu / max(1, n))}, nil
}
