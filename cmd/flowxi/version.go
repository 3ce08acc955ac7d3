package main

import (
	"runtime"
	"runtime/debug"
	"strings"
)

// version is set by the linker in a release: -ldflags "-X main.version=v1.2.3".
var version string

type versionCommand struct {
	JSON bool `name:"json" help:"Answer in JSON."`
}

// Examples of its use.
func (versionCommand) Examples() []example {
	return []example{
		{"flowxi version", "The version, in a line."},
		{"flowxi version --json", "And the commit and its time."},
	}
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

// day is that of the commit, empty where it is not known.
func (b build) day() string {
	day, _, _ := strings.Cut(b.Time, "T")
	return day
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
