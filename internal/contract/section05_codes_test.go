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
		c.ExpectNoMail(ada)
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
		answers := authtest.Race(racers, func(int) *authtest.Answer { return c.SetPassword(ada, code) })
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
		answers := authtest.Race(racers, func(i int) *authtest.Answer {
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

func TestSection05_Code_LivesTenMinutes(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		code := c.SendCode(ada)
		srv.Advance(10*time.Minute - 5*time.Second)
		c.VerifyCode(ada, code).Expect(200, "OTP_VALID")
		srv.Advance(10 * time.Second)
		c.VerifyCode(ada, code).Expect(410, "OTP_EXPIRED")
		c.SetPassword(ada, code).Expect(410, "OTP_EXPIRED")
		c.Login(ada, "phone").Expect(401, "INVALID_CREDENTIALS")
	})
}

func TestSection05_Code_ExpiredIsToldToWhoHasItAlone(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		code := c.SendCode(ada)
		srv.Advance(11 * time.Minute)
		c.VerifyCode(ada, otherCode(code)).Expect(403, "OTP_INVALID")
		c.SetPassword(ada, otherCode(code)).Expect(403, "OTP_INVALID")
		c.VerifyCode(bob, code).Expect(403, "OTP_INVALID")
		c.VerifyCode(ada, code).Expect(410, "OTP_EXPIRED")
	})
}

func TestSection05_Code_ANewOneReplacesTheOld(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		old := c.SendCode(ada)
		srv.Advance(2 * time.Minute)
		code := c.SendCode(ada)
		if old == code {
			t.Skip("the two codes happen to be the same")
		}
		c.VerifyCode(ada, old).Expect(403, "OTP_INVALID")
		c.SetPassword(ada, old).Expect(403, "OTP_INVALID")
		c.SetPassword(ada, code).Expect(200, "TOKEN_ISSUED")
	})
}

func TestSection05_Code_IsGoodForItsOwnEmailAlone(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		hers, his := c.SendCode(ada), c.SendCode(bob)
		if hers == his {
			t.Skip("the two codes happen to be the same")
		}
		c.VerifyCode(bob, hers).Expect(403, "OTP_INVALID")
		c.SetPassword(bob, hers).Expect(403, "OTP_INVALID")
		c.SetPassword(bob, his).Expect(200, "TOKEN_ISSUED")
	})
}

func TestSection05_Code_DiesByFiveWrongTries(t *testing.T) {
	wrong := map[string]func(c *authtest.Client, i int, code string) *authtest.Answer{
		"of verify":       func(c *authtest.Client, _ int, code string) *authtest.Answer { return c.VerifyCode(ada, code) },
		"of set-password": func(c *authtest.Client, _ int, code string) *authtest.Answer { return c.SetPassword(ada, code) },
		"of both": func(c *authtest.Client, i int, code string) *authtest.Answer {
			if i%2 == 0 {
				return c.VerifyCode(ada, code)
			}
			return c.SetPassword(ada, code)
		},
	}
	for name, try := range wrong {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, srv *authtest.Server) {
				c := srv.Client(t)
				code := c.SendCode(ada)
				for i := range 5 {
					try(c, i, otherCode(code)).Expect(403, "OTP_INVALID")
				}
				c.VerifyCode(ada, code).Expect(403, "OTP_INVALID")
				c.SetPassword(ada, code).Expect(403, "OTP_INVALID")
			})
		})
	}
}

func TestSection05_Code_SurvivesFourWrongTries(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		code := c.SendCode(ada)
		for range 4 {
			c.VerifyCode(ada, otherCode(code)).Expect(403, "OTP_INVALID")
		}
		c.SetPassword(ada, code).Expect(200, "TOKEN_ISSUED")
	})
}

func TestSection05_Code_IsTriedNoMoreThanFiveTimesByManyAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		code := c.SendCode(ada)
		answers := authtest.Race(racers, func(i int) *authtest.Answer {
			if i%2 == 0 {
				return c.VerifyCode(ada, otherCode(code))
			}
			return c.SetPassword(ada, otherCode(code))
		})
		for _, a := range answers {
			if a.Status != 403 && a.Status != 429 {
				a.Fail("got %d, want 403 or 429", a.Status)
			}
		}
		srv.Advance(9 * time.Minute)
		a := c.VerifyCode(ada, code)
		if a.Status != 429 {
			a.Expect(403, "OTP_INVALID")
		}
	})
}

func TestSection05_Code_ADeadOneIsReplacedByTheNext(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		code := c.SendCode(ada)
		for range 5 {
			c.VerifyCode(ada, otherCode(code)).Expect(403, "OTP_INVALID")
		}
		srv.Advance(2 * time.Minute)
		c.SetPassword(ada, c.SendCode(ada)).Expect(200, "TOKEN_ISSUED")
	})
}

func TestSection05_Code_OfAnUnknownEmailIsInvalid(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		code := c.SendCode(ada)
		alike(t, "an unknown e-mail", c.From("192.0.2.1").VerifyCode(bob, "123456"), c.From("192.0.2.2").VerifyCode(ada, otherCode(code)))
		alike(t, "an unknown e-mail", c.From("192.0.2.3").SetPassword(carol, "123456"), c.From("192.0.2.4").SetPassword("dora@example.com", "123456"))
		c.VerifyCode(bob, "123456").Expect(403, "OTP_INVALID")
		c.SetPassword(bob, "123456").Expect(403, "OTP_INVALID")
	})
}

func TestSection05_Code_OfAnActivePersonIsInvalid(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Register(ada)
		c.VerifyCode(ada, "123456").Expect(403, "OTP_INVALID")
		c.SetPassword(ada, "123456").Expect(403, "OTP_INVALID")
	})
}
