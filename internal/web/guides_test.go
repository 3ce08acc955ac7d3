package web_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/locale"
)

// guides are the pages that are written by hand, by name.
func guides(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("docs/*.md")
	if err != nil || len(names) < 10 {
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
