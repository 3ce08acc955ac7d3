package locale

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"flowxi.app/flowxi/internal/account"
)

// rules are what is wrong with fields (contract sections 5 to 10).
var rules = strings.Fields(`required string email code min max text country nationality date date_range
	phone confirmed password_common password_email password_product photo photo_pixels file`)

// book returns the built-in messages of one language by key.
func book(t *testing.T, l account.Locale) map[string]*i18n.Message {
	t.Helper()
	messages, err := read(embedded, l)
	if err != nil {
		t.Fatal(err)
	}
	byKey := make(map[string]*i18n.Message, len(messages))
	for _, m := range messages {
		byKey[m.ID] = m
	}
	return byKey
}

// eachLanguage runs a test on the messages of every built-in language.
func eachLanguage(t *testing.T, test func(t *testing.T, l account.Locale, messages map[string]*i18n.Message)) {
	t.Helper()
	supported, err := languages(embedded)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range supported {
		t.Run(string(l), func(t *testing.T) {
			t.Parallel()
			test(t, l, book(t, l))
		})
	}
}

// forms joins all plural forms of a message.
func forms(m *i18n.Message) string {
	return strings.Join([]string{m.Zero, m.One, m.Two, m.Few, m.Many, m.Other}, "\n")
}

func TestEveryCodeAndRuleHasAMessage(t *testing.T) {
	t.Parallel()
	var keys []string
	for _, e := range account.Errors() {
		keys = append(keys, "code."+e.Code)
	}
	for _, o := range account.Outcomes() {
		keys = append(keys, "code."+string(o))
	}
	for _, r := range rules {
		keys = append(keys, "validation."+r)
	}
	keys = append(keys, "code.TWOFA_STATUS.enabled", "code.TWOFA_STATUS.disabled")
	eachLanguage(t, func(t *testing.T, l account.Locale, messages map[string]*i18n.Message) {
		for _, key := range keys {
			if m := messages[key]; m == nil || m.Other == "" {
				t.Errorf("messages/%s has no text for %s", l, key)
			}
		}
	})
}

func TestNoCodeRuleOrFieldIsLeftOver(t *testing.T) {
	t.Parallel()
	known := make(map[string]bool)
	for _, e := range account.Errors() {
		known["code."+e.Code] = true
	}
	for _, o := range account.Outcomes() {
		known["code."+string(o)] = true
	}
	for key := range book(t, Default) {
		kind, name, _ := strings.Cut(key, ".")
		if code, _, _ := strings.Cut(name, "."); kind == "code" && !known["code."+code] {
			t.Errorf("%s is the message of no code", key)
		}
	}
}

func TestEveryLanguageHasTheSameKeysAndParameters(t *testing.T) {
	t.Parallel()
	want := parameters(book(t, Default))
	eachLanguage(t, func(t *testing.T, _ account.Locale, messages map[string]*i18n.Message) {
		if diff := cmp.Diff(want, parameters(messages)); diff != "" {
			t.Error(diff)
		}
	})
}

var action = regexp.MustCompile(`{{[^}]*}}`)

// parameters lists the template actions of each message.
func parameters(messages map[string]*i18n.Message) map[string][]string {
	all := make(map[string][]string, len(messages))
	for key, m := range messages {
		used := make(map[string]bool)
		for _, a := range action.FindAllString(forms(m), -1) {
			used[a] = true
		}
		all[key] = slices.Sorted(maps.Keys(used))
	}
	return all
}

func TestEveryMessageRendersInEveryPluralForm(t *testing.T) {
	t.Parallel()
	eachLanguage(t, func(t *testing.T, l account.Locale, messages map[string]*i18n.Message) {
		bundle := i18n.NewBundle(language.Make(string(l)))
		bundle.MustAddMessages(language.Make(string(l)), slices.Collect(maps.Values(messages))...)
		localizer := i18n.NewLocalizer(bundle, string(l))
		for key, m := range messages {
			for _, count := range counts(m) {
				params := map[string]any{"Field": "x", "Count": count, "Duration": "x", "Browser": "x", "System": "x", "Day": "x", "Month": "x", "Year": 1, "Time": "x"}
				text, err := localizer.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: params, PluralCount: count})
				if err != nil || strings.Contains(text, "<no value>") {
					t.Errorf("%s with %v: %q, %v", key, count, text, err)
				}
			}
		}
	})
}

// counts has a number for every plural form of any language, which go-i18n asks
// for one by one; nil where the message does not count.
func counts(m *i18n.Message) []any {
	if !strings.Contains(forms(m), "{{.Count}}") {
		return []any{nil}
	}
	return []any{0, 1, 2, 3, 5, 6, 10, 11, 21, 100, 101, 102, 1_000_000, "1.5", "1e6"}
}

func TestNoKeyStandsTwiceInAFile(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(embedded, path.Join(folder, "*", "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("found files %v, error %v", names, err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(embedded, name)
		if err != nil {
			t.Fatal(err)
		}
		if twice := repeatedMember(t, text); twice != "" {
			t.Errorf("%s has %s twice", name, twice)
		}
	}
}

// repeatedMember finds a member of the outer JSON object that encoding/json would
// drop for a later one of the same name.
func repeatedMember(t *testing.T, text []byte) string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			t.Fatal(err)
		}
		if key, _ := name.(string); seen[key] {
			return key
		} else {
			seen[key] = true
		}
	}
	return ""
}

func TestMessagesOpenAndCloseAsSentences(t *testing.T) {
	t.Parallel()
	eachLanguage(t, func(t *testing.T, _ account.Locale, messages map[string]*i18n.Message) {
		for key, m := range messages {
			kind, _, _ := strings.Cut(key, ".")
			if (kind == "code" || kind == "validation") && m.Other != "OK" && !strings.HasSuffix(m.Other, ".") {
				t.Errorf("%s does not end in a full stop: %q", key, m.Other)
			}
			if text := forms(m); strings.Contains(text, "  ") || strings.TrimSpace(m.Other) != m.Other {
				t.Errorf("%s has spaces too many: %q", key, text)
			}
		}
	})
}

func TestFrenchTypography(t *testing.T) {
	t.Parallel()
	faults := map[string]*regexp.Regexp{
		"an ASCII apostrophe":                        regexp.MustCompile(`'`),
		"an ASCII or English quotation mark":         regexp.MustCompile(`["“”]`),
		"no narrow space before ; ! ?":               regexp.MustCompile(`[^\x{202f}][;!?]`),
		"no hard space before a colon":               regexp.MustCompile(`[^\x{a0}\d]:`),
		"no hard space inside guillemets":            regexp.MustCompile(`«[^\x{a0}]|[^\x{a0}]»`),
		"a hard space that nothing asks for":         regexp.MustCompile(`[^«\d}]\x{a0}[^:»]`),
		"three dots in place of an ellipsis":         regexp.MustCompile(`\.\.\.`),
		"e-mail written in another way, or informal": regexp.MustCompile(`(?i)(^|[ \x{a0}])(email|mail|tu|ton|tes)[ .,]`),
	}
	for key, m := range book(t, "fr") {
		text := strings.ReplaceAll(forms(m), "e-mail", "courriel")
		for fault, pattern := range faults {
			if pattern.MatchString(text) {
				t.Errorf("%s has %s: %q", key, fault, text)
			}
		}
	}
}
