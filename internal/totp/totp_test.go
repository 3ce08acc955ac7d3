package totp_test

import (
	"encoding/base32"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/totp"
)

// rfcSecret is the one of RFC 6238, appendix B, for SHA-1.
var rfcSecret = base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))

func TestCodesAreThoseOfTheRFC(t *testing.T) {
	t.Parallel()
	for seconds, eight := range map[int64]string{
		59:          "94287082",
		1111111109:  "07081804",
		1111111111:  "14050471",
		1234567890:  "89005924",
		2000000000:  "69279037",
		20000000000: "65353130",
	} {
		now := time.Unix(seconds, 0)
		code, err := totp.Code(rfcSecret, totp.Step(now))
		if want := eight[2:]; err != nil || code != want {
			t.Errorf("at %d the code is %s, %v; want %s", seconds, code, err, want)
		}
		if step, ok := totp.Match(rfcSecret, code, now); !ok || step != seconds/30 {
			t.Errorf("at %d the code matches %d, %v", seconds, step, ok)
		}
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int64]int64{-31: -2, -30: -1, -1: -1, 0: 0, 29: 0, 30: 1, 59: 1, 60: 2} {
		if got := totp.Step(time.Unix(seconds, 999_999_999)); got != want {
			t.Errorf("the step of %d s is %d, want %d", seconds, got, want)
		}
	}
}

func TestACodeMatchesOneStepEitherWay(t *testing.T) {
	t.Parallel()
	secret := totp.NewSecret()
	const step = 59_000_000
	code, err := totp.Code(secret, step)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Unix(step*30, 0)
	for _, test := range []struct {
		name   string
		offset time.Duration
		want   bool
	}{
		{"just too early", -totp.Period - 1, false},
		{"earliest", -totp.Period, true},
		{"at the start", 0, true},
		{"at the end", totp.Period - 1, true},
		{"latest", 2*totp.Period - 1, true},
		{"just too late", 2 * totp.Period, false},
	} {
		got, ok := totp.Match(secret, code, start.Add(test.offset))
		if ok != test.want || ok && got != step {
			t.Errorf("%s: %d, %v", test.name, got, ok)
		}
	}
}

func TestTheLatestOfTwoStepsWithOneCodeMatches(t *testing.T) {
	t.Parallel()
	last := map[string]int64{}
	for step := int64(0); ; step++ {
		code, err := totp.Code(rfcSecret, step)
		if err != nil {
			t.Fatal(err)
		}
		before, seen := last[code]
		last[code] = step
		if !seen || step-before > 2 {
			continue
		}
		got, ok := totp.Match(rfcSecret, code, time.Unix((step-1)*30, 0))
		if !ok || got != step {
			t.Errorf("%s of steps %d and %d matches %d, %v", code, before, step, got, ok)
		}
		return
	}
}

func TestWhatIsNoSecretOrCodeMatchesNothing(t *testing.T) {
	t.Parallel()
	now := time.Unix(59, 0)
	for _, code := range []string{"", "28708", "2870822", " 287082", "287082 ", "２87082", "94287082", "+87082"} {
		if _, ok := totp.Match(rfcSecret, code, now); ok {
			t.Errorf("the code %q matches", code)
		}
	}
	for _, secret := range []string{"", " ", "0189", "A", rfcSecret + "!", strings.Repeat("=", 8)} {
		for step := range int64(3) {
			if code, err := totp.Code(secret, step); err == nil {
				t.Errorf("the secret %q has the code %s", secret, code)
			}
		}
		if _, ok := totp.Match(secret, "287082", now); ok {
			t.Errorf("the secret %q matches", secret)
		}
	}
	if _, err := totp.Code(rfcSecret, -1); err == nil {
		t.Error("there is a code before 1970")
	}
}

func TestSecretsAre160FreshBits(t *testing.T) {
	t.Parallel()
	one, two := totp.NewSecret(), totp.NewSecret()
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(one)
	if err != nil || len(raw) != 20 || len(one) != 32 || one == two {
		t.Errorf("the secrets are %q and %q: %v", one, two, err)
	}
}

func TestURI(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ issuer, email, want string }{
		{"Flowxi", "ada@example.org", "otpauth://totp/Flowxi:ada@example.org?secret=ABC&issuer=Flowxi"},
		{"Flowxi", "ada+x.y-z_@example.org", "otpauth://totp/Flowxi:ada+x.y-z_@example.org?secret=ABC&issuer=Flowxi"},
		{"Flowxi", "a?b#c%d&e=f/g:h@example.org", "otpauth://totp/Flowxi:a%3Fb%23c%25d%26e%3Df%2Fg%3Ah@example.org?secret=ABC&issuer=Flowxi"},
		{"A & B+", "ada@example.org", "otpauth://totp/A%20%26%20B+:ada@example.org?secret=ABC&issuer=A%20%26%20B%2B"},
	} {
		got := totp.URI(test.issuer, test.email, "ABC")
		if got != test.want {
			t.Errorf("the URI is %s, want %s", got, test.want)
		}
		u, err := url.Parse(got)
		if err != nil {
			t.Fatal(err)
		}
		if u.Path != "/"+test.issuer+":"+test.email || u.Fragment != "" {
			t.Errorf("%s reads as the label %s", got, u.Path)
		}
		if q := u.Query(); len(q) != 2 || q.Get("issuer") != test.issuer || q.Get("secret") != "ABC" {
			t.Errorf("%s reads as %v", got, q)
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add(rfcSecret, "287082", int64(59))
	f.Add("", "", int64(-1))
	f.Add("a b", "000000", int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, secret, code string, seconds int64) {
		now := time.Unix(seconds, 0)
		step, ok := totp.Match(secret, code, now)
		if !ok {
			return
		}
		want, err := totp.Code(secret, step)
		if err != nil || want != code || len(code) != totp.Digits {
			t.Errorf("Match(%q, %q) says step %d, whose code is %q, %v", secret, code, step, want, err)
		}
		if current := totp.Step(now); step < current-1 || step > current+1 {
			t.Errorf("step %d matches in step %d", step, current)
		}
	})
}
