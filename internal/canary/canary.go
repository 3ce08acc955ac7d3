// Package canary builds binaries of tests out of which one defence can be taken, to show
// that a test fails where what it tests is gone. The product knows nothing of it: a
// defence is a piece of the source, which an overlay of the compiler makes conditional.
package canary

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Defence is what stands against attempts, in all places where it does.
type Defence struct {
	Name   string // of no other defence
	Places []Place
}

// Place is a piece of the source that can be taken out.
type Place struct {
	File string // below the root of the module
	Code string // that stands there once

	// Without is what stands there in its place where the defence is taken out. $GONE is
	// a condition that is true where this one is, $NAME its name as a Go string, and $CODE
	// the code as it was.
	Without string
}

// Stands makes a defence of the places where it stands.
func Stands(name string, places ...Place) *Defence { return &Defence{name, places} }

// Refusal is a condition under which a caller is refused.
func Refusal(file, condition string) Place {
	return Place{File: file, Code: condition, Without: "!$GONE && ($CODE)"}
}

// Clause is a part of a statement of SQL, in the place of which another part stands.
func Clause(file, code, instead string) Place {
	return Place{File: file, Code: code, Without: "`+ifGone($NAME, ` " + instead + " `, `$CODE`)+`"}
}

// goneFile is added to each package in which a defence stands.
const goneFile = `package %s

import "os"

var gone = os.Getenv(%q)

func isGone(name string) bool { return gone == name }

func ifGone[T any](name string, without, with T) T {
	if gone == name {
		return without
	}
	return with
}
`

// variable names the defence that is taken out.
const variable = "FLOWXI_WITHOUT"

// Taken tells whether this process is one out of which a defence is taken.
func Taken() bool { return os.Getenv(variable) != "" }

// module is the folder of the module, as seen from a package of it.
const module = "../.."

// Nothing is the name of no defence.
const Nothing = "nothing"

// Build is a copy of the source in which some defences can be taken out. Two that stand
// in the same place are in different ones.
type Build struct {
	sources map[string]string // as they are, by file
	edits   map[string][]edit // by file
	binary  string            // empty until it is made
}

// Run runs the tests of the binary that Make has made, without a defence.
func (b *Build) Run(t *testing.T, without string, args ...string) (out string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), b.binary, args...)
	cmd.Env = append(os.Environ(), variable+"="+without)
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// edit puts other text in the place of some.
type edit struct {
	from, to int
	text     string
}

// Plan puts each defence into a build, and fails the test where one stands no longer where
// it is said to.
func Plan(t *testing.T, defences []*Defence) map[*Defence]*Build {
	t.Helper()
	sources, of := map[string]string{}, map[*Defence]*Build{}
	var builds []*Build
	for _, d := range defences {
		edits := d.edits(t, sources)
		i := slices.IndexFunc(builds, func(b *Build) bool { return b.hasRoom(edits) })
		if i < 0 {
			i, builds = len(builds), append(builds, &Build{sources: sources, edits: map[string][]edit{}})
		}
		for path, list := range edits {
			builds[i].edits[path] = append(builds[i].edits[path], list...)
		}
		of[d] = builds[i]
	}
	return of
}

func (b *Build) hasRoom(edits map[string][]edit) bool {
	for path, list := range edits {
		for _, e := range list {
			if slices.ContainsFunc(b.edits[path], func(other edit) bool { return e.from < other.to && other.from < e.to }) {
				return false
			}
		}
	}
	return true
}

// Make makes the binary of the tests of this package, once. It is for one caller at a time.
func (b *Build) Make(t *testing.T) {
	t.Helper()
	if b.binary != "" {
		return
	}
	folder, replace := t.TempDir(), map[string]string{}
	for path, edits := range b.edits {
		source := b.sources[path]
		slices.SortFunc(edits, func(x, y edit) int { return y.from - x.from })
		for _, e := range edits { // from the end, so that the others stay where they are
			source = source[:e.from] + e.text + source[e.to:]
		}
		replace[path] = write(t, folder, source)
		replace[filepath.Join(filepath.Dir(path), "gone_overlay.go")] = write(t, folder, fmt.Sprintf(goneFile, packageOf(source), variable))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	b.binary = filepath.Join(folder, "canary.test")
	cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", write(t, folder, string(overlay)), "-o", b.binary, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build without defences: %v\n%s", err, Last(string(out), 40))
	}
}

// edits are those that make it possible to take the defence out, by file. It reads the
// sources that are not there yet.
func (d *Defence) edits(t *testing.T, sources map[string]string) map[string][]edit {
	t.Helper()
	edits, name := map[string][]edit{}, strconv.Quote(d.Name)
	for _, p := range d.Places {
		path, err := filepath.Abs(filepath.Join(module, p.File))
		if err != nil {
			t.Fatal(err)
		}
		if sources[path] == "" {
			sources[path] = read(t, path)
		}
		if n := strings.Count(sources[path], p.Code); n != 1 {
			t.Errorf("the code of %q stands %d times in %s, want once: %s", d.Name, n, p.File, p.Code)
			continue
		}
		if !strings.Contains(p.Without, "$GONE") && !strings.Contains(p.Without, "$NAME") {
			t.Errorf("%q is gone for all: neither $GONE nor $NAME is in what takes its place", d.Name)
		}
		from := strings.Index(sources[path], p.Code)
		text := strings.NewReplacer("$GONE", "isGone("+name+")", "$NAME", name, "$CODE", p.Code).Replace(p.Without)
		edits[path] = append(edits[path], edit{from, from + len(p.Code), text})
	}
	return edits
}

var packageClause = regexp.MustCompile(`(?m)^package (\w+)$`)

func packageOf(source string) string { return packageClause.FindStringSubmatch(source)[1] }

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// write makes a file of any name.
func write(t *testing.T, folder, text string) (path string) {
	t.Helper()
	f, err := os.CreateTemp(folder, "*.go")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// Last returns the last lines of a text.
func Last(text string, lines int) string {
	all := bytes.Split([]byte(strings.TrimSpace(text)), []byte("\n"))
	return string(bytes.Join(all[max(0, len(all)-lines):], []byte("\n")))
}
