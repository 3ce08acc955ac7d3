package contract_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
)

// languages are headers and the language that they ask for.
var languages = []struct{ app, accept, want string }{
	{"", "", "fr"},
	{"fr", "", "fr"},
	{"en", "", "en"},
	{"EN", "", "en"},
	{"en-US", "", "en"},
	{"en_US", "", "en"},
	{"En-gb", "", "en"},
	{"en-Latn-US-x-private", "", "en"},
	{" en ", "", "en"},
	{"es,en", "", "en"},
	{"es;en", "", "en"},
	{"es, pt; en , fr", "", "en"},
	{"fr,en", "", "fr"},
	{"en,fr", "", "en"},
	{"en;q=0", "", "en"},
	{"fr;q=0.1,en;q=0.9", "", "fr"},
	{"", "en", "en"},
	{"", "fr", "fr"},
	{"", "EN_us", "en"},
	{"", "en-US,en;q=0.9", "en"},
	{"", "fr;q=0.1,en;q=0.9", "fr"},
	{"", "en;q=0.1,fr;q=0.9", "en"},
	{"", "tlh-001,tlh;q=0.9,en;q=0.8", "en"},
	{"", "tlh-001;q=1, *;q=0.5", "fr"},
	{"fr", "en", "fr"},
	{"en", "fr", "en"},
	{"es,pt", "en", "en"},
	{"es,pt", "fr", "fr"},
	{"es,pt", "", "fr"},
	{"es,pt", "tlh", "fr"},
	{"-", "en", "en"},
	{",,;;", "en", "en"},
	{"eng", "en", "en"},
	{"e n", "", "fr"},
	{"english", "", "fr"},
	{"../../en", "", "fr"},
	{"\x80garbage", "en", "en"},
	{"*", "en", "en"},
}

func TestSection02_Resolver_TakesTheFirstSupportedLanguage(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		for _, l := range languages {
			t.Run(l.app+"|"+l.accept, func(t *testing.T) {
				a := srv.Client(t).Header("X-App-Locale", l.app).Header("Accept-Language", l.accept).Get("/me")
				a.ExpectHeader("Content-Language", l.want)
				if a.Message() != unauthenticated(srv.Client(t).Locale(l.want)) {
					a.Fail("the message is not in %s", l.want)
				}
			})
		}
	})
}

func unauthenticated(c *authtest.Client) string {
	return c.Get("/me").Expect(401, "UNAUTHENTICATED").Message()
}

func TestSection02_EmptyHeader_CountsAsAbsent(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		a := srv.Client(t).Header("X-App-Locale", " ").Header("Accept-Language", "en").Get("/me")
		a.ExpectHeader("Content-Language", "en")
	})
}

func TestSection02_Order_EndsWithThePersonsLanguage(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Locale("en").Register(ada)
		silent := person.Locale("")
		silent.Get("/me").Expect(200, "ME_OK").ExpectHeader("Content-Language", "en")
		silent.Header("X-App-Locale", "es,pt").Header("Accept-Language", "garbage").Get("/me").ExpectHeader("Content-Language", "en")
		silent.Header("Accept-Language", "fr").Get("/me").ExpectHeader("Content-Language", "fr")
		silent.Locale("fr").Get("/me").ExpectHeader("Content-Language", "fr")
		silent.Post("/auth/logout-device", Fields{}).ExpectHeader("Content-Language", "en")
		silent.Token("1|fxp_nothing").Get("/me").Expect(401, "UNAUTHENTICATED").ExpectHeader("Content-Language", "fr")
	})
}

func TestSection02_Order_APublicCallKnowsNoPerson(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).Locale("en").Register(ada)
		srv.Client(t).Login(ada, "phone").Expect(200, "LOGIN_SUCCESS").ExpectHeader("Content-Language", "fr")
	})
}

func TestSection02_Applies_ToValidationMessages(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		english := srv.Client(t).Locale("en").Post("/auth/login", Fields{})
		french := srv.Client(t).Locale("fr").Post("/auth/login", Fields{})
		english.Invalid("email", "password", "device_id", "device_type", "device_name")
		french.Invalid("email", "password", "device_id", "device_type", "device_name")
		for field := range authtest.LoginFields(ada, "phone") {
			if english.Text("errors."+field+".0") == french.Text("errors."+field+".0") {
				french.Fail("%s has one sentence for two languages", field)
			}
		}
	})
}

func TestSection02_Documented_Sentences(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		english, french := person.Locale("en"), person.Locale("fr")
		english.Get("/me").ExpectMessage("OK")
		french.Patch("/me", Fields{}).ExpectMessage("Profil mis à jour.")
		french.Upload(jpegOf(8, 8)).ExpectMessage("Photo de profil mise à jour.")
		english.Token("").Login(ada, "phone").ExpectMessage("Login successful.")
		english.Token("").Post("/auth/login", Fields{}).ExpectMessage("Some fields are invalid.")
		english.Post("/auth/logout", nil).ExpectMessage("Logged out.")
	})
}

func TestSection02_Mail_SpeaksTheLanguageOfTheRequest(t *testing.T) {
	send := map[string]func(c *authtest.Client, email string){
		"code": func(c *authtest.Client, email string) { c.SendCode(email) },
		"link": func(c *authtest.Client, email string) { c.SendLink(email) },
	}
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		subjects := map[string]bool{}
		for kind, ask := range send {
			for _, language := range []string{"fr", "en"} {
				email := kind + "." + language + "@example.com"
				c := srv.Client(t).Locale(language)
				ask(c, email)
				subjects[c.Mail(email, 1).Subject] = true
			}
		}
		if len(subjects) != 4 {
			t.Errorf("two kinds of mail in two languages have the subjects %v", slices.Sorted(maps.Keys(subjects)))
		}
	})
}

func TestSection02_Mail_SpeaksFrenchWhereNothingIsSaid(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.SendCode(ada)
		c.Locale("fr").SendCode(bob)
		if silent, french := c.Mail(ada, 1).Subject, c.Mail(bob, 1).Subject; hideCode(silent) != hideCode(french) {
			t.Errorf("the subject is %q, want it French: %q", silent, french)
		}
	})
}

// hideCode makes subjects comparable that may show their code.
func hideCode(subject string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return '#'
		}
		return r
	}, subject)
}

func TestSection02_Person_KeepsTheLanguageOfTheRegistration(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		for language, email := range map[string]string{"fr": ada, "en": bob} {
			me := srv.Client(t).Locale(language).Register(email).Get("/me")
			if got := me.Text("data.locale"); got != language {
				me.Fail("the locale is %q, want %q", got, language)
			}
		}
	})
}

func TestSection02_Codes_AreNeverLocalized(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		for _, s := range samples {
			english := srv.Client(t).Locale("en").Send(s.method, "/api/v1"+s.path, s.body).Expect(s.status, s.code)
			french := srv.Client(t).Locale("fr").Send(s.method, "/api/v1"+s.path, s.body).Expect(s.status, s.code)
			english.ExpectHeader("Content-Language", "en")
			french.ExpectHeader("Content-Language", "fr")
			if s.code != "HEALTH_OK" && english.Message() == french.Message() {
				t.Errorf("%s has one sentence for two languages: %q", s.code, english.Message())
			}
		}
	})
}

func TestSection02_Order_HoldsWhereNothingIsToBeFound(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		silent := srv.Client(t).Locale("en").Register(ada).Locale("")
		silent.Get("/nowhere").Expect(404, "NOT_FOUND").ExpectHeader("Content-Language", "en")
		silent.Delete("/me").Expect(405, "METHOD_NOT_ALLOWED").ExpectHeader("Content-Language", "en")
		silent.Locale("fr").Get("/nowhere").Expect(404, "NOT_FOUND").ExpectHeader("Content-Language", "fr")
		silent.Token("1|fxp_nothing").Get("/nowhere").Expect(404, "NOT_FOUND").ExpectHeader("Content-Language", "fr")
	})
}
