package alerts_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// ofJournal is how a page asks for the log, which here is a file from where the walk began:
// what it says of times and units is not tried.
var ofJournal = regexp.MustCompile(`journalctl -u flowxi[^|\n]*`)

// looks does what the pages of a walk's alerts tell to look at, until each shows what it
// should, in regular expressions.
func (s *site) looks(t *testing.T, w walk, node, before int) {
	t.Helper()
	for _, a := range alerts(t) {
		if !strings.Contains(" "+w.fires+" ", " "+a.Alert+" ") {
			continue
		}
		last := ""
		defer func() {
			if t.Failed() {
				t.Logf("the page of %s showed %s", a.Alert, last)
			}
		}()
		await(t, fmt.Sprintf("what the page of %s tells to look at shows %s", a.Alert, w.shows), func() bool {
			last = s.look(t, a, node, before)
			for word := range strings.FieldsSeq(w.shows) {
				if !regexp.MustCompile(word).MatchString(last) {
					return false
				}
			}
			return true
		})
	}
}

// look runs the commands of the page of an alert for a node, whose log is that from a place
// on, and returns all that they print.
func (s *site) look(t *testing.T, a rule, node, before int) string {
	t.Helper()
	block := commands(t, a)
	log := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(log, s.log(t, node)[before:], 0o600); err != nil {
		t.Fatal(err)
	}
	block = strings.ReplaceAll(ofJournal.ReplaceAllLiteralString(block, "cat "+log+" "), "NODE:9090", s.ops(node))
	cmd := exec.Command("bash", "-c", block)
	cmd.Env = append(s.Environ(t), "PATH="+filepath.Join(s.Dir, "bin")+":"+os.Getenv("PATH"))
	out, _ := cmd.CombinedOutput() // a search that finds nothing fails
	if wrong := regexp.MustCompile(`(?m)^.*(command not found|syntax error|unexpected EOF).*$`).Find(out); wrong != nil {
		t.Errorf("the commands of %s: %s", a.Alert, wrong)
	}
	return string(out)
}

// commands are those that the page of an alert tells to look with: its own, or where it has
// none those of the page that it refers to.
func commands(t *testing.T, a rule) string {
	t.Helper()
	text := lookFirst(t, a)
	for _, other := range alerts(t) {
		if !strings.Contains(text, "```\n") && other.Alert != a.Alert && strings.Contains(text, "["+other.Alert+"]") {
			text = lookFirst(t, other)
		}
	}
	_, block, found := strings.Cut(text, "```\n")
	if !found {
		t.Fatalf("the page of %s tells to look at nothing", a.Alert)
	}
	block, _, _ = strings.Cut(block, "```")
	return block
}

func lookFirst(t *testing.T, a rule) string {
	t.Helper()
	_, text, _ := strings.Cut(section(t, a), "**Look first.**")
	text, _, _ = strings.Cut(text, "**Mend.**")
	return text
}

// log is what a node has logged.
func (s *site) log(t *testing.T, node int) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Dir, fmt.Sprintf("node%d.log", node)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
