package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// drain is how long a node may take to stop.
const drain = 20 * time.Second

// checkCompose reads the compose file as Compose does, with the example filled in.
func (l linter) checkCompose(ctx context.Context, image settings) error {
	example := l.path("compose.env.example")
	env, err := readEnv(example)
	if err != nil {
		return err
	}
	if _, err := l.loadCompose(ctx, env); err == nil {
		return fmt.Errorf("%s: it does for compose.yaml as it is, and must not", example)
	}
	for name, value := range env {
		if value == "" {
			env[name] = "0123456789abcdef"
		}
	}
	env["FLOWXI_KEYS"] = l.key
	project, err := l.loadCompose(ctx, env)
	if err != nil {
		return err
	}
	var failed error
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		s := project.Services[name]
		failed = errors.Join(failed, checkService(s))
		if s.Build != nil {
			failed = errors.Join(failed, checkNode(s), l.starts(ctx, "compose.yaml: "+name, image.over(environment(s))))
		}
	}
	return failed
}

func (l linter) loadCompose(ctx context.Context, env settings) (*types.Project, error) {
	o, err := cli.NewProjectOptions([]string{l.path("compose.yaml")}, cli.WithWorkingDirectory(l.deploy))
	if err != nil {
		return nil, err
	}
	o.Environment = types.Mapping(env)
	return o.LoadProject(ctx)
}

// checkService is for what every container must be.
func checkService(s types.ServiceConfig) error {
	where := "compose.yaml: " + s.Name
	_, trusted := s.Networks["edge"]
	failed := broken(where,
		rule{s.Build != nil || pinned(s.Image), "the image has no tag"},
		rule{slices.Contains(s.SecurityOpt, "no-new-privileges:true"), "it may gain privileges"},
		rule{!trusted || s.Build != nil || s.Name == "proxy", "it is in the network whose word nodes take"},
		rule{!s.Privileged && len(s.CapAdd) == 0, "it has more rights than a container starts with"},
	)
	for _, p := range s.Ports {
		failed = errors.Join(failed, broken(where, rule{p.HostIP == "127.0.0.1", "port " + p.Published + " is open to other machines"}))
	}
	return failed
}

// checkNode is for containers that run Flowxi.
func checkNode(s types.ServiceConfig) error {
	serves := len(s.Command) == 0
	return broken("compose.yaml: "+s.Name,
		rule{s.ReadOnly, "the root is writable"},
		rule{slices.Equal(s.CapDrop, []string{"ALL"}), "it keeps capabilities"},
		rule{!serves || s.HealthCheck != nil, "it has no health check"},
		rule{s.StopGracePeriod != nil && time.Duration(*s.StopGracePeriod) > drain, "it is killed before it may have drained"},
	)
}

func environment(s types.ServiceConfig) settings {
	env := settings{}
	for name, value := range s.Environment {
		if value != nil && strings.TrimSpace(*value) != "" {
			env[name] = *value
		}
	}
	return env
}
