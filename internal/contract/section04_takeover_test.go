package contract_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

// A stranger, who cannot read ada's mail, starts registrations with her address.
// She activates; what is left of the stranger's is nothing.
func TestSection04_Activation_ByCodeDropsEveryOtherCodeAndLink(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		link := c.SendLink(ada)
		srv.Advance(2 * time.Minute)
		code := c.SendCode(ada)
		person := c.Token(c.SetPassword(ada, code).Expect(200, "TOKEN_ISSUED").Text("access_token"))

		expectDead(t, c.SetPasswordByLink(ada, link))
		c.VerifyCode(ada, code).Expect(403, "OTP_INVALID")
		c.SetPassword(ada, code).Expect(403, "OTP_INVALID")
		expectLoggedIn(t, person, true)
	})
}

func TestSection04_Activation_ByLinkDropsEveryOtherCodeAndLink(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		code := c.SendCode(ada)
		srv.Advance(2 * time.Minute)
		old := c.SendLink(ada)
		srv.Advance(2 * time.Minute)
		link := c.SendLink(ada)
		person := c.Token(c.SetPasswordByLink(ada, link).Expect(200, "TOKEN_ISSUED").Text("access_token"))

		expectDead(t, c.SetPasswordByLink(ada, old))
		expectDead(t, c.SetPasswordByLink(ada, link))
		c.VerifyCode(ada, code).Expect(403, "OTP_INVALID")
		c.SetPassword(ada, code).Expect(403, "OTP_INVALID")
		expectLoggedIn(t, person, true)
	})
}

// expectDead demands that a link does nothing. Whether one that was dropped is
// invalid or gone, the contract leaves open.
func expectDead(t authtest.TB, a *authtest.Answer) {
	t.Helper()
	if a.Status == 410 {
		a.Expect(410, "MAGIC_LINK_EXPIRED")
		return
	}
	a.Expect(403, "MAGIC_LINK_INVALID")
}

func TestSection04_Activation_OnceDoneCannotBeDoneOverByAnyOldProof(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		link := c.SendLink(ada)
		c.SetPasswordByLink(ada, link).Expect(200, "TOKEN_ISSUED")
		const other = "another password 9"
		expectDead(t, c.Post("/auth/register/set-password", Fields{
			"token": link, "email": ada, "password": other, "password_confirmation": other,
		}))
		c.Post("/auth/login", authtest.LoginFields(ada, "phone").With("password", other)).Expect(401, "INVALID_CREDENTIALS")
		c.Login(ada, "phone").Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection04_Activation_LeavesNothingOfTheProfileToAStranger(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Post("/register-email-code/send", Fields{
			"email": ada, "first_name": "Eve", "status": "active", "password": "eves password 1", "device_id": "eve",
			"country": "US", "username": "eve", "phone_number": "+22900000000",
		}).Expect(200, "OTP_SENT")
		issued := c.SetPassword(ada, c.Mail(ada, 1).Code).Expect(200, "TOKEN_ISSUED")
		me := c.Token(issued.Text("access_token")).Get("/me")
		for _, field := range profileFields {
			if got := me.Value("data." + field); got != nil {
				me.Fail("%s is %v, want null", field, got)
			}
		}
		c.Post("/auth/login", authtest.LoginFields(ada, "eve").With("password", "eves password 1")).Expect(401, "INVALID_CREDENTIALS")
	})
}

func TestSection04_Activation_ByCodeAndLinkAtOnceHappensOnce(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		code, link := c.SendCode(ada), c.SendLink(ada)
		answers := authtest.RacePatiently(racers, func(i int) *authtest.Answer {
			if i%2 == 0 {
				return c.SetPassword(ada, code)
			}
			return c.SetPasswordByLink(ada, link)
		})
		won := onlyOne(t, answers)
		expectLoggedIn(t, c.Token(won.Text("access_token")), true)
		for i, a := range answers {
			switch {
			case a == won:
			case i%2 == 0:
				a.Expect(403, "OTP_INVALID")
			default:
				expectDead(t, a)
			}
		}
	})
}

func TestSection04_Pending_ManyRequestsAtOnceLeaveOneGoodLink(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for _, a := range authtest.RacePatiently(racers, func(i int) *authtest.Answer {
			if i%2 == 0 {
				return c.Post("/register-email-code/send", Fields{"email": ada})
			}
			return c.Post("/auth/register-email", Fields{"email": ada})
		}) {
			if a.Status != 200 {
				a.Fail("got %d", a.Status)
			}
		}
		srv.AwaitMails(t)
		var answers []*authtest.Answer
		for _, mail := range c.Mails(ada) {
			if token := mail.LinkToken(); token != "" {
				answers = append(answers, c.SetPasswordByLink(ada, token))
			}
		}
		onlyOne(t, answers)
	})
}
