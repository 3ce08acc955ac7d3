package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os/signal"
	"syscall"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/node"
)

type serveCommand struct{}

// Help tells how long it runs.
func (serveCommand) Help() string {
	return "It runs until SIGTERM, SIGINT or SIGHUP, then finishes what is under way, for some twenty seconds at the most after FLOWXI_DRAIN_DELAY. A second SIGTERM or SIGINT ends it at once. Everything else about it is a setting, and none is needed to try it."
}

// Failure tells when it exits with 1.
func (serveCommand) Failure() string { return "it could not start, or could not go on" }

// Examples of its use.
func (serveCommand) Examples() []example {
	return []example{
		{"flowxi serve", "Serve this machine at http://localhost:8080, and keep everything in ./flowxi-data."},
		{"FLOWXI_ADDR=127.0.0.1:9000 FLOWXI_OPS_ADDR=127.0.0.1:9090 flowxi serve", "On another port, with metrics on a port of their own."},
		{"FLOWXI_ENVIRONMENT=sandbox FLOWXI_RATE_LIMITS=off flowxi serve", "For a test suite: its mail never leaves, and its tokens are worth nothing in production."},
	}
}

// Appendix lists every setting.
func (serveCommand) Appendix() []item { return settings() }

// settings are those of a server, as they are explained to a person.
func settings() (list []item) {
	for _, s := range config.Table() {
		about := []string{s.Doc, "Allowed: " + s.Allowed}
		if s.Default != "" {
			about = append(about, "Default: "+s.Default)
		}
		list = append(list, item{s.Name, about})
	}
	return list
}

// Run serves until the first signal.
func (serveCommand) Run(w *world) error {
	cfg, err := w.settings()
	if err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // who reads the log may go, and the server stays
	log := newLogger(cfg, w.stderr, w.environ)
	slog.SetDefault(log) // parts that are given no log write to this one
	paceCollections(w.environ)
	n, err := node.New(ctx, cfg, node.Options{Log: log, Version: thisBuild().Version})
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Addr)
	if err != nil {
		return errors.Join(fmt.Errorf("FLOWXI_ADDR: %w", err), n.Close())
	}
	log.Info("serving", "addr", l.Addr().String(), "public_url", cfg.PublicURL.String(),
		"environment", cfg.Environment, "version", thisBuild().Version)
	if terminal(w.stdout.file) {
		welcome(w, cfg, n)
	}
	go keepNotified(ctx, w.environ, log, n.Alive)
	return n.Serve(ctx, l)
}
