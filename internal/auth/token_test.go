package auth

import (
	"bytes"
	"crypto/rand"
	"hash/crc32"
	"io"
	"math"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

func TestATokenIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	form, pattern := regexp.MustCompile(`^125\|fx[ps]_[0-9A-Za-z]{49}$`), regexp.MustCompile(TokenPattern())
	for _, prefix := range []string{prefixProduction, prefixSandbox} {
		secret := newSecret(rand.Reader, prefix)
		token := string(formatToken(125, secret))
		if !form.MatchString(token) || !pattern.MatchString(token) {
			t.Errorf("%q is not of the form that is documented", token)
		}
		id, got, ok := parseToken(token, prefix)
		if id != 125 || got != secret || !ok {
			t.Errorf("parseToken(%q) = %d, %q, %v", token, id, got, ok)
		}
	}
}

// TestASecretIsMadeOfFairBytes draws bytes that are known: those past the last whole round of
// the alphabet would make its first characters likelier, and count for nothing.
func TestASecretIsMadeOfFairBytes(t *testing.T) {
	t.Parallel()
	var all []byte
	for c := 255; c >= 0; c-- {
		all = append(all, byte(c))
	}
	want := ""
	for c := 247; len(want) < randomChars; c-- { // 248 is four times 62
		want += string(alphabet[c%62])
	}
	for name, chance := range map[string]io.Reader{"whole": bytes.NewReader(all), "a byte at a time": iotest.OneByteReader(bytes.NewReader(all))} {
		if got := newSecret(chance, prefixProduction); !strings.HasPrefix(got, prefixProduction+want) {
			t.Errorf("%s: %q, want %q and a checksum", name, got, prefixProduction+want)
		}
	}
}

func TestNoTwoSecretsAreAlike(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for range 1000 {
		seen[newSecret(rand.Reader, prefixProduction)] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d different secrets of 1000", len(seen))
	}
}

func TestATokenThatCannotBeOursIsRefusedUnasked(t *testing.T) {
	t.Parallel()
	secret := newSecret(rand.Reader, prefixProduction)
	other := newSecret(rand.Reader, prefixSandbox)
	for name, token := range map[string]string{
		"empty":                 "",
		"no bar":                "125" + secret,
		"no id":                 "|" + secret,
		"no secret":             "125|",
		"a sign":                "+125|" + secret,
		"a negative id":         "-125|" + secret,
		"zero":                  "0|" + secret,
		"a zero in front":       "0125|" + secret,
		"a space":               " 125|" + secret,
		"an id past all":        "99999999999999999999|" + secret,
		"not decimal":           "0x7d|" + secret,
		"other digits":          "١٢٥|" + secret,
		"a bar more":            "125||" + secret[1:],
		"too long":              "125|" + secret + "0",
		"too short":             "125|" + secret[:len(secret)-1],
		"the other environment": "125|" + other,
		"a changed character":   "125|" + flip(secret, len(prefixProduction)),
		"a changed checksum":    "125|" + flip(secret, len(secret)-1),
	} {
		if id, _, ok := parseToken(token, prefixProduction); ok {
			t.Errorf("%s: %q passes as of session %d", name, token, id)
		}
	}
}

// flip puts another character of the alphabet at a place.
func flip(s string, at int) string {
	i := strings.IndexByte(alphabet, s[at])
	return s[:at] + string(alphabet[(i+1)%len(alphabet)]) + s[at+1:]
}

func FuzzParseToken(f *testing.F) {
	f.Add("125|" + newSecret(rand.Reader, prefixProduction))
	f.Add("125|" + newSecret(rand.Reader, prefixSandbox))
	sum := checksum("fxp_" + strings.Repeat("0", randomChars))
	f.Add("1|fxp_" + strings.Repeat("0", randomChars) + string(sum[:]))
	f.Add("|")
	f.Add("\x00|fxp_")
	f.Fuzz(func(t *testing.T, token string) {
		id, secret, ok := parseToken(token, prefixProduction)
		if !ok {
			return
		}
		if string(formatToken(id, secret)) != token {
			t.Errorf("%q has another spelling, %q", token, formatToken(id, secret))
		}
		body, sum := secret[:len(secret)-checksumChars], secret[len(secret)-checksumChars:]
		if id < 1 || !strings.HasPrefix(secret, prefixProduction) || number(sum) != crc32.ChecksumIEEE([]byte(body)) {
			t.Errorf("%q passes", token)
		}
	})
}

// number reads base 62.
func number(s string) uint32 {
	var n uint32
	for i := range len(s) {
		n = n*62 + uint32(strings.IndexByte(alphabet, s[i]))
	}
	return n
}

// TestRandomnessHoldsUnderLoad has many callers ask at once: no secret comes twice, and
// every character of secrets and every digit of codes as often as the others, within six
// standard deviations.
func TestRandomnessHoldsUnderLoad(t *testing.T) {
	t.Parallel()
	const callers, each = 64, 200
	secrets, codes := make([][each]string, callers), make([][each]string, callers)
	var asking sync.WaitGroup
	for c := range callers {
		asking.Go(func() {
			for i := range each {
				secrets[c][i], codes[c][i] = newSecret(rand.Reader, prefixProduction), randomCode()
			}
		})
	}
	asking.Wait()
	seen, digits, characters := make(map[string]bool), [6][10]float64{}, [256]float64{}
	for c := range callers {
		for i := range each {
			seen[secrets[c][i]] = true
			for _, char := range []byte(secrets[c][i][len(prefixProduction):][:randomChars]) {
				characters[char]++
			}
			for at, digit := range []byte(codes[c][i]) {
				digits[at][digit-'0']++
			}
		}
	}
	if len(seen) != callers*each {
		t.Errorf("%d different secrets of %d", len(seen), callers*each)
	}
	const drawn, share = float64(callers * each * randomChars), 1 / float64(base)
	for _, char := range []byte(alphabet) {
		if n := characters[char]; math.Abs(n-drawn*share) > 6*math.Sqrt(drawn*share*(1-share)) {
			t.Errorf("%q comes %.0f times in secrets; want about %.0f", char, n, drawn*share)
		}
	}
	mean, deviation := callers*each*0.1, math.Sqrt(callers*each*0.1*0.9)
	for at := range digits {
		for digit, n := range digits[at] {
			if math.Abs(n-mean) > 6*deviation {
				t.Errorf("at place %d the digit %d comes %.0f times; want about %.0f", at, digit, n, mean)
			}
		}
	}
}

func TestCodesAreSixDigitsAndUseAllOfThem(t *testing.T) {
	t.Parallel()
	first := make(map[byte]bool)
	for range 2000 {
		code := randomCode()
		if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
			t.Fatalf("%q is not six digits", code)
		}
		first[code[0]] = true
	}
	if len(first) != 10 {
		t.Errorf("codes begin with %d different digits", len(first))
	}
}

func TestANetworkIsAnAddressOrHalfOfOne(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"192.0.2.7":            "192.0.2.7",
		"::ffff:192.0.2.7":     "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::1": "2001:db8:1:2::/64",
		"2001:db8:1:3::":       "2001:db8:1:3::/64",
		"fe80::1%eth0":         "fe80::/64",
	} {
		if got := Network(netip.MustParseAddr(given)); got != want {
			t.Errorf("Network(%s) = %s, want %s", given, got, want)
		}
	}
}

func BenchmarkParseToken(b *testing.B) {
	token := string(formatToken(17, newSecret(rand.Reader, prefixProduction)))
	b.ReportAllocs()
	for b.Loop() {
		if _, secret, ok := parseToken(token, prefixProduction); !ok || len(hashSecret(secret)) == 0 {
			b.Fatal("refused")
		}
	}
}
