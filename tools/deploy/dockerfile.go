package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	dockerlint "github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// checkDockerfile reads the Dockerfile as BuildKit does, and returns the environment
// that its image gives to a container.
func (l linter) checkDockerfile() (settings, error) {
	path := l.path("Dockerfile")
	file, err := os.Open(path) //nolint:gosec // in the folder to check
	if err != nil {
		return nil, err
	}
	result, err := parser.Parse(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var failed error
	stages, _, err := instructions.Parse(result.AST, dockerlint.New(&dockerlint.Config{
		Warn: func(name, _, _, message string, at []parser.Range) {
			failed = errors.Join(failed, fmt.Errorf("%s:%d: %s: %s", path, at[0].Start.Line, name, message))
		},
	}))
	if err != nil {
		return nil, errors.Join(failed, fmt.Errorf("%s: %w", path, err))
	}
	for _, w := range result.Warnings {
		failed = errors.Join(failed, fmt.Errorf("%s: %s", path, w.Short))
	}
	for _, s := range stages {
		failed = errors.Join(failed, broken(path, rule{pinned(s.BaseName), s.BaseName + " has no tag"}))
	}
	image := readStage(stages[len(stages)-1])
	return image.env, errors.Join(failed, broken(path,
		rule{strings.Trim(image.user, "0123456789:") == "" && image.user != "" && !strings.HasPrefix(image.user, "0"), "the image does not run as a user other than root, by number"},
		rule{image.health == "CMD /flowxi health", "the health check is not flowxi health, without a shell"},
		rule{image.entry == "/flowxi", "the entry point is not the program itself"},
	))
}

// stage is what matters of the image in the end.
type stage struct {
	user, health, entry string
	env                 settings
}

func readStage(of instructions.Stage) stage {
	s := stage{env: settings{}}
	for _, command := range of.Commands {
		switch c := command.(type) {
		case *instructions.UserCommand:
			s.user = c.User
		case *instructions.HealthCheckCommand:
			s.health = strings.Join(c.Health.Test, " ")
		case *instructions.EntrypointCommand:
			s.entry = strings.Join(c.CmdLine, " ")
		case *instructions.EnvCommand:
			for _, pair := range c.Env {
				s.env[pair.Key] = pair.Value
			}
		}
	}
	return s
}

// pinned tells whether an image is named with a tag that says which.
func pinned(image string) bool {
	_, tag, found := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return found && tag != "" && tag != "latest"
}
