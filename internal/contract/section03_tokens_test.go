package contract_test

import (
	"fmt"
	"hash/crc32"
	"regexp"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/config"
)

const day = 24 * time.Hour

func sandbox(c *config.Config) { c.Environment = "sandbox" }

// secretForm is the part of a token behind the bar: a prefix, at least 240 random
// bits in base62, and six characters of checksum.
var secretForm = regexp.MustCompile(`^(fx[ps]_)([0-9A-Za-z]{41,})([0-9A-Za-z]{6})$`)

func TestSection03_Token_HasTheDocumentedForm(t *testing.T) {
	for prefix, configure := range map[string]func(*config.Config){"fxp_": func(*config.Config) {}, "fxs_": sandbox} {
		t.Run(prefix, func(t *testing.T) {
			onEachWith(t, configure, func(t *testing.T, srv *authtest.Server) {
				person := srv.Client(t).Register(ada)
				for _, token := range []string{person.Bearer(), person.LoginOn("phone").Bearer()} {
					expectToken(t, token, prefix)
				}
			})
		})
	}
}

func expectToken(t *testing.T, token, prefix string) {
	t.Helper()
	id, secret, _ := strings.Cut(token, "|")
	if !regexp.MustCompile(`^[1-9]\d*$`).MatchString(id) {
		t.Errorf("the id of the token is %q, want a number", id)
	}
	parts := secretForm.FindStringSubmatch(secret)
	if parts == nil || parts[1] != prefix {
		t.Fatalf("the secret has %d characters in another form, want %s, base62 and a checksum", len(secret), prefix)
	}
	if want := checksum(parts[1] + parts[2]); parts[3] != want {
		t.Errorf("the checksum is %s, want %s", parts[3], want)
	}
}

// checksum is the CRC-32 (IEEE) of the text in six digits of base62.
func checksum(text string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := crc32.ChecksumIEEE([]byte(text))
	var out [6]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = digits[sum%62]
		sum /= 62
	}
	return string(out[:])
}

func TestSection03_Token_IsNeverTheSameTwice(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		seen := map[string]bool{}
		for range 5 {
			_, secret, _ := strings.Cut(person.LoginOn("phone").Bearer(), "|")
			if seen[secret] {
				t.Fatal("a secret was given twice")
			}
			seen[secret] = true
		}
	})
}

func TestSection03_Token_RefusalsAreAllAlike(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		person, other := c.Register(ada), c.Register(bob)
		revoked := person.LoginOn("phone")
		revoked.Post("/auth/logout", nil).Expect(200, "LOGOUT_SUCCESS")
		id, secret, _ := strings.Cut(person.Bearer(), "|")
		_, otherSecret, _ := strings.Cut(other.Bearer(), "|")
		want := c.From("192.0.2.1").Get("/me").Expect(401, "UNAUTHENTICATED")

		authorizations := map[string]string{
			"empty":                "Bearer ",
			"scheme alone":         "Bearer",
			"no scheme":            person.Bearer(),
			"another scheme":       "Basic " + person.Bearer(),
			"two tokens":           "Bearer " + person.Bearer() + " " + person.Bearer(),
			"a comma":              "Bearer " + person.Bearer() + ", Bearer " + person.Bearer(),
			"garbage":              "Bearer garbage",
			"id alone":             "Bearer " + id,
			"id and bar":           "Bearer " + id + "|",
			"secret alone":         "Bearer " + secret,
			"bar and secret":       "Bearer |" + secret,
			"unknown id":           "Bearer 999999|" + secret,
			"huge id":              "Bearer 99999999999999999999999999|" + secret,
			"negative id":          "Bearer -" + id + "|" + secret,
			"id with sign":         "Bearer +" + id + "|" + secret,
			"id with zeros":        "Bearer 00" + id + "|" + secret,
			"id in hexadecimal":    "Bearer 0x" + id + "|" + secret,
			"another's secret":     "Bearer " + id + "|" + otherSecret,
			"secret cut short":     "Bearer " + person.Bearer()[:len(person.Bearer())-1],
			"secret made longer":   "Bearer " + person.Bearer() + "A",
			"another environment":  "Bearer " + strings.Replace(person.Bearer(), "fxp_", "fxs_", 1),
			"a changed random":     "Bearer " + flip(person.Bearer(), len(id)+10),
			"a changed checksum":   "Bearer " + flip(person.Bearer(), len(person.Bearer())-1),
			"right sum, not known": "Bearer " + id + "|" + withSum("fxp_"+long(41)),
			"revoked":              "Bearer " + revoked.Bearer(),
			"very long":            "Bearer " + id + "|fxp_" + long(5000),
		}
		n := 0
		for name, authorization := range authorizations {
			n++
			got := c.From(fmt.Sprintf("192.0.3.%d", n)).Header("Authorization", authorization).Get("/me").Expect(401, "UNAUTHENTICATED")
			alike(t, srv, name, got, want)
		}
	})
}

func flip(text string, i int) string {
	other := byte('A')
	if text[i] == other {
		other = 'B'
	}
	return text[:i] + string(other) + text[i+1:]
}

func withSum(text string) string { return text + checksum(text) }

func TestSection03_Token_IsTakenFromTheHeaderAlone(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		c := srv.Client(t)
		for _, name := range []string{"access_token", "token", "api_token"} {
			c.Send("GET", "/api/v1/me?"+name+"="+strings.Replace(person.Bearer(), "|", "%7C", 1), nil).Expect(401, "UNAUTHENTICATED")
		}
		c.Header("Cookie", "access_token="+person.Bearer()).Get("/me").Expect(401, "UNAUTHENTICATED")
		c.Header("X-Authorization", "Bearer "+person.Bearer()).Get("/me").Expect(401, "UNAUTHENTICATED")
	})
}

func TestSection03_Token_ExpiresAfter30IdleDays(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		phone, tablet := person.LoginOn("phone"), person.LoginOn("tablet")
		srv.Advance(30*day - time.Minute)
		expectLoggedIn(t, phone, true)
		srv.Advance(2 * time.Minute)
		expectLoggedIn(t, tablet, false)
		expectLoggedIn(t, phone, true)
		srv.Advance(30*day + time.Minute)
		expectLoggedIn(t, phone, false)
	})
}

func expectLoggedIn(t *testing.T, c *authtest.Client, want bool) {
	t.Helper()
	if c.IsLoggedIn() != want {
		t.Fatalf("logged in: %t, want %t", !want, want)
	}
}

func TestSection03_Token_ExpiresAfter365DaysHoweverBusy(t *testing.T) {
	onOne(t, func(t *testing.T, srv *authtest.Server) {
		phone := srv.Client(t).Register(ada).LoginOn("phone")
		for range 14 {
			srv.Advance(26 * day)
			expectLoggedIn(t, phone, true)
		}
		srv.Advance(day - time.Minute) // 365 days, less a minute
		expectLoggedIn(t, phone, true)
		srv.Advance(2 * time.Minute)
		expectLoggedIn(t, phone, false)
	})
}

func TestSection03_Token_LivesAsLongAsTheSettingsSay(t *testing.T) {
	short := func(c *config.Config) { c.TokenTTL, c.TokenIdleTTL = 3*time.Hour, time.Hour }
	onOneWith(t, short, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		phone, tablet := person.LoginOn("phone"), person.LoginOn("tablet")
		for range 3 {
			srv.Advance(59 * time.Minute)
			expectLoggedIn(t, phone, true)
		}
		expectLoggedIn(t, tablet, false)
		srv.Advance(4 * time.Minute)
		expectLoggedIn(t, phone, false)
	})
}

func TestSection03_Token_AnExpiredOneIsRefusedLikeAnUnknownOne(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		srv.Advance(31 * day)
		expired := person.From("192.0.2.1").Get("/me").Expect(401, "UNAUTHENTICATED")
		alike(t, srv, "an expired token", expired, srv.Client(t).From("192.0.2.2").Get("/me"))
	})
}

func TestSection03_Environments_ATokenOfTheOtherIsUnknownOverACopiedDatabase(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		other := srv.Restart(t, authtest.WithConfig(sandbox))
		other.Client(t).Token(person.Bearer()).Get("/me").Expect(401, "UNAUTHENTICATED")
		expectLoggedIn(t, other.Client(t).Token(other.Client(t).Login(ada, "phone").Text("data.access_token")), true)
	})
}

func TestSection03_Sandbox_MailGoesToTheInbox(t *testing.T) {
	configure := func(c *config.Config) {
		sandbox(c)
		c.SMTPURL = "smtp://127.0.0.1:1"
	}
	onEachWith(t, configure, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).SendCode(ada)
	})
}
