package form_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"flowxi.app/flowxi/internal/form"
)

// FuzzText holds names and opaque texts to their bounds: what is accepted is one line that
// no log, mail or screen shows as something else.
func FuzzText(f *testing.F) {
	for _, seed := range []string{
		"Ada", " Ña\u0301ñez-O'Brien ", "👩\u200d👧", "\u202eadA", "a\u2066b", "a\nb", "\u0000", "\ufeff", "\u200b", "\ufdd0", "a\u00adb", "\U000e0041", "\ufff9", "\U0010ffff", "\u2028", "\u061c",
		strings.Repeat("é", 100), strings.Repeat("é", 101), "\u00a0", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		normal, problem := apply(form.Text(100), text, now)
		checkNormal(t, form.Text(100), text, regexp.MustCompile(`(?s)^.{1,100}$`))
		if problem != "" {
			return
		}
		if !utf8.ValidString(normal) || utf8.RuneCountInString(normal) > 100 || strings.TrimSpace(normal) != normal {
			t.Errorf("%q became %q", text, normal)
		}
		if strings.ContainsFunc(normal, func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
		}) {
			t.Errorf("%q has what controls", normal)
		}
	})
}

// FuzzCodes holds every rule with a small alphabet to it.
func FuzzCodes(f *testing.F) {
	for _, seed := range []string{"492017", "٤٩٢٠١٧", "49201", " 492017 ", "bj", "BEN", "ＢＪ", "uk", "eu", "zz", "ﬀ", "ıt"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkNormal(t, form.Code(), text, regexp.MustCompile(`^[0-9]{6}$`))
		checkNormal(t, form.Country(), text, regexp.MustCompile(`^[A-Z]{2}$`))
		checkNormal(t, form.Nationality(), text, regexp.MustCompile(`^[A-Z]{3}$`))
	})
}

// FuzzPassword holds passwords to be taken as they are.
func FuzzPassword(f *testing.F) {
	for _, seed := range []string{" a b ", "é", "\u0000", strings.Repeat("a", 1025), ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		normal, problem := apply(form.Password(1024), text, now)
		if problem == "" && normal != text {
			t.Errorf("%q became %q", text, normal)
		}
		if fits := text != "" && utf8.ValidString(text) && utf8.RuneCountInString(text) <= 1024; fits != (problem == "") {
			t.Errorf("%q: %s", text, problem)
		}
	})
}
