package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// commandTable is the command line of this program.
func commandTable(t *testing.T) *kong.Kong {
	t.Helper()
	k, err := parser(&world{stdout: &output{file: os.Stdout}, stderr: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// wordsOfLine are what a shell makes of the part of a line that is for flowxi.
func wordsOfLine(t *testing.T, line string) []string {
	t.Helper()
	for _, end := range []string{" > ", " | "} {
		for from := strings.Index(line, "flowxi "); ; {
			at := strings.Index(line[from:], end)
			if at < 0 || strings.Count(line[from:from+at], "'")%2 == 1 {
				break
			}
			line = line[:from+at]
		}
	}
	if _, inner, ok := strings.Cut(line, "$(flowxi "); ok {
		line = "flowxi " + strings.TrimSuffix(strings.TrimSuffix(inner, `"`), ")")
	}
	line = line[strings.Index(line, "flowxi "):]
	shell := exec.CommandContext(t.Context(), "sh", "-c", `flowxi() { printf '%s\n' "$@"; }; `+line)
	shell.Dir = t.TempDir()
	out, err := shell.Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// Every command has examples, and each is a line that it takes.
func TestEveryExampleIsTaken(t *testing.T) {
	t.Parallel()
	for _, leaf := range append(commandTable(t).Model.Leaves(false), commandTable(t).Model.Node) {
		of := examples(leaf)
		if len(of) == 0 {
			t.Errorf("%s has no example: give its struct a method Examples", leaf.FullPath())
		}
		for _, e := range of {
			if !strings.Contains(e.line, leaf.FullPath()) || !strings.HasSuffix(e.does, ".") && !strings.HasSuffix(e.does, ")") {
				t.Errorf("%q, %q is no example of %s, with a sentence", e.line, e.does, leaf.FullPath())
				continue
			}
			given := wordsOfLine(t, e.line)
			got, err := commandTable(t).Parse(given)
			if err != nil {
				t.Errorf("%s: %v", e.line, explain(commandTable(t).Model.Node, given, err))
			} else if leaf.Parent != nil && got.Selected().FullPath() != leaf.FullPath() {
				t.Errorf("%s is taken for %s", e.line, got.Selected().FullPath())
			}
		}
	}
}

// Every text of the command line is a sentence, and every flag has one.
func TestEveryCommandAndFlagIsExplained(t *testing.T) {
	t.Parallel()
	err := kong.Visit(commandTable(t).Model, func(v kong.Visitable, next kong.Next) error {
		help, name := ".", ""
		switch v := v.(type) {
		case *kong.Node:
			help, name = v.Help, v.FullPath()
		case *kong.Flag:
			help, name = v.Help, "--"+v.Name
		case *kong.Value:
			help, name = v.Help, v.Name
		}
		if !strings.HasSuffix(help, ".") {
			t.Errorf("%s is explained by %q", name, help)
		}
		return next(nil)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsMisspelt(t *testing.T) {
	t.Parallel()
	app := commandTable(t).Model.Node
	for line, want := range map[string]string{
		"bakcup f":                  `there is no command "bakcup"; did you mean flowxi backup?`,
		"doc":                       `there is no command "doc"; did you mean flowxi doctor?`,
		"Serve":                     `there is no command "Serve"; did you mean flowxi serve?`,
		"audit verfy --json":        `there is no command "audit verfy"; did you mean flowxi audit verify?`,
		"verify":                    `there is no command "verify"; did you mean flowxi audit verify?`,
		"x":                         `there is no command "x"; see flowxi --help`,
		"audit":                     `a command is missing: verify, tail, export; see flowxi audit --help`,
		"backup --recipent a f":     `there is no flag --recipent; did you mean --recipient?`,
		"user list --stauts=closed": `there is no flag --stauts; did you mean --status?`,
		"mock --all":                `there is no flag --all; see flowxi mock --help`,
		"--version":                 `there is no flag --version; did you mean flowxi version?`,
		"mock --ur x":               `there is no flag --ur; did you mean --url?`,
		"backup --quick f":          `there is no flag --quick; see flowxi backup --help`,
		"keys retire -yz k1":        `there is no flag -z; see flowxi keys retire --help`,
		"backup --recipient a":      `<file> is missing; see flowxi backup --help`,
		"backup -- -f --x":          `found; see flowxi backup --help`,
		"audit tail -n5 -f more":    `found; see flowxi audit tail --help`,
		"move --to -x":              `--to: "-x" looks like a flag; if it is the value, write --to=-x`,
		"audit tail -fn":            `-n has no value; see flowxi audit tail --help`,
		"move --to --storage s3://": `--to has no value; see flowxi move --help`,
		"user list --limit -1":      `--limit: "-1" is not allowed; allowed: a number from 1 to 10000; see flowxi user list --help`,
		"audit export --since -1":   `--since: "-1" is no time; allowed: one such as 2026-11-26T00:00:00Z, or a day such as 2026-11-26; see flowxi audit export --help`,
		"nope":                      `there is no command "nope"; see flowxi --help`,
		"mvoe":                      `there is no command "mvoe"; did you mean flowxi move?`,
		"usr":                       `there is no command "usr"; did you mean flowxi user?`,
		"lock":                      `there is no command "lock"; did you mean flowxi mock?`,
	} {
		if got := explain(app, strings.Fields(line), errFound); got.Error() != want {
			t.Errorf("flowxi %s: %s", line, got)
		}
	}
}

var errFound = errors.New("found")

func TestTheManualPage(t *testing.T) {
	t.Parallel()
	app := commandTable(t).Model.Node
	text := manual(app, build{Version: "v1.2.3", Time: "2026-01-09T17:08:57Z"})
	file := filepath.Join(t.TempDir(), "flowxi.1")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	lint := exec.CommandContext(t.Context(), "mandoc", "-T", "lint", "-W", "warning", file)
	if out, err := lint.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("mandoc: %v\n%s", err, out)
	}
	render := exec.CommandContext(t.Context(), "mandoc", "-T", "utf8", "-O", "width=1000", file)
	out, err := render.Output()
	if err != nil {
		t.Fatal(err)
	}
	shown := unstruck(out)
	for _, leaf := range app.Leaves(true) {
		want := []string{leaf.FullPath(), leaf.Help}
		for _, f := range leaf.Flags {
			want = append(want, f.String(), f.Help)
		}
		for _, e := range examples(leaf) {
			want = append(want, e.line, e.does)
		}
		for _, text := range want {
			if !strings.Contains(shown, text) {
				t.Errorf("%s is not told of with %q", leaf.FullPath(), text)
			}
		}
	}
	for _, s := range settings() {
		for _, text := range append(slices.Clone(s.about), s.name) {
			if !strings.Contains(shown, text) {
				t.Errorf("%s is not told of with %q", s.name, text)
			}
		}
	}
}

// unstruck is a text without what a printer of old strikes over it.
func unstruck(out []byte) string {
	runes := bytes.Runes(out)
	var b strings.Builder
	for i, r := range runes {
		if r != '\b' && (i+1 == len(runes) || runes[i+1] != '\b') {
			b.WriteRune(r)
		}
	}
	return b.String()
}
