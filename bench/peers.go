package main

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// peer is a server that somebody might pick, with the hash that it has without settings.
type peer struct {
	*target

	title   string // and version
	cost    int    // of bcrypt, or argon2id
	slots   int    // of hashes at once
	logIn   shot
	readOwn shot
}

// readOfOwn is what readOfMe is of Flowxi.
const readOfOwn = "read of one's own profile"

// peersPeople are few: others make theirs one call at a time, each with a hash.
const peersPeople = 60

// measurePeers compares Flowxi with what one might pick instead, each on a database that it
// is made for.
func measurePeers(ctx context.Context, o options, w io.Writer) (err error) {
	o.people = peersPeople
	if o.short {
		o.people = fewClients
	}
	var all []*peer
	defer func() {
		for _, p := range all {
			err = errors.Join(err, p.stop())
		}
	}()
	others := map[string]func(context.Context, options) (*peer, error){sqlite: openPocketBase, postgres: openKratos}
	for _, engine := range o.engines() {
		ours := func(ctx context.Context, o options) (*peer, error) { return openOurs(ctx, o, engine) }
		for _, open := range []func(context.Context, options) (*peer, error){ours, others[engine]} {
			p, err := open(ctx, o)
			if p != nil {
				all = append(all, p)
			}
			if err != nil {
				return err
			}
		}
	}
	s := &sideBySide{options: o}
	for _, name := range []string{login, readOfOwn} {
		for _, clients := range []int{1, fewClients} {
			if !o.only.MatchString(name) {
				continue
			}
			if err := s.compare(ctx, name, clients, all); err != nil {
				return err
			}
		}
	}
	return o.deliver(w, s.print)
}

func openOurs(ctx context.Context, o options, engine string) (*peer, error) {
	t, err := o.open(ctx, "flowxi-"+engine, engine, false, o.people)
	if err != nil {
		return nil, err
	}
	return &peer{target: t, title: "Flowxi", cost: argon2id, slots: o.slots, logIn: t.login, readOwn: t.me}, nil
}

// allCores hash at once where nobody says otherwise.
func allCores() int { return runtime.GOMAXPROCS(0) }

// titleOf names a program with the version of the module that it was built from.
func titleOf(name, program string) (string, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return "", fmt.Errorf("%s, which scripts/bench builds for peers: %w", name, err)
	}
	return name + " " + strings.TrimPrefix(info.Main.Version, "v"), nil
}

// sideBySide is what was measured of all so far.
type sideBySide struct {
	options

	rows   [][]string
	hashes [][]string
}

// compare measures a scenario in turns. After a login its hash has a turn alone.
func (s *sideBySide) compare(ctx context.Context, name string, clients int, all []*peer) error {
	rounds := make([][]measured, len(all))
	for round := -1; round < s.rounds; round++ {
		d := s.window
		if name == login {
			d *= 2 // a slow hash leaves few of them
		}
		if round < 0 {
			d /= 3 // warms up
		}
		for i, p := range all {
			m, err := s.turn(ctx, p, name, clients, d)
			if err != nil {
				return err
			}
			if round >= 0 {
				rounds[i] = append(rounds[i], m)
			}
		}
	}
	for i, p := range all {
		s.add(p, name, clients, rounds[i])
	}
	return nil
}

func (s *sideBySide) turn(ctx context.Context, p *peer, name string, clients int, d time.Duration) (m measured, err error) {
	if err := p.quiet(ctx); err != nil {
		return m, err
	}
	fire := p.readOwn
	if name == login {
		fire = p.logIn
	}
	if m.ours, err = p.measure(func() window { return closed(ctx, clients, d, &p.next, fire) }); err != nil || name != login {
		return m, err
	}
	m.hashes, err = s.hash(ctx, d, min(clients, p.slots), p.cost)
	return m, err
}

func (s *sideBySide) add(p *peer, name string, clients int, rounds []measured) {
	who := []string{name, fmt.Sprint(clients), p.title, p.engine}
	row := append(who[:len(who):len(who)],
		spreadOf(rounds, func(m measured) float64 { return m.ours.Rate() }).counts(),
		spreadOf(rounds, func(m measured) float64 { return float64(m.ours.At(50)) }).time(),
		spreadOf(rounds, func(m measured) float64 { return float64(m.ours.At(99)) }).time(),
		spreadOf(rounds, func(m measured) float64 { return float64(m.ours.CPU()) }).times())
	s.rows = append(s.rows, row)
	fmt.Fprintln(os.Stderr, strings.Join(row, "  "))
	if name != login {
		return
	}
	hash := "argon2id, 19 MiB, 2 passes"
	if p.cost != argon2id {
		hash = fmt.Sprintf("bcrypt, cost %d", p.cost)
	}
	row = append(who[:len(who):len(who)], hash,
		spreadOf(rounds, func(m measured) float64 { return float64(m.hashes.CPU) }).times(),
		spreadOf(rounds, func(m measured) float64 { return float64(m.ours.CPU() - m.hashes.CPU) }).times())
	s.hashes = append(s.hashes, row)
	fmt.Fprintln(os.Stderr, strings.Join(row, "  "))
}

func (s *sideBySide) print(w io.Writer) error {
	who := []string{"what", "clients", "server", "database"}
	if err := printTable(w, append(who[:len(who):len(who)], "a second", "p50", "p99", "CPU"), s.rows); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return printTable(w, append(who, "hash", "CPU of one verification alone", "CPU of a login besides it"), s.hashes)
}
