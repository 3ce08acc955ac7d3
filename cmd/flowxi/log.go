package main

import (
	"io"
	"log/slog"
	"os"

	"github.com/lmittmann/tint"

	"flowxi.app/flowxi/internal/config"
)

// newLogger writes for people where people look, and for programs elsewhere.
func newLogger(cfg config.Config, to *os.File, environ []string) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.LogLevel)) // config allows only names that it knows
	handler := func(w io.Writer) slog.Handler {
		return tint.NewTextHandler(w, &tint.Options{Level: level, NoColor: !coloured(to, environ)})
	}
	if cfg.LogFormat == "json" || cfg.LogFormat == "auto" && !terminal(to) {
		handler = func(w io.Writer) slog.Handler {
			return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
		}
	}
	if leadsToJournal(to, environ) {
		return slog.New(newJournal(to, handler))
	}
	return slog.New(handler(to))
}
