package seal_test

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"flowxi.app/flowxi/internal/seal"
)

// secret returns 32 bytes in base64, told apart by c.
func secret(c byte) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(c), 32)))
}

func parse(t testing.TB, s string) *seal.KeyRing {
	t.Helper()
	r, err := seal.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestParseReadsKeysInOrder(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("k", 32)
	for _, test := range []struct {
		setting string
		want    []string
	}{
		{"one:" + secret('a'), []string{"one"}},
		{"one:" + strings.TrimSuffix(secret('a'), "="), []string{"one"}},
		{"two:" + secret('b') + ",one-1:" + secret('a'), []string{"two", "one-1"}},
		{" two:" + secret('b') + " ,\n" + longest + ":" + secret('a') + "\n", []string{"two", longest}},
	} {
		if diff := cmp.Diff(test.want, parse(t, test.setting).IDs()); diff != "" {
			t.Errorf("the ids differ (-want +got):\n%s", diff)
		}
	}
}

func TestParseRefusesWithoutShowingKeys(t *testing.T) {
	t.Parallel()
	a, b := secret('a'), secret('b')
	short := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("c", 31)))
	for name, setting := range map[string]string{
		"empty":             "",
		"blank":             " \n",
		"no id":             a,
		"empty id":          ":" + a,
		"id in capitals":    "One:" + a,
		"id too long":       strings.Repeat("k", 33) + ":" + a,
		"id with a space":   "one :" + a,
		"halves swapped":    a + ":one",
		"empty key":         "one:",
		"short key":         "one:" + short,
		"long key":          "one:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("a", 33))),
		"URL alphabet":      "one:" + strings.Repeat("_", 42) + "8",
		"stray bits":        "one:" + a[:42] + "Z=",
		"too much padding":  "one:" + a + "=",
		"half the padding":  "one:" + a[:42] + "=",
		"a broken line":     "one:" + a[:20] + "\n" + a[20:],
		"empty entry":       "one:" + a + ",",
		"a semicolon":       "one:" + a + ";two:" + b,
		"an id twice":       "one:" + a + ",one:" + b,
		"a key twice":       "one:" + a + ",two:" + a,
		"a key, padded not": "one:" + a + ",two:" + a[:43],
	} {
		_, err := seal.Parse(setting)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		for _, part := range []string{a[:8], b[:8], short[:8], "_8"} {
			if strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error shows the key: %v", name, err)
			}
		}
	}
}

func TestARingPrintsNoKeys(t *testing.T) {
	t.Parallel()
	r := parse(t, "one:"+secret('a'))
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		got := fmt.Sprintf(verb, r)
		for _, key := range []string{"aaaa", secret('a')[:8], "97 97", "0x61, 0x61"} {
			if strings.Contains(got, key) {
				t.Errorf("%s shows %s", verb, got)
			}
		}
	}
}

func TestNewKeysAreFreshAndTellTheirDay(t *testing.T) {
	t.Parallel()
	one, two := seal.NewKey(), seal.NewKey()
	day := time.Now().UTC().Format("200601")
	if form := regexp.MustCompile(`^k` + day + `\d\d-[a-z2-7]{4}:[A-Za-z0-9+/]{43}=$`); !form.MatchString(one) {
		t.Errorf("the key has not the form %s", form)
	}
	if one[15:] == two[15:] {
		t.Error("two new keys are equal")
	}
	parse(t, one+","+two)
}

func FuzzParse(f *testing.F) {
	f.Add("one:" + secret('a') + ",two:" + secret('b'))
	f.Add("one:" + secret('a')[:43])
	f.Add(",:=,")
	f.Fuzz(func(t *testing.T, setting string) {
		r, err := seal.Parse(setting)
		if err != nil {
			return
		}
		if got, want := len(r.IDs()), strings.Count(setting, ",")+1; got != want {
			t.Errorf("%d keys of %d", got, want)
		}
		plain, err := r.Open(r.Seal([]byte("x"), "c"), "c")
		if err != nil || string(plain) != "x" {
			t.Errorf("Open = %q, %v", plain, err)
		}
	})
}
