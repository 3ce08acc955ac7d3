package web_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"flowxi.app/flowxi"
	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/locale"
	passwords "flowxi.app/flowxi/internal/password"
)

// guides are the pages that are written by hand, by name.
func guides(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("docs/*.md")
	french, _ := filepath.Glob("docs/fr/*.md")
	names = append(names, french...)
	if err != nil || len(names) < 20 {
		t.Fatalf("found %v, error %v", names, err)
	}
	texts := make(map[string]string, len(names))
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	_, mock, _ := strings.Cut(flowxi.MockGuide, "\n") // which begins with its title, and has its place elsewhere
	texts["docs/mock.md"] = "order: 13\n" + mock
	return texts
}

func codes() map[string]bool {
	known := make(map[string]bool)
	for _, e := range account.Errors() {
		known[e.Code] = true
	}
	for _, o := range account.Outcomes() {
		known[string(o)] = true
	}
	return known
}

var (
	quotedCode   = regexp.MustCompile("[`\"]([A-Z]+(?:_[A-Z]+)+)[`\"]")
	quotedAnswer = regexp.MustCompile(`"message": "([^"…]+)",\s*"code": "(\w+)"`)
)

func TestTheGuidesSpeakOfCodesThatThereAre(t *testing.T) {
	t.Parallel()
	known := codes()
	for name, text := range guides(t) {
		for _, m := range quotedCode.FindAllStringSubmatch(text, -1) {
			if !known[m[1]] && !strings.HasPrefix(m[1], "FLOWXI_") {
				t.Errorf("%s speaks of %s, which is no code", name, m[1])
			}
		}
	}
}

var (
	passwordRow = regexp.MustCompile("(?m)^\\| (.+) \\| (`.+`) \\|$")
	quoted      = regexp.MustCompile("`([^`]+)`")
)

// The page names each reason that there is to refuse a password, in their order, with
// passwords that are refused for it alone.
func TestTheGuideTellsWhatPasswordsMayNotBe(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(guides(t)["docs/registration.md"], "\n## Passwords\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := passwordRow.FindAllStringSubmatch(section, -1)
	reasons := passwords.Forbidden()
	if len(rows) != len(reasons) {
		t.Fatalf("the page has %d reasons, and there are %v", len(rows), reasons)
	}
	for i, reason := range reasons {
		for _, example := range quoted.FindAllStringSubmatch(rows[i][2], -1) {
			if got := passwords.Check(example[1], "ada.lovelace@example.org"); !slices.Equal(got, []passwords.Problem{reason}) {
				t.Errorf("%s is refused for %v; the page says %s", example[1], got, reason)
			}
		}
		if reason == passwords.Product {
			expectWords(t, rows[i][1])
		}
	}
}

func expectWords(t *testing.T, row string) {
	t.Helper()
	var told []string
	for _, word := range quoted.FindAllStringSubmatch(row, -1) {
		told = append(told, word[1])
	}
	if !slices.Equal(told, passwords.Words()) {
		t.Errorf("the page tells of the words %v; there are %v", told, passwords.Words())
	}
}

func TestTheGuidesQuoteWhatTheServerSays(t *testing.T) {
	t.Parallel()
	catalog, err := locale.New()
	if err != nil {
		t.Fatal(err)
	}
	quotes := 0
	for name, text := range guides(t) {
		for _, m := range quotedAnswer.FindAllStringSubmatch(text, -1) {
			quotes++
			if m[1] != catalog.Code("en", m[2]) && m[1] != catalog.Code("fr", m[2]) {
				t.Errorf("%s has %s say %q; it says %q", name, m[2], m[1], catalog.Code("en", m[2]))
			}
		}
	}
	if quotes < 10 {
		t.Errorf("the guides quote %d answers", quotes)
	}
}
