package main

import (
	"runtime"
	"runtime/debug"
)

// version is set by the linker in a release: -ldflags "-X main.version=v1.2.3".
var version string

type versionCommand struct {
	JSON bool `name:"json" help:"Answer in JSON."`
}

type build struct {
	Version string `json:"version"`
	Commit  string `json:"commit"` // empty where the build does not tell
	Time    string `json:"time"`   // of the commit
	Go      string `json:"go"`
	System  string `json:"system"`
}

// Run tells the version.
func (c *versionCommand) Run(w *world) error {
	b := thisBuild()
	if c.JSON {
		return printJSON(w.stdout, b)
	}
	printf(w.stdout, "flowxi %s (%s, %s)\n", b.Version, b.Go, b.System)
	return nil
}

func thisBuild() build {
	b := build{Version: version, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.time":
				b.Time = s.Value
			}
		}
	}
	switch {
	case b.Version != "":
	case ok && info.Main.Version != "" && info.Main.Version != "(devel)":
		b.Version = info.Main.Version
	default:
		b.Version = "devel"
	}
	return b
}
