package locale_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/locale"
)

// newCatalog has French and English alone: Spanish stands for a language that there is not,
// and who adds it must not have to look for another.
func newCatalog(t testing.TB) *locale.Catalog {
	t.Helper()
	var pairs []string
	for _, pattern := range []string{"messages/fr/*.json", "messages/en/*.json"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %v, %v", pattern, paths, err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			pairs = append(pairs, filepath.ToSlash(path), string(text))
		}
	}
	c, err := locale.NewFS(files(pairs...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// files makes a file system of paths and texts.
func files(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return fsys
}

func TestFrenchIsDefaultAndEnglishIsSupported(t *testing.T) {
	t.Parallel()
	c, err := locale.New()
	if err != nil {
		t.Fatal(err)
	}
	if all := c.Supported(); all[0] != "fr" || !slices.Contains(all, "en") {
		t.Errorf("the languages are %v", all)
	}
}

func TestALanguageIsAddedByItsFolderAlone(t *testing.T) {
	t.Parallel()
	// Esperanto is as made-up as a language can be that has plural rules.
	c, err := locale.NewFS(files(
		"messages/fr/api.json", `{"code.OTP_SENT": "Code envoyé.", "code.ME_OK": "OK", "field.code": "code"}`,
		"messages/eo/api.json", `{"code.OTP_SENT": "Kodo sendita.", "field.code": "kodo"}`,
		"messages/eo/more.json", `{"validation.required": "Mankas {{.Field}}.", "validation.min": {
			"one": "Almenaŭ {{.Count}} signo.", "other": "Almenaŭ {{.Count}} signoj."}}`,
	))
	if err != nil {
		t.Fatal(err)
	}
	if l, ok := c.Resolve("eo-XX", ""); l != "eo" || !ok {
		t.Errorf("the header eo-XX resolves to %q, %t", l, ok)
	}
	for _, tt := range []struct{ name, got, want string }{
		{"code", c.Code("eo", "OTP_SENT"), "Kodo sendita."},
		{"missing, so in the default language", c.Code("eo", "ME_OK"), "OK"},
		{"field", c.Problem("eo", account.Problem{Field: "code", Rule: "required"}), "Mankas kodo."},
		{"one", c.Text("eo", "validation.min", map[string]any{"Count": 1}), "Almenaŭ 1 signo."},
		{"other", c.Text("eo", "validation.min", map[string]any{"Count": 8}), "Almenaŭ 8 signoj."},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func TestBadCataloguesAreRefused(t *testing.T) {
	t.Parallel()
	fr := []string{"messages/fr/api.json", `{"a": "A"}`}
	for _, tt := range []struct {
		name  string
		files []string
		want  string
	}{
		{"no folder", nil, "messages"},
		{"no default language", []string{"messages/en/api.json", `{"a": "A"}`}, `no messages in "fr"`},
		{"a file among the folders", append(fr, "messages/api.json", `{"a": "A"}`), "not a folder"},
		{"a region in the name", append(fr, "messages/en-US/api.json", `{"a": "A"}`), "not a folder named by a language"},
		{"capitals in the name", append(fr, "messages/EN/api.json", `{"a": "A"}`), "not a folder named by a language"},
		{"no plural rules", append(fr, "messages/tlh/api.json", `{"a": "A"}`), "tlh"},
		{"not JSON", append(fr, "messages/en/api.json", `{`), "en/api.json"},
		{"no messages", append(fr, "messages/en/api.json", `{}`), "no messages"},
		{"a key in two files", append(fr, "messages/fr/mail.json", `{"a": "B"}`), "the key a twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := locale.NewFS(files(tt.files...))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one that says %q", err, tt.want)
			}
		})
	}
}
