package password

import (
	"crypto/sha256"
	"fmt"
	"os"
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

// What is not told here nobody could make again, or know that they may ship.
func TestThePaperTellsWhatTheListIs(t *testing.T) {
	t.Parallel()
	paper, err := os.ReadFile("COMMON.md")
	if err != nil {
		t.Fatal(err)
	}
	words, lines := 0, strings.Split(strings.TrimSuffix(common, "\n"), "\n")
	for _, line := range lines {
		if utf8.RuneCountInString(line) < MinLength {
			words++
		}
	}
	for _, fact := range []string{
		thousands(len(lines)) + " passwords", thousands(len(lines)-words) + " of eight characters or more", thousands(words) + " plain words",
		fmt.Sprintf("| SHA-256 of `common.txt` | `%x` |", sha256.Sum256([]byte(common))),
		"| source | the npm package `@zxcvbn-ts/language-common`", "| version | 4.1.3 |", "| licence | MIT, below |", "Copyright (c) 2012-2016 Dan Wheeler and Dropbox, Inc.",
	} {
		if !strings.Contains(string(paper), fact) {
			t.Errorf("COMMON.md does not say: %s", fact)
		}
	}
	if len(common) > 2<<20 {
		t.Errorf("the list has %d bytes, and 2 MiB are the most", len(common))
	}
}

func thousands(n int) string { return fmt.Sprintf("%d,%03d", n/1000, n%1000) }
