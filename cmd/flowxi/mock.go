package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/mock"
)

type mockCommand struct {
	Listen   string `placeholder:"HOST:PORT" default:"127.0.0.1:8080" help:"Address to listen on. Port 0 takes one that is free."`
	URL      string `placeholder:"URL" help:"Address by which tests reach it, which links and photos have. Without it: http://localhost and the port."`
	Clock    string `placeholder:"TIME" help:"Where the clock stands, such as 2026-01-02T03:04:05Z, or now."`
	RunClock bool   `help:"Let the clock run from there."`
	Expose   bool   `help:"DANGEROUS: listen on an address that other machines reach. Whoever reaches it may log in as anybody there."`
}

// Failure tells when it exits with 1.
func (mockCommand) Failure() string { return serveCommand{}.Failure() }

// Examples start it as tests do.
func (mockCommand) Examples() []example {
	return []example{
		{"flowxi mock", "At http://localhost:8080, with the clock standing still."},
		{"flowxi mock --listen 127.0.0.1:0", "On a port that is free, which it prints."},
		{"flowxi mock --clock 2026-01-02T03:04:05Z", "At a time of the test's own."},
		{"flowxi mock --clock now --run-clock", "With the time of this machine, to try things by hand."},
	}
}

// Help tells what is there, and what a test can do with it.
func (mockCommand) Help() string {
	return `A whole Flowxi for the tests of a frontend, with people who are always the same, and with pages of this machine allowed to call it from any port. Every mailed code is ` + mock.Code + `. It keeps nothing: all is in a folder of its own that is removed at the end, and every start is the same.

The clock stands still, so that times, tokens and codes are the same in every run. A test moves it, or begins anew:

    curl -X POST localhost:8080/mock/clock -d '{"advance": 60}'
    curl -X POST localhost:8080/mock/reset
    curl localhost:8080/mock/people

A link of its mails leads to your frontend with FLOWXI_MAGIC_LINK_URL. It is no server for people: it refuses to start where a setting of one is in the environment, and listens on this machine alone. docs/mock.md tells more.`
}

// Run serves until the first signal.
func (c *mockCommand) Run(w *world) error {
	now, err := c.time()
	if err != nil {
		return usage{err}
	}
	if err := mock.CheckListen(c.Listen, c.Expose); err != nil {
		return err
	}
	log, err := mockLogger(w)
	if err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // as for a server
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	m, err := mock.New(ctx, mock.Options{
		URL: c.at(l), Environ: w.environ, Now: now, Running: c.RunClock, Exposed: c.Expose,
		Log: log, Version: thisBuild().Version,
	})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if c.Expose {
		printf(w.stderr, "WARNING: --expose: WHOEVER REACHES %s MAY LOG IN AS ANYBODY THERE\n", l.Addr())
	}
	printf(w.stdout, "%s", m.Describe())
	if err := w.stdout.lost(); err != nil { // a test that cannot read where it is would wait for it
		return errors.Join(err, m.Close(), l.Close())
	}
	return m.Serve(ctx, l)
}

// time is when the clock stands; zero is the time that it stands at usually.
func (c *mockCommand) time() (at time.Time, err error) {
	switch c.Clock {
	case "":
		return at, nil
	case "now":
		return time.Now(), nil
	}
	at, err = time.Parse(time.RFC3339, c.Clock)
	if err != nil || at.Year() < 1971 || at.Year() > 9000 {
		return at, fmt.Errorf("--clock is %q; allowed: a time such as 2026-01-02T03:04:05Z, or now", c.Clock)
	}
	return at, nil
}

// at is the address that clients know.
func (c *mockCommand) at(l net.Listener) string {
	if c.URL != "" {
		return strings.TrimRight(c.URL, "/")
	}
	_, port, _ := net.SplitHostPort(l.Addr().String()) // a listener's address has a port
	return (&url.URL{Scheme: "http", Host: net.JoinHostPort("localhost", port)}).String()
}

// mockLogger tells of what goes wrong alone, unless it is asked for more: what tests do is
// theirs to tell.
func mockLogger(w *world) (*slog.Logger, error) {
	lines := []string{"FLOWXI_LOG_LEVEL=warn"}
	for _, line := range w.environ {
		if name, value, _ := strings.Cut(line, "="); strings.HasPrefix(name, "FLOWXI_LOG_") && value != "" {
			lines = append(lines, line)
		}
	}
	cfg, err := config.Load(lines)
	return newLogger(cfg, w.stderr, w.environ), err
}
