package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
)

// settings are variables of an environment, by name.
type settings map[string]string

// over returns the settings with others laid over them.
func (s settings) over(others ...settings) settings {
	all := maps.Clone(s)
	if all == nil {
		all = settings{}
	}
	for _, o := range others {
		maps.Copy(all, o)
	}
	return all
}

func (s settings) environ() []string {
	lines := []string{} // nil would be the environment of this program
	for name, value := range s {
		lines = append(lines, name+"="+value)
	}
	return lines
}

// run runs the program with these settings and no others, and returns what it printed.
func (l linter) run(ctx context.Context, env settings, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, l.flowxi, args...) //nolint:gosec // the program that the caller names
	cmd.Env = env.environ()
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", errors.New(strings.TrimSpace(string(exit.Stderr)))
	}
	return strings.TrimSpace(string(out)), err
}

// starts checks that the program takes the settings: to list the keys it reads all of
// them, and it touches nothing else.
func (l linter) starts(ctx context.Context, where string, env settings) error {
	if _, err := l.run(ctx, env, "keys", "list"); err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	return nil
}

// refused checks that the program does not take the settings: an example that nobody
// has filled in must not run.
func (l linter) refused(ctx context.Context, where string, env settings) error {
	if l.starts(ctx, where, env) == nil {
		return fmt.Errorf("%s: starts as it is, though its secrets are known to all", where)
	}
	return nil
}

func readEnv(path string) (settings, error) {
	text, err := os.Open(path) //nolint:gosec // in the folder to check
	if err != nil {
		return nil, err
	}
	env, err := dotenv.Parse(text)
	return env, errors.Join(err, text.Close())
}
