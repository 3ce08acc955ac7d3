package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os/signal"
	"strings"
	"syscall"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/node"
)

type serveCommand struct{}

// Help lists every setting, which is all that there is to say about the server.
func (serveCommand) Help() string {
	var b strings.Builder
	b.WriteString("It runs until SIGTERM or SIGINT, then finishes what is under way, for some twenty seconds at the most after FLOWXI_DRAIN_DELAY. A second signal ends it at once.\n\n")
	b.WriteString("Settings come from the environment:\n")
	for _, s := range config.Table() {
		fmt.Fprintf(&b, "\n    %s\n        %s\n        Allowed: %s\n", s.Name, s.Doc, s.Allowed)
		if s.Default != "" {
			fmt.Fprintf(&b, "        Default: %s\n", s.Default)
		}
	}
	return b.String()
}

// Run serves until the first signal.
func (serveCommand) Run(w *world) error {
	cfg, err := w.settings()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	context.AfterFunc(ctx, stop) // the second signal does what signals do
	log := newLogger(cfg, w.stderr, w.environ)
	slog.SetDefault(log) // parts that are given no log write to this one
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
	if terminal(w.stdout) {
		welcome(w, cfg, n)
	}
	return n.Serve(ctx, l)
}
