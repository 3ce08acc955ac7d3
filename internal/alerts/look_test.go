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

// ofJournal is how a page asks for the log, which here is a file.
var ofJournal = regexp.MustCompile(`journalctl -u flowxi[^|\n]*`)

// looks does what the pages of a walk's alerts tell to look at, until each shows a word.
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
				if !strings.Contains(last, word) {
					return false
				}
			}
			return true
		})
	}
}

// look runs the commands of the page of an alert for a node, whose log is that from a place
// on, and returns all that they print. A page that has none leads to another.
func (s *site) look(t *testing.T, a rule, node, before int) string {
	t.Helper()
	_, text, _ := strings.Cut(section(t, a), "**Look first.**")
	text, _, _ = strings.Cut(text, "**Mend.**")
	_, block, found := strings.Cut(text, "```\n")
	if !found {
		return s.lookAt(t, a, text, node, before)
	}
	block, _, _ = strings.Cut(block, "```")
	log := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(log, s.log(t, node)[before:], 0o600); err != nil {
		t.Fatal(err)
	}
	block = strings.ReplaceAll(ofJournal.ReplaceAllLiteralString(block, "cat "+log+" "), "NODE:9090", s.ops(node))
	cmd := exec.Command("bash", "-c", block)
	cmd.Env = append(s.Environ(t), "PATH="+filepath.Join(s.Dir, "bin")+":"+os.Getenv("PATH"))
	out, _ := cmd.CombinedOutput() // a search that finds nothing fails
	return string(out)
}

// lookAt looks at the page that another refers to.
func (s *site) lookAt(t *testing.T, a rule, text string, node, before int) string {
	t.Helper()
	for _, other := range alerts(t) {
		if other.Alert != a.Alert && strings.Contains(text, "["+other.Alert+"]") {
			return s.look(t, other, node, before)
		}
	}
	t.Fatalf("the page of %s tells to look at nothing", a.Alert)
	return ""
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
