package contract_test

import (
	"regexp"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

func TestSection05_Send_Answer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).Locale("en").Post("/register-email-code/send", Fields{"email": ada}).
			Expect(200, "OTP_SENT").Matches(`{"message": "OTP sent.", "code": "OTP_SENT"}`)
	})
}

func TestSection05_Send_MailsSixDigits(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		if code := srv.Client(t).SendCode(ada); !regexp.MustCompile(`^\d{6}$`).MatchString(code) {
			t.Errorf("the code is %q", code)
		}
	})
}

func TestSection05_Resend_MailsAnotherCodeToAPendingPerson(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Locale("en")
		c.SendCode(ada)
		srv.Advance(time.Minute + time.Second)
		c.Post("/register-email-code/resend", Fields{"email": ada}).
			Expect(200, "OTP_SENT").Matches(`{"message": "OTP sent.", "code": "OTP_SENT"}`)
		c.SetPassword(ada, c.Mail(ada, 2).Code).Expect(200, "TOKEN_ISSUED")
	})
}

func TestSection05_Resend_DoesNothingForAStranger(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		stranger := c.Post("/register-email-code/resend", Fields{"email": ada}).Expect(200, "OTP_SENT")
		srv.ExpectNoMail(t, ada)
		between := c.Register(bob)
		srv.Advance(2 * time.Minute)
		if person := c.Register(ada); person.ID < between.ID {
			stranger.Fail("a pending person was made")
		}
	})
}

func TestSection05_Verify_Answer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Locale("en")
		c.VerifyCode(ada, c.SendCode(ada)).Expect(200, "OTP_VALID").
			Matches(`{"message": "OTP valid.", "code": "OTP_VALID", "valid": true}`)
	})
}

func TestSection05_Verify_NeitherSpendsNorActivates(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		code := c.SendCode(ada)
		c.VerifyCode(ada, code).Expect(200, "OTP_VALID")
		c.VerifyCode(ada, code).Expect(200, "OTP_VALID")
		c.Login(ada, "phone").Expect(401, "INVALID_CREDENTIALS")
		c.SetPassword(ada, code).Expect(200, "TOKEN_ISSUED")
	})
}

func TestSection05_SetPassword_Answer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).Locale("en")
		c.SetPassword(ada, c.SendCode(ada)).Expect(200, "TOKEN_ISSUED").Matches(issuedTemplate)
	})
}

// issuedTemplate is the answer of both ways to register, in English.
const issuedTemplate = `{"code": "TOKEN_ISSUED", "message": "Token issued.", "access_token": "$token",
	"token_type": "Bearer", "user_id": "$int", "account_status": "active"}`

func TestSection05_SetPassword_SpendsTheCode(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		code := c.SendCode(ada)
		c.SetPassword(ada, code).Expect(200, "TOKEN_ISSUED")
		c.SetPassword(ada, code).Expect(403, "OTP_INVALID")
		c.VerifyCode(ada, code).Expect(403, "OTP_INVALID")
	})
}

func TestSection05_SetPassword_AnInvalidRequestSpendsAndCountsNothing(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		code := c.SendCode(ada)
		for range 20 {
			c.Post("/register-email-code/set-password", Fields{
				"email": ada, "code": code, "password": "short", "password_confirmation": "short",
			}).Invalid("password")
		}
		c.SetPassword(ada, code).Expect(200, "TOKEN_ISSUED")
	})
}

func TestSection05_SetPassword_ByManyAtOnceHappensOnce(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		code := c.SendCode(ada)
		answers := authtest.RacePatiently(racers, func(int) *authtest.Answer { return c.SetPassword(ada, code) })
		won := onlyOne(t, answers)
		expectLoggedIn(t, c.Token(won.Text("access_token")), true)
		for _, a := range answers {
			if a != won {
				a.Expect(403, "OTP_INVALID")
			}
		}
	})
}

func TestSection05_SetPassword_ByManyWithDifferentPasswordsKeepsThatOfTheAnswer(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		code := c.SendCode(ada)
		own := func(i int) string { return password + string(rune('A'+i)) }
		answers := authtest.RacePatiently(racers, func(i int) *authtest.Answer {
			return c.Post("/register-email-code/set-password", Fields{
				"email": ada, "code": code, "password": own(i), "password_confirmation": own(i),
			})
		})
		won := onlyOne(t, answers)
		for i, a := range answers[:8] {
			status := 401
			if a == won {
				status = 200
			}
			login := c.Post("/auth/login", authtest.LoginFields(ada, "phone").With("password", own(i)))
			if login.Status != status {
				login.Fail("got %d for the password of caller %d, want %d", login.Status, i, status)
			}
		}
	})
}
