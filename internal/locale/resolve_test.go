package locale_test

import (
	"slices"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/account"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	c := newCatalog(t)
	const none account.Locale = ""
	for _, tt := range []struct {
		name        string
		app, accept string
		want        account.Locale
	}{
		{"X-App-Locale", "en", "", "en"},
		{"Accept-Language", "", "en", "en"},
		{"X-App-Locale comes first", "en", "fr", "en"},
		{"X-App-Locale comes first, the other way round", "fr", "en", "fr"},
		{"unsupported X-App-Locale counts as absent", "es", "en", "en"},
		{"garbage in X-App-Locale counts as absent", "\x00{}<>", "en", "en"},
		{"split at commas", "es,en", "", "en"},
		{"split at semicolons", "es;en", "", "en"},
		{"the first supported one wins", "es,en,fr", "", "en"},
		{"q-values are ignored", "", "fr;q=0.1,en;q=0.9", "fr"},
		{"even where they forbid", "", "en;q=0,fr", "en"},
		{"an underscore counts as a hyphen", "en_US", "", "en"},
		{"the region is stripped", "", "en-US", "en"},
		{"script and region are stripped", "", "en-Latn-US", "en"},
		{"case does not matter", "EN-us", "", "en"},
		{"spaces around a piece", "", "es , \t en-GB ;q=0.8", "en"},
		{"empty pieces", "", ",,;;,en", "en"},
		{"a browser's header", "", "de-CH,de;q=0.9,en-US;q=0.8,fr;q=0.7", "en"},
		{"none supported", "", "es,pt", none},
		{"empty", "", "", none},
		{"garbage", "", "q=0.8;*;---;___", none},
		{"a longer name", "", "eng,french", none},
		{"no language before the region", "", "-en,_en", none},
		{"look-alikes", "", "\uff45\uff4e,fr\u00a0", none},
		{"after many others", strings.Repeat("es;q=0.9,", 64) + "en;q=0.1", "", "en"},
		{"within 2,048 bytes", "", strings.Repeat(" ", 2000) + ",en", "en"},
		{"past 2,048 bytes", "", strings.Repeat(" ", 2048) + ",en", none},
		{"cut by the 2,048th byte", "", strings.Repeat(" ", 2045) + ",enx", none},
		{"the last of many pieces", "", strings.Repeat("x,", 1000) + "en", "en"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, ok := c.Resolve(tt.app, tt.accept)
			if l != tt.want || ok != (tt.want != none) {
				t.Errorf("got %q, %t, want %q", l, ok, tt.want)
			}
		})
	}
}

func TestAPersonsLanguageIsTheDefaultWhereItIsNoneOfOurs(t *testing.T) {
	t.Parallel()
	c := newCatalog(t)
	for given, want := range map[account.Locale]account.Locale{"en": "en", "fr": "fr", "": "fr", "es": "fr", "EN": "fr"} {
		if got := c.OrDefault(given); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
	}
}

func TestResolveMakesNoGarbage(t *testing.T) {
	c := newCatalog(t)
	n := testing.AllocsPerRun(100, func() { c.Resolve("es", "de-CH,de;q=0.9,EN-us;q=0.8") })
	if n != 0 {
		t.Errorf("Resolve allocates %v times", n)
	}
}

func FuzzResolve(f *testing.F) {
	for _, seed := range []string{
		"", "fr", "en-US,en;q=0.9", "EN_gb", "es,pt", ",;-_", "fr\x00", "\xff\xfe,en", " \t,en ", "K\u212a",
		strings.Repeat(",", 2000) + "en", strings.Repeat("x;", 40) + "fr",
	} {
		f.Add(seed, "en")
		f.Add("", seed)
	}
	c := newCatalog(f)
	f.Fuzz(func(t *testing.T, app, accept string) {
		got, ok := c.Resolve(app, accept)
		want, wantOK := plainly(c.Supported(), app)
		if !wantOK {
			want, wantOK = plainly(c.Supported(), accept)
		}
		if got != want || ok != wantOK {
			t.Errorf("Resolve(%q, %q) = %q, %t, want %q, %t", app, accept, got, ok, want, wantOK)
		}
	})
}

// plainly is the rule of the contract without a thought for speed.
func plainly(supported []account.Locale, header string) (account.Locale, bool) {
	pieces := strings.Split(strings.ReplaceAll(header, ";", ","), ",")
	read := 0
	for i, piece := range pieces {
		read += len(piece) + 1
		whole := read <= 2048 || i == len(pieces)-1 && read == 2049
		if piece == "" {
			continue
		}
		if !whole {
			break
		}
		name, _, _ := strings.Cut(strings.ReplaceAll(strings.Trim(piece, " \t"), "_", "-"), "-")
		if l := account.Locale(lower(name)); slices.Contains(supported, l) {
			return l, true
		}
	}
	return "", false
}

func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
