package internal_test

import (
	_ "embed"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "count the rows of docs/security/asvs.md anew")

// The papers of docs/security, as seen from this folder. Each row of theirs names what it
// rests on.
const (
	asvsPaper   = "../docs/security/asvs.md"
	threatPaper = "../docs/security/threat-model.md"
)

// asvs is the ids and levels of the chapters of OWASP ASVS 5.0.0 that concern Flowxi.
//
//go:embed testdata/asvs-5.0.0.txt
var asvs string

// row is one of a table: an id first, then cells of words, the state and by what it is so.
type row struct {
	id    string
	level string // empty where the table has none
	state string
	by    string
}

// states are those that a row may be in, and whether it then has to name what holds it.
var states = map[string]map[string]bool{
	asvsPaper:   {"met": true, "not applicable": false, "open": false},
	threatPaper: {"held": true, "open": false},
}

func TestEveryRequirementHasOneRow(t *testing.T) {
	t.Parallel()
	var want, got []string
	for line := range strings.Lines(asvs) {
		want = append(want, strings.TrimSpace(line))
	}
	for _, r := range rows(t, asvsPaper) {
		got = append(got, r.id+" "+r.level)
	}
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || want[i] != got[i] {
			t.Fatalf("row %d of %s is %q, want %q", i+1, asvsPaper, at(got, i), at(want, i))
		}
	}
}

func TestEveryThreatHasANumberOfItsOwn(t *testing.T) {
	t.Parallel()
	list := rows(t, threatPaper)
	if len(list) < 30 {
		t.Fatalf("only %d threats were found", len(list))
	}
	for i, r := range list {
		if want := fmt.Sprintf("T%d", i+1); r.id != want {
			t.Fatalf("threat %d of %s is called %q, want %q", i+1, threatPaper, r.id, want)
		}
	}
}

func TestEveryRowIsHeldByWhatItNames(t *testing.T) {
	t.Parallel()
	for paper, known := range states {
		for _, r := range rows(t, paper) {
			held, ok := known[r.state]
			if !ok {
				t.Errorf("%s in %s has the state %q", r.id, paper, r.state)
			}
			if strings.TrimSpace(r.by) == "" {
				t.Errorf("%s in %s says nothing of why it is %s", r.id, paper, r.state)
			}
			sources, tests := 0, 0
			for _, n := range names(r.by) {
				n.find(t, r.id+" in "+paper)
				switch {
				case n.isTest():
					tests++
				case !strings.HasSuffix(n.file, "_test.go"):
					sources++
				}
			}
			if held && (sources == 0 || tests == 0) {
				t.Errorf("%s in %s is %s, and names %d files and %d tests: it needs one of each", r.id, paper, r.state, sources, tests)
			}
		}
	}
}

// The counts stand between these lines.
const (
	countsBegin = "<!-- Counted by the tests: go test ./internal -update -->\n"
	countsEnd   = "<!-- End of the counts -->\n"
)

func TestTheCountsOfRowsAreTrue(t *testing.T) {
	t.Parallel()
	text := read(t, asvsPaper)
	before, rest, begun := strings.Cut(text, countsBegin)
	_, after, ended := strings.Cut(rest, countsEnd)
	if !begun || !ended {
		t.Fatalf("%s has no place for the counts", asvsPaper)
	}
	want := before + countsBegin + counts(rows(t, asvsPaper)) + countsEnd + after
	if *update {
		if err := os.WriteFile(asvsPaper, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		text = want
	}
	if text != want {
		t.Errorf("the counts of %s are not those of its rows, which are (go test ./internal -update writes them):\n%s", asvsPaper, counts(rows(t, asvsPaper)))
	}
}

func counts(list []row) string {
	n := map[string]int{}
	for _, r := range list {
		for _, level := range []string{r.level, "all"} {
			n[level]++
			n[level+r.state]++
		}
	}
	var b strings.Builder
	b.WriteString("| level | requirements | met | not applicable | open |\n|---|---|---|---|---|\n")
	for _, level := range []string{"1", "2", "3", "all"} {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d |\n", level, n[level], n[level+"met"], n[level+"not applicable"], n[level+"open"])
	}
	return b.String()
}

// rows reads the rows of a paper that begin with an id: V1.2.3, or T4.
func rows(t *testing.T, paper string) (list []row) {
	t.Helper()
	for line := range strings.Lines(read(t, paper)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if !isID(cells[0]) {
			continue
		}
		if len(cells) != 5 {
			t.Fatalf("%s in %s has %d cells, want 5", cells[0], paper, len(cells))
		}
		r := row{id: cells[0], state: cells[3], by: cells[4]}
		if paper == asvsPaper {
			r.level = cells[1]
		}
		list = append(list, r)
	}
	return list
}

func isID(cell string) bool {
	return len(cell) > 1 && strings.ContainsAny(cell[:1], "VT") && strings.Trim(cell[1:], ".0123456789") == ""
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestThePapersLinkToWhatIsThere(t *testing.T) {
	t.Parallel()
	for paper := range states {
		for _, target := range links(read(t, paper)) {
			path, _, _ := strings.Cut(target, "#")
			if _, err := os.Stat(filepath.Join(filepath.Dir(paper), path)); err != nil {
				t.Errorf("%s links to %s: %v", paper, target, err)
			}
		}
	}
}

// links are the targets of a Markdown text that are no addresses of the web.
func links(text string) (targets []string) {
	for _, part := range strings.Split(text, "](")[1:] {
		target, _, _ := strings.Cut(part, ")")
		targets = append(targets, target)
	}
	return slices.DeleteFunc(targets, func(s string) bool { return strings.Contains(s, "://") })
}
