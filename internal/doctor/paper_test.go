package doctor

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestThePageTellsOfEveryCheck(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/operations/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| check |")
	var want, got []string
	for _, c := range checks() {
		want = append(want, c.name)
	}
	for line := range strings.Lines(table) {
		if name, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ = strings.Cut(name, "`")
			got = append(got, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/operations/doctor.md has other checks (-source +page):\n%s", diff)
	}
}
