// Command deploy checks the files in deploy/: that each is what its reader takes, that
// they agree with each other, and that Flowxi starts with the settings in them. Its one
// rule: it asks the libraries of the readers themselves (BuildKit, Compose, Kustomize,
// Kubernetes) and the program, and has no copy of their rules.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// limit is for all checks together, of which the slowest takes a second.
const limit = 2 * time.Minute

// linter is where things are.
type linter struct {
	deploy string // the folder to check
	flowxi string // the program
	key    string // a key ring, as the settings have it
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: deploy FOLDER FLOWXI, the folder deploy and the program")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := lint(ctx, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // nothing is left to cancel
	}
}

// lint returns all that is wrong, one line each.
func lint(ctx context.Context, folder, program string) error {
	l, err := newLinter(ctx, folder, program)
	if err != nil {
		return err
	}
	image, err := l.checkDockerfile()
	return errors.Join(err, l.checkCompose(ctx, image), l.checkCluster(ctx, image), l.checkUnit(ctx))
}

func newLinter(ctx context.Context, folder, program string) (linter, error) {
	l := linter{deploy: folder, flowxi: program}
	key, err := l.run(ctx, nil, "keys", "new")
	l.key = key
	return l, err
}

func (l linter) path(parts ...string) string {
	return filepath.Join(append([]string{l.deploy}, parts...)...)
}

// rule is something that must be so.
type rule struct {
	holds bool
	says  string
}

// broken returns the rules that do not hold, as errors about where.
func broken(where string, rules ...rule) error {
	var failed error
	for _, r := range rules {
		if !r.holds {
			failed = errors.Join(failed, fmt.Errorf("%s: %s", where, r.says))
		}
	}
	return failed
}
