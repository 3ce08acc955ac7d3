package main

import (
	"log/slog"
	"os"

	"github.com/lmittmann/tint"

	"flowxi.app/flowxi/internal/config"
)

// newLogger writes for people where people look, and for programs elsewhere.
func newLogger(cfg config.Config, to *os.File, environ []string) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.LogLevel)) // config allows only names that it knows
	if cfg.LogFormat == "json" || cfg.LogFormat == "auto" && !terminal(to) {
		return slog.New(slog.NewJSONHandler(to, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(tint.NewTextHandler(to, &tint.Options{Level: level, NoColor: !coloured(to, environ)}))
}
