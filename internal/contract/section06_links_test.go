package contract_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/config"
)

func TestSection06_Send_Answer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).Post("/auth/register-email", Fields{"email": ada}).
			Expect(200, "MAGIC_LINK_SENT").Matches(`{"message": "$text", "code": "MAGIC_LINK_SENT"}`)
	})
}

func TestSection06_Resend_MailsAnotherLinkToAPendingPerson(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.SendLink(ada)
		srv.Advance(2 * time.Minute)
		c.Post("/register-email/resend", Fields{"email": ada}).Expect(200, "MAGIC_LINK_SENT")
		c.SetPasswordByLink(ada, c.Mail(ada, 2).LinkToken()).Expect(200, "TOKEN_ISSUED")
	})
}

func TestSection06_Resend_DoesNothingForAStranger(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Post("/register-email/resend", Fields{"email": ada}).Expect(200, "MAGIC_LINK_SENT")
		srv.ExpectNoMail(t, ada)
	})
}

func TestSection06_SetPassword_Answer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Locale("en")
		c.SetPasswordByLink(ada, c.SendLink(ada)).Expect(200, "TOKEN_ISSUED").Matches(issuedTemplate)
	})
}

func TestSection06_SetPassword_ActivatesAndLogsIn(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		issued := c.SetPasswordByLink(ada, c.SendLink(ada)).Expect(200, "TOKEN_ISSUED")
		me := c.Token(issued.Text("access_token")).Get("/me").Expect(200, "ME_OK")
		if me.Int("data.id") != issued.Int("user_id") || me.Text("data.status") != "active" {
			me.Fail("this is not the person of the token, or not an active one")
		}
	})
}

func TestSection06_Token_Is64HexCharacters(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		if token := srv.Client(t).SendLink(ada); !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(token) {
			t.Errorf("the token of the link is %q", token)
		}
	})
}

func TestSection06_Link_LeadsToOurOwnPage(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Post("/auth/register-email", Fields{"email": "ada+tag@example.com"}).Expect(200, "MAGIC_LINK_SENT")
		link, err := url.Parse(c.Mail("ada+tag@example.com", 1).Link)
		if err != nil {
			t.Fatal(err)
		}
		if link.Path != "/register" || link.Query().Get("email") != "ada+tag@example.com" || len(link.Query().Get("token")) != 64 {
			t.Errorf("the link is %s", link)
		}
	})
}

func TestSection06_Link_LeadsToThePageInTheLanguageOfTheMail(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		for language, to := range map[string]string{"fr": "ada@example.com", "en": "grace@example.com"} {
			c := srv.Client(t).Locale(language)
			c.Post("/auth/register-email", Fields{"email": to}).Expect(200, "MAGIC_LINK_SENT")
			link, err := url.Parse(c.Mail(to, 1).Link)
			if err != nil {
				t.Fatal(err)
			}
			if got := link.Query().Get("lang"); got != language {
				t.Errorf("the page of a mail in %q is to be in %q", language, got)
			}
		}
	})
}

func TestSection06_Link_FollowsTheTemplate(t *testing.T) {
	template := func(c *config.Config) {
		c.MagicLinkURL = "https://app.example.com/join/{token}?who={email}&in={lang}#x"
	}
	onEachWith(t, template, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Post("/auth/register-email", Fields{"email": "ada+tag@example.com"}).Expect(200, "MAGIC_LINK_SENT")
		link := c.Mail("ada+tag@example.com", 1).Link
		form := regexp.MustCompile(`^https://app\.example\.com/join/([0-9a-f]{64})\?who=([^#&]+)&in=fr#x$`)
		parts := form.FindStringSubmatch(link)
		if parts == nil {
			t.Fatalf("the link is %s", link)
		}
		if who, err := url.QueryUnescape(parts[2]); err != nil || who != "ada+tag@example.com" {
			t.Errorf("the e-mail in the link is %q", parts[2])
		}
		c.SetPasswordByLink("ada+tag@example.com", parts[1]).Expect(200, "TOKEN_ISSUED")
	})
}

func TestSection06_Link_OpeningItNeverSpendsIt(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		token := c.SendLink(ada)
		link, err := url.Parse(c.Mail(ada, 1).Link)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			for _, method := range []string{"GET", "HEAD"} {
				if a := c.Send(method, link.RequestURI(), nil); a.Status != 200 {
					a.Fail("opening the link answers %d", a.Status)
				}
			}
		}
		c.Get("/auth/register/set-password?token="+token+"&email="+ada).Expect(405, "METHOD_NOT_ALLOWED")
		c.SetPasswordByLink(ada, token).Expect(200, "TOKEN_ISSUED")
	})
}

func TestSection06_Link_IsSpentOnce(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		token := c.SendLink(ada)
		c.SetPasswordByLink(ada, token).Expect(200, "TOKEN_ISSUED")
		c.SetPasswordByLink(ada, token).Expect(410, "MAGIC_LINK_EXPIRED")
	})
}

func TestSection06_Link_ByManyAtOnceIsSpentOnce(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		token := c.SendLink(ada)
		answers := authtest.RacePatiently(racers, func(int) *authtest.Answer { return c.SetPasswordByLink(ada, token) })
		won := onlyOne(t, answers)
		expectLoggedIn(t, c.Token(won.Text("access_token")), true)
		for _, a := range answers {
			if a != won {
				a.Expect(410, "MAGIC_LINK_EXPIRED")
			}
		}
	})
}

func TestSection06_Link_LivesSixtyMinutes(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		early, late := c.SendLink(ada), c.SendLink(bob)
		srv.Advance(time.Hour - 5*time.Second)
		c.SetPasswordByLink(ada, early).Expect(200, "TOKEN_ISSUED")
		srv.Advance(10 * time.Second)
		c.SetPasswordByLink(bob, late).Expect(410, "MAGIC_LINK_EXPIRED")
		c.Login(bob, "phone").Expect(401, "INVALID_CREDENTIALS")
	})
}

func TestSection06_Link_ExpiredIsToldToWhoHasItAlone(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		token := c.SendLink(ada)
		srv.Advance(2 * time.Hour)
		c.SetPasswordByLink(ada, flip(token, 0)).Expect(403, "MAGIC_LINK_INVALID")
		c.SetPasswordByLink(ada, strings.Repeat("0", 64)).Expect(403, "MAGIC_LINK_INVALID")
		c.SetPasswordByLink(ada, token).Expect(410, "MAGIC_LINK_EXPIRED")
	})
}

func TestSection06_Link_ANewOneReplacesTheOld(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		old := c.SendLink(ada)
		srv.Advance(2 * time.Minute)
		token := c.SendLink(ada)
		c.SetPasswordByLink(ada, old).Expect(403, "MAGIC_LINK_INVALID")
		c.SetPasswordByLink(ada, token).Expect(200, "TOKEN_ISSUED")
	})
}

func TestSection06_Link_IsGoodForItsOwnEmailAlone(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		hers := c.SendLink(ada)
		c.SendLink(bob)
		c.SetPasswordByLink(bob, hers).Expect(403, "MAGIC_LINK_INVALID")
		c.SetPasswordByLink(carol, hers).Expect(403, "MAGIC_LINK_INVALID")
		c.SetPasswordByLink("ADA@example.com ", hers).Expect(200, "TOKEN_ISSUED")
	})
}

func TestSection06_Link_AnInvalidRequestSpendsNothing(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		token := c.SendLink(ada)
		c.Post("/auth/register/set-password", Fields{
			"token": token, "email": ada, "password": "short", "password_confirmation": "short",
		}).Invalid("password")
		c.SetPasswordByLink(ada, token).Expect(200, "TOKEN_ISSUED")
	})
}

func TestSection06_SetPassword_NeedsEveryField(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		a := srv.Client(t).Post("/auth/register/set-password", Fields{}).Expect(422, "VALIDATION_FAILED")
		for _, field := range []string{"token", "email", "password"} {
			if !a.Has("errors." + field) {
				a.Fail("the missing %s is not named", field)
			}
		}
	})
}
