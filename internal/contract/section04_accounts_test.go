package contract_test

import (
	"fmt"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

func TestSection04_Email_IsTrimmedAndLowercased(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Post("/register-email-code/send", Fields{"email": "  ADA@Example.COM\t"}).Expect(200, "OTP_SENT")
		code := c.Mail(ada, 1).Code
		c.VerifyCode("Ada@EXAMPLE.com", code).Expect(200, "OTP_VALID")
		issued := c.SetPassword(" aDa@example.com ", code).Expect(200, "TOKEN_ISSUED")
		me := c.Token(issued.Text("access_token")).Get("/me")
		if got := me.Text("data.email"); got != ada {
			me.Fail("the e-mail is %q, want %q", got, ada)
		}
		c.Login(" ADA@example.com", "phone").Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection04_Email_HasOneAccount(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Register(ada)
		srv.Advance(time.Hour)
		c.Post("/register-email-code/send", Fields{"email": "ADA@example.com "}).Expect(409, "EMAIL_ALREADY_USED")
	})
}

// emails are texts and whether they are e-mail addresses.
var emails = map[string]bool{
	"ada@example.com":                  true,
	"ada+tag@example.com":              true,
	"a@b.co":                           true,
	"ada.lovelace@mail.example.org":    true,
	"o'hara@example.com":               true,
	"ada":                              false,
	"ada@":                             false,
	"@example.com":                     false,
	"ada@@example.com":                 false,
	"ada@example@com":                  false,
	"ada lovelace@example.com":         false,
	"ada@exam ple.com":                 false,
	"ada@example..com":                 false,
	"ada@-example.com":                 false,
	"ada@.example.com":                 false,
	".ada@example.com":                 false,
	"ada.@example.com":                 false,
	"ada..lovelace@example.com":        false,
	"Ada <ada@example.com>":            false,
	"ada@example.com, bob@example.com": false,
	"ada@example.com\r\nBcc: x@y.zz":   false,
	"ada\u0000@example.com":            false,
	"ada@example.com\u202e":            false,
	"mailto:ada@example.com":           false,
}

func TestSection04_Email_IsOneAddress(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for email, valid := range emails {
			for _, path := range []string{"/register-email-code/send", "/register-email-code/resend", "/auth/register-email", "/register-email/resend"} {
				a := c.Post(path, Fields{"email": email})
				if valid && a.Status != 200 {
					a.Fail("%q is refused", email)
				}
				if !valid {
					a.Invalid("email")
				}
			}
		}
		tooLong := fmt.Sprintf("%s@%s.%s.%s.example.com", long(64), long(63), long(63), long(63))
		c.Post("/register-email-code/send", Fields{"email": tooLong}).Invalid("email")
	})
}

func TestSection04_Identity_IsAnIntegerAndAUsername(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		people := []*authtest.Person{c.Register(ada), c.Register(bob)}
		for _, person := range people {
			me := person.Get("/me")
			if me.Int("data.id") != person.ID || person.ID < 1 {
				me.Fail("the id is %d in one answer and %d in another", person.ID, me.Int("data.id"))
			}
			if want := fmt.Sprintf("fx%08d", person.ID); me.Text("data.username") != want {
				me.Fail("the username is %q, want %q", me.Text("data.username"), want)
			}
		}
		if people[0].ID == people[1].ID {
			t.Error("two people have one id")
		}
	})
}

func TestSection04_Pending_IsReusedByTheNextRequest(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.SendCode(ada) // makes ada pending
		between := c.Register(bob)
		srv.Advance(2 * time.Minute)
		if late := c.Register(ada); late.ID > between.ID {
			t.Errorf("ada has the id %d, after that of bob, %d: the pending account was not reused", late.ID, between.ID)
		}
	})
}

func TestSection04_Pending_KeepsTheLanguageOfItsRequest(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		code := c.Locale("en").SendCode(ada)
		me := c.Token(c.SetPassword(ada, code).Expect(200, "TOKEN_ISSUED").Text("access_token")).Get("/me")
		if got := me.Text("data.locale"); got != "en" {
			me.Fail("the locale is %q, want en: the activation asked for none", got)
		}
	})
}

func TestSection04_Pending_CannotLogIn(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.SendCode(ada)
		c.Login(ada, "phone").Expect(401, "INVALID_CREDENTIALS")
	})
}

func TestSection04_Pending_IsRemovedAfter30DaysWithoutALiveCodeOrLink(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		srv.Advance(time.Since(srv.Now()) - 31*day) // the operator's command sweeps by the clock of the machine
		c.SendCode(ada)
		srv.Advance(2 * day)
		c.SendLink(bob)
		kept := srv.UserID(t, bob)
		srv.Advance(29 * day)
		srv.Sweep(t)
		if srv.UserID(t, ada) != 0 {
			t.Error("a pending person of 31 days was not removed")
		}
		if id := srv.UserID(t, bob); id != kept {
			t.Errorf("bob, pending for 29 days, has the id %d, want %d", id, kept)
		}
		c.Register(ada)
	})
}

func TestSection04_Active_IsAConflict(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Register(ada)
		for path, code := range registrations {
			srv.Advance(2 * time.Minute)
			c.Post(path, Fields{"email": ada}).Expect(409, code)
		}
		if n := len(c.Mails(ada)); n != 1 {
			t.Errorf("ada has %d mails, want only the one of the registration", n)
		}
	})
}

// registrations are the calls that ask for a mail, and how each refuses an active
// person.
var registrations = map[string]string{
	"/register-email-code/send":   "EMAIL_ALREADY_USED",
	"/register-email-code/resend": "EMAIL_ALREADY_ACTIVE",
	"/auth/register-email":        "EMAIL_ALREADY_USED",
	"/register-email/resend":      "EMAIL_ALREADY_ACTIVE",
}

// locks are what an operator can do to an account.
var locks = map[string]func(srv *authtest.Server, t *testing.T, id int64){
	"blocked": func(srv *authtest.Server, t *testing.T, id int64) { srv.Block(t, id) },
	"closed":  func(srv *authtest.Server, t *testing.T, id int64) { srv.CloseAccount(t, id) },
}

func TestSection04_Locked_IsAnsweredAsUnknownAndGetsNoMailAndNoChange(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		for name, lock := range locks {
			t.Run(name, func(t *testing.T) {
				c := srv.Client(t)
				email := name + "@example.com"
				lock(srv, t, c.Register(email).ID)
				for path := range registrations {
					srv.Advance(2 * time.Hour)
					unknown := c.From("192.0.2.1").Post(path, Fields{"email": "not." + email})
					alike(t, srv, path, c.From("192.0.2.2").Post(path, Fields{"email": email}), unknown)
				}
				srv.ExpectNoMoreMail(t, email, 1)
				c.VerifyCode(email, "123456").Expect(403, "OTP_INVALID")
				c.Login(email, "phone").Expect(401, "INVALID_CREDENTIALS")
			})
		}
	})
}

func TestSection04_Locked_TokensAreRefusedFromThatMoment(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		for name, lock := range locks {
			t.Run(name, func(t *testing.T) {
				person := srv.Client(t).Register(name + "@example.com")
				phone := person.LoginOn("phone")
				expectLoggedIn(t, phone, true)
				lock(srv, t, person.ID)
				expectLoggedIn(t, phone, false)
				expectLoggedIn(t, person.Client, false)
				phone.Post("/auth/logout", nil).Expect(401, "UNAUTHENTICATED")
				phone.Patch("/me", Fields{}).Expect(401, "UNAUTHENTICATED")
			})
		}
	})
}

func TestSection04_Locked_ACodeThatIsOutCannotActivate(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		for name, lock := range locks {
			t.Run(name, func(t *testing.T) {
				c := srv.Client(t)
				email := name + "@example.com"
				code := c.SendCode(email)
				lock(srv, t, srv.UserID(t, email))
				c.VerifyCode(email, code).Expect(403, "OTP_INVALID")
				c.SetPassword(email, code).Expect(403, "OTP_INVALID")
				c.Login(email, "phone").Expect(401, "INVALID_CREDENTIALS")
			})
		}
	})
}

func TestSection04_Blocked_LogsInAgainWhenUnblocked(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		srv.Block(t, person.ID)
		srv.Client(t).Login(ada, "phone").Expect(401, "INVALID_CREDENTIALS")
		srv.Unblock(t, person.ID)
		expectLoggedIn(t, person.LoginOn("phone"), true)
	})
}

func TestSection04_Activation_MakesThePersonActive(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		me := srv.Client(t).Register(ada).Get("/me").Expect(200, "ME_OK")
		if got := me.Text("data.status"); got != "active" {
			me.Fail("the status is %q", got)
		}
		srv.Client(t).Login(ada, "phone").Expect(200, "LOGIN_SUCCESS")
	})
}
