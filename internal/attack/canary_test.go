package attack_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
)

// defence is what stands against attempts, in all places where it does.
type defence struct {
	name   string // of no other defence
	places []place
}

// place is a piece of the source that can be taken out.
type place struct {
	file string // below the root of the module
	code string // that stands there once

	// without is what stands there in its place where the defence is taken out. $GONE is
	// a condition that is true where this one is, $NAME its name as a Go string, and $CODE
	// the code as it was.
	without string
}

// stands makes a defence of the places where it stands.
func stands(name string, places ...place) *defence { return &defence{name, places} }

// refusal is a condition under which a caller is refused.
func refusal(file, condition string) place {
	return place{file: file, code: condition, without: "!$GONE && ($CODE)"}
}

// clause is a part of a statement of SQL, in the place of which another part stands.
func clause(file, code, instead string) place {
	return place{file: file, code: code, without: "`+ifGone($NAME, ` " + instead + " `, `$CODE`)+`"}
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

var canaries = flag.Bool("attack.canaries", false, "run each attempt without its defence too, where it must succeed")

// goneVariable names the defence that is taken out.
const goneVariable = "FLOWXI_ATTACK_WITHOUT"

// nothing is the name of no defence.
const nothing = "nothing"

// module is the folder of the module, as seen from this package.
const module = "../.."

// TestCanaries runs each attempt against a server without the defence that it names, once
// the same binary with all defences in place has withstood it: an attempt that fails there
// too tells nothing of the defence. That takes minutes, so it is for scripts/attack;
// otherwise it makes sure that each defence still stands where it is said to.
func TestCanaries(t *testing.T) {
	if os.Getenv(goneVariable) != "" {
		t.Skip("this is a canary")
	}
	t.Parallel()
	builds := plan(t)
	if t.Failed() || !*canaries {
		return
	}
	for _, b := range builds {
		b.make(t)
	}
	turns := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, a := range attempts {
		t.Run(a.name(), func(t *testing.T) {
			t.Parallel()
			turns <- struct{}{}
			defer func() { <-turns }()
			held.catch(a, false)
			if out, err := canary(t, builds[a.defence].binary, a, nothing); err != nil {
				t.Fatalf("with all defences in place the attempt must not succeed: %v\n%s", err, last(out, 40))
			}
			out, err := canary(t, builds[a.defence].binary, a, a.defence.name)
			caught := err != nil && strings.Contains(out, "--- FAIL: TestAttacks/") && !strings.Contains(out, noServer)
			held.catch(a, caught)
			if !caught || strings.Contains(out, "panic:") {
				t.Errorf("without %q the attempt must succeed, and nothing else may break:\n%s", a.defence.name, last(out, 40))
			}
		})
	}
}

// canary runs an attempt against a server without a defence.
func canary(t *testing.T, binary string, a attempt, without string) (out string, err error) {
	t.Helper()
	e := authtest.Embedded
	if a.nodes {
		e = authtest.Scaled
	}
	pattern := "^TestAttacks$/^" + string(e) + "$/^" + regexp.QuoteMeta(strings.ReplaceAll(a.name(), " ", "_")) + "$"
	cmd := exec.CommandContext(t.Context(), binary, "-test.run", pattern, "-test.timeout", "2m")
	cmd.Env = append(os.Environ(), goneVariable+"="+without)
	b, err := cmd.CombinedOutput()
	if strings.Contains(string(b), "no tests to run") {
		t.Fatalf("no test is called %s", pattern)
	}
	return string(b), err
}

// build is a copy of the source in which some defences can be taken out. Two that stand
// in the same place are in different ones.
type build struct {
	sources map[string]string // as they are, by file
	edits   map[string][]edit // by file
	binary  string            // empty until it is made
}

// edit puts other text in the place of some.
type edit struct {
	from, to int
	text     string
}

// plan puts each defence into a build.
func plan(t *testing.T) map[*defence]*build {
	t.Helper()
	sources, of := map[string]string{}, map[*defence]*build{}
	var builds []*build
	for _, d := range defences(t) {
		edits := d.edits(t, sources)
		i := slices.IndexFunc(builds, func(b *build) bool { return b.hasRoom(edits) })
		if i < 0 {
			i, builds = len(builds), append(builds, &build{sources: sources, edits: map[string][]edit{}})
		}
		for path, list := range edits {
			builds[i].edits[path] = append(builds[i].edits[path], list...)
		}
		of[d] = builds[i]
	}
	return of
}

func (b *build) hasRoom(edits map[string][]edit) bool {
	for path, list := range edits {
		for _, e := range list {
			if slices.ContainsFunc(b.edits[path], func(other edit) bool { return e.from < other.to && other.from < e.to }) {
				return false
			}
		}
	}
	return true
}

// make makes the binary, once.
func (b *build) make(t *testing.T) {
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
		replace[filepath.Join(filepath.Dir(path), "gone_overlay.go")] = write(t, folder, fmt.Sprintf(goneFile, packageOf(source), goneVariable))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	b.binary = filepath.Join(folder, "attack.test")
	cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", write(t, folder, string(overlay)), "-o", b.binary, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build without defences: %v\n%s", err, last(string(out), 40))
	}
}

// defences are those that the attempts name.
func defences(t *testing.T) (list []*defence) {
	t.Helper()
	names := map[string]bool{nothing: true}
	for _, a := range attempts {
		switch {
		case a.defence == nil:
			t.Fatalf("no defence stands against %q", a.try)
		case slices.Contains(list, a.defence):
			continue
		case names[a.defence.name]:
			t.Fatalf("two defences are called %q", a.defence.name)
		}
		names[a.defence.name] = true
		list = append(list, a.defence)
	}
	return list
}

// edits are those that make it possible to take the defence out, by file. It reads the
// sources that are not there yet.
func (d *defence) edits(t *testing.T, sources map[string]string) map[string][]edit {
	t.Helper()
	edits, name := map[string][]edit{}, strconv.Quote(d.name)
	for _, p := range d.places {
		path, err := filepath.Abs(filepath.Join(module, p.file))
		if err != nil {
			t.Fatal(err)
		}
		if sources[path] == "" {
			sources[path] = read(t, path)
		}
		if n := strings.Count(sources[path], p.code); n != 1 {
			t.Errorf("the code of %q stands %d times in %s, want once: %s", d.name, n, p.file, p.code)
			continue
		}
		if !strings.Contains(p.without, "$GONE") && !strings.Contains(p.without, "$NAME") {
			t.Errorf("%q is gone for all: neither $GONE nor $NAME is in what takes its place", d.name)
		}
		from := strings.Index(sources[path], p.code)
		text := strings.NewReplacer("$GONE", "isGone("+name+")", "$NAME", name, "$CODE", p.code).Replace(p.without)
		edits[path] = append(edits[path], edit{from, from + len(p.code), text})
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

func last(text string, lines int) string {
	all := bytes.Split([]byte(strings.TrimSpace(text)), []byte("\n"))
	return string(bytes.Join(all[max(0, len(all)-lines):], []byte("\n")))
}
