package main

import (
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-isatty"

	"flowxi.app/flowxi/internal/config"
)

// newLogger writes for people where people look, and for programs elsewhere.
func newLogger(cfg config.Config, to *os.File, environ []string) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.LogLevel)) // config allows only names that it knows
	if cfg.LogFormat == "json" || cfg.LogFormat == "auto" && !terminal(to) {
		return slog.New(slog.NewJSONHandler(to, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(tint.NewTextHandler(to, &tint.Options{Level: level, NoColor: !terminal(to) || plain(environ)}))
}

// plain tells whether somebody wants no colours (no-color.org).
func plain(environ []string) bool {
	return slices.ContainsFunc(environ, func(line string) bool {
		return strings.HasPrefix(line, "NO_COLOR=") && line != "NO_COLOR="
	})
}

func terminal(f *os.File) bool { return isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()) }
