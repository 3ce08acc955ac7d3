package contract_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

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
		c.VerifyCode(ada, authtest.OtherCode(code)).Expect(403, "OTP_INVALID")
		c.SetPassword(ada, authtest.OtherCode(code)).Expect(403, "OTP_INVALID")
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
					try(c, i, authtest.OtherCode(code)).Expect(403, "OTP_INVALID")
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
			c.VerifyCode(ada, authtest.OtherCode(code)).Expect(403, "OTP_INVALID")
		}
		c.SetPassword(ada, code).Expect(200, "TOKEN_ISSUED")
	})
}

func TestSection05_Code_IsTriedNoMoreThanFiveTimesByManyAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		code := c.SendCode(ada)
		answers := authtest.RacePatiently(racers, func(i int) *authtest.Answer {
			if i%2 == 0 {
				return c.VerifyCode(ada, authtest.OtherCode(code))
			}
			return c.SetPassword(ada, authtest.OtherCode(code))
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
			c.VerifyCode(ada, authtest.OtherCode(code)).Expect(403, "OTP_INVALID")
		}
		srv.Advance(2 * time.Minute)
		c.SetPassword(ada, c.SendCode(ada)).Expect(200, "TOKEN_ISSUED")
	})
}

func TestSection05_Code_OfAnUnknownEmailIsInvalid(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		code := c.SendCode(ada)
		alike(t, srv, "an unknown e-mail", c.From("192.0.2.1").VerifyCode(bob, "123456"), c.From("192.0.2.2").VerifyCode(ada, authtest.OtherCode(code)))
		alike(t, srv, "an unknown e-mail", c.From("192.0.2.3").SetPassword(carol, "123456"), c.From("192.0.2.4").SetPassword("dora@example.com", "123456"))
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
