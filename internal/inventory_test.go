package internal_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const inventoryPaper = "../docs/security/inventory.md"

func TestTheInventoryOfCryptographyIsWhole(t *testing.T) {
	t.Parallel()
	linked := deps(t)
	want := map[string][]string{}
	for _, p := range packages(t) {
		name, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours || !slices.Contains(linked, p.ImportPath) {
			continue
		}
		for _, other := range p.Imports {
			if isCryptography(other) {
				want[other] = append(want[other], name)
			}
		}
	}
	got := map[string][]string{}
	for _, cells := range inventory(t) {
		if name := bare(cells[0]); isCryptography(name) {
			for _, n := range names(cells[1]) {
				got[name] = append(got[name], n.text)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s does not tell what cryptography is used where (-source +page):\n%s", inventoryPaper, diff)
	}
}

// isCryptography tells an import that computes with secrets, or looks as if it did.
func isCryptography(name string) bool {
	for _, prefix := range []string{"crypto", "hash", "golang.org/x/crypto", "filippo.io", "github.com/pquerna/otp"} {
		if name == prefix || strings.HasPrefix(name, prefix+"/") {
			return true
		}
	}
	return false
}

// deps are the packages that are linked into the program.
func deps(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "./cmd/flowxi")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return strings.Fields(string(out))
}

func TestTheInventoryOfDataIsWhole(t *testing.T) {
	t.Parallel()
	var want, got []string
	migrations, err := filepath.Glob("store/migrations/sqlite/*.sql")
	if err != nil || len(migrations) == 0 {
		t.Fatalf("there are no migrations: %v", err)
	}
	for _, path := range migrations {
		for _, m := range regexp.MustCompile(`(?m)^CREATE TABLE (\w+)`).FindAllStringSubmatch(read(t, path), -1) {
			want = append(want, m[1])
		}
	}
	for _, cells := range inventory(t) {
		if name := bare(cells[0]); slices.Contains(want, name) || name != "" && !isCryptography(name) {
			got = append(got, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s does not tell of every table (-migrations +page):\n%s", inventoryPaper, diff)
	}
}

func TestWhatTheInventoryNamesIsThere(t *testing.T) {
	t.Parallel()
	found := 0
	for _, cells := range inventory(t) {
		list := names(cells[len(cells)-1])
		if len(list) == 0 && !strings.HasPrefix(cells[0], "--") && cells[len(cells)-1] != "by" {
			t.Errorf("%q in %s names nothing that does it", cells[0], inventoryPaper)
		}
		for _, n := range list {
			n.find(t, cells[0]+" in "+inventoryPaper)
			found++
		}
	}
	if found < 60 {
		t.Errorf("only %d names were found", found)
	}
}

// inventory are the cells of every row of a table of the page.
func inventory(t *testing.T) (rows [][]string) {
	t.Helper()
	for line := range strings.Lines(read(t, inventoryPaper)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "|") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}

// bare is what a cell has in backticks, where that is all of it.
func bare(cell string) string {
	inside, _ := strings.CutPrefix(cell, "`")
	inside, ok := strings.CutSuffix(inside, "`")
	if !ok || strings.Contains(inside, "`") {
		return ""
	}
	return inside
}

// Which licences the modules have, scripts/supply tells.
func TestTheListOfModulesIsTrue(t *testing.T) {
	t.Parallel()
	const paper = "../docs/security/dependencies.md"
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "./cmd/flowxi")
	cmd.Dir = ".."
	cmd.Env = append(cmd.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	want := slices.DeleteFunc(strings.Split(string(out), "\n"), func(s string) bool { return s == "" })
	slices.Sort(want)
	var got []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (\\S+) \\|").FindAllStringSubmatch(read(t, paper), -1) {
		got = append(got, m[1]+" "+m[2])
	}
	slices.Sort(got)
	if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
		t.Errorf("%s does not list what is in the program (-program +page):\n%s", paper, diff)
	}
}
