// Command mklist makes common.txt, the list of common passwords, from a JSON
// array of passwords. It keeps the entries that a person could choose, and the
// plain words that people make longer ones from. COMMON.md tells the rest.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	minPassword = 8
	minStem     = 6
)

func main() {
	in := flag.String("in", "", "the JSON array of passwords to read")
	out := flag.String("out", "common.txt", "the list to write")
	flag.Parse()
	if err := run(*in, *out); err != nil {
		fmt.Fprintln(os.Stderr, "mklist:", err)
		os.Exit(1)
	}
}

func run(in, out string) error {
	content, err := os.ReadFile(in) //nolint:gosec // the developer names the file
	if err != nil {
		return fmt.Errorf("read passwords: %w", err)
	}
	var passwords []string
	if err := json.Unmarshal(content, &passwords); err != nil {
		return fmt.Errorf("read passwords of %s: %w", in, err)
	}
	text := strings.Join(list(passwords), "\n") + "\n"
	if err := os.WriteFile(out, []byte(text), 0o644); err != nil { //nolint:gosec // a source file
		return fmt.Errorf("write list: %w", err)
	}
	return nil
}

// list returns the folded passwords that are worth keeping, sorted, each once.
func list(passwords []string) []string {
	var kept []string
	for _, p := range passwords {
		p = norm.NFKC.String(strings.ToLower(norm.NFKC.String(p)))
		if keep(p) {
			kept = append(kept, p)
		}
	}
	slices.Sort(kept)
	return slices.Compact(kept)
}

func keep(p string) bool {
	if strings.ContainsFunc(p, unicode.IsControl) {
		return false
	}
	length := utf8.RuneCountInString(p)
	letters := !strings.ContainsFunc(p, func(r rune) bool { return !unicode.IsLetter(r) })
	return length >= minPassword || letters && length >= minStem
}
