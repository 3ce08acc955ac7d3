package password

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTheListIsSortedAndFolded(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSuffix(common, "\n"), "\n")
	if len(lines) < 30_000 {
		t.Errorf("the list has %d lines only", len(lines))
	}
	if !slices.IsSorted(lines) || len(slices.Compact(slices.Clone(lines))) != len(lines) {
		t.Error("the list is not sorted, or holds a line twice")
	}
	for _, line := range lines {
		if line != fold(line) || utf8.RuneCountInString(line) < minStem {
			t.Errorf("%q cannot match any password", line)
		}
	}
}

func TestEveryLineIsFoundAndNothingElse(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(common) {
		line = strings.TrimSuffix(line, "\n")
		if !isListed(line) {
			t.Fatalf("%q is not found", line)
		}
		if other := line + "\x01"; isListed(other) {
			t.Fatalf("%q is found", other)
		}
	}
	for _, other := range []string{" ", "\xff", "password\n", "\n", "assword1\npass"} {
		if isListed(other) {
			t.Errorf("%q is found", other)
		}
	}
}
