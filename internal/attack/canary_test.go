package attack_test

import (
	"bytes"
	"encoding/json"
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

// goneVariable names the defence that is taken out.
const goneVariable = "FLOWXI_ATTACK_WITHOUT"

// module is the folder of the module, as seen from this package.
const module = "../.."

// TestCanaries runs each attempt against a server without the defence that it names.
func TestCanaries(t *testing.T) {
	if os.Getenv(goneVariable) != "" {
		t.Skip("this is a canary")
	}
	t.Parallel()
	binary := buildWithout(t)
	turns := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, a := range attempts {
		t.Run(a.name(), func(t *testing.T) {
			t.Parallel()
			turns <- struct{}{}
			defer func() { <-turns }()
			out, err := canary(t, binary, a)
			caught := err != nil && strings.Contains(out, "--- FAIL: TestAttacks/")
			held.catch(a, caught)
			if !caught || strings.Contains(out, "panic:") {
				t.Errorf("without %q the attempt must succeed, and nothing else may break:\n%s", a.defence.name, last(out, 40))
			}
		})
	}
}

func canary(t *testing.T, binary string, a attempt) (out string, err error) {
	t.Helper()
	e := authtest.Embedded
	if a.nodes {
		e = authtest.Scaled
	}
	pattern := "^TestAttacks$/^" + string(e) + "$/^" + regexp.QuoteMeta(strings.ReplaceAll(a.name(), " ", "_")) + "$"
	cmd := exec.CommandContext(t.Context(), binary, "-test.run", pattern, "-test.timeout", "2m")
	cmd.Env = append(os.Environ(), goneVariable+"="+a.defence.name)
	b, err := cmd.CombinedOutput()
	if strings.Contains(string(b), "no tests to run") {
		t.Fatalf("no test is called %s", pattern)
	}
	return string(b), err
}

// buildWithout builds this test from a source in which each defence can be taken out.
func buildWithout(t *testing.T) (binary string) {
	t.Helper()
	folder := t.TempDir()
	replace := map[string]string{}
	sources := map[string]string{}
	for _, d := range defences(t) {
		for _, p := range d.places {
			path, err := filepath.Abs(filepath.Join(module, p.file))
			if err != nil {
				t.Fatal(err)
			}
			if sources[path] == "" {
				sources[path] = read(t, path)
			}
			sources[path] = d.takeOut(t, p, sources[path])
		}
	}
	for path, source := range sources {
		replace[path] = write(t, folder, source)
		replace[filepath.Join(filepath.Dir(path), "gone_overlay.go")] = write(t, folder, fmt.Sprintf(goneFile, packageOf(source), goneVariable))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(folder, "attack.test")
	cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", write(t, folder, string(overlay)), "-o", binary, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build without defences: %v\n%s", err, last(string(out), 40))
	}
	return binary
}

// defences are those that the attempts name.
func defences(t *testing.T) (list []*defence) {
	t.Helper()
	names := map[string]bool{}
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

func (d *defence) takeOut(t *testing.T, p place, source string) string {
	t.Helper()
	if n := strings.Count(source, p.code); n != 1 {
		t.Fatalf("the code of %q stands %d times in %s, want once: %s", d.name, n, p.file, p.code)
	}
	if !strings.Contains(p.without, "$GONE") && !strings.Contains(p.without, "$NAME") {
		t.Fatalf("%q is gone for all: neither $GONE nor $NAME is in what takes its place", d.name)
	}
	name := strconv.Quote(d.name)
	without := strings.NewReplacer("$GONE", "isGone("+name+")", "$NAME", name, "$CODE", p.code).Replace(p.without)
	return strings.Replace(source, p.code, without, 1)
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
