package main

import (
	"context"
	"errors"
	"os"
	"strings"
)

// checkUnit starts the program with the settings of the systemd unit and the example
// beside it. What the unit is otherwise, systemd itself says.
func (l linter) checkUnit(ctx context.Context) error {
	const where = "systemd/flowxi.env.example"
	example, err := readEnv(l.path(where))
	if err != nil {
		return err
	}
	unit, err := os.ReadFile(l.path("systemd", "flowxi.service")) //nolint:gosec // in the folder to check
	if err != nil {
		return err
	}
	env := settings{}
	for line := range strings.Lines(string(unit)) {
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "Environment="), "=")
		if ok && strings.HasPrefix(line, "Environment=") {
			env[name] = strings.TrimSpace(value)
		}
	}
	filled := settings{"FLOWXI_SMTP_URL": "smtps://smtp.example.org", "FLOWXI_KEYS": l.key}
	return errors.Join(
		l.refused(ctx, where, env.over(example, settings{"FLOWXI_KEYS": l.key})),
		l.starts(ctx, where, env.over(example, filled)),
	)
}
