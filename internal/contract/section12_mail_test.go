package contract_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

func TestSection12_Mail_OneAMinuteToOneEmailSharedByCodesAndLinks(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.SendCode(ada)
		for path := range registrations {
			limited(t, c.Post(path, Fields{"email": ada}), time.Minute)
			limited(t, c.From("192.0.2.9").Post(path, Fields{"email": " ADA@Example.com "}), time.Minute)
		}
		srv.ExpectNoMoreMail(t, ada, 1)
		wait := limited(t, c.Post("/auth/register-email", Fields{"email": ada}), time.Minute)
		srv.Advance(wait + srv.Drift()) // the node that counted it has a clock that stood meanwhile
		c.SendLink(ada)
		limited(t, c.Post("/register-email-code/send", Fields{"email": ada}), time.Minute)
	})
}

func TestSection12_Mail_FiveAnHourAndTenADay(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		send := func() *authtest.Answer {
			srv.Advance(time.Minute + time.Second)
			return c.Post("/register-email-code/send", Fields{"email": ada})
		}
		for range 5 {
			send().Expect(200, "OTP_SENT")
		}
		wait := limited(t, send(), time.Hour)
		if wait < 50*time.Minute {
			t.Errorf("the sixth of an hour may come back after %v", wait)
		}
		srv.Advance(wait)
		for range 5 {
			send().Expect(200, "OTP_SENT")
			srv.Advance(20 * time.Minute)
		}
		wait = limited(t, send(), day)
		if wait < 20*time.Hour {
			t.Errorf("the eleventh of a day may come back after %v", wait)
		}
		srv.Advance(wait)
		send().Expect(200, "OTP_SENT")
	})
}

func TestSection12_Mail_KnownAndUnknownAlike(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Register("active@example.com")
		srv.Block(t, c.Register("blocked@example.com").ID)
		c.SendCode("pending@example.com")
		srv.Advance(2 * time.Hour)
		n := 0
		for _, email := range []string{"active@example.com", "blocked@example.com", "pending@example.com"} {
			for path := range registrations {
				srv.Advance(2 * time.Hour)
				n++
				unknown := Fields{"email": fmt.Sprintf("unknown%d@example.com", n)}
				c.From("192.0.2.1").Post(path, unknown)
				first := c.From("192.0.2.2").Post(path, Fields{"email": email})
				if email == "active@example.com" {
					first.Expect(409, registrations[path])
				}
				alike(t, srv, email+" at "+path, c.From("192.0.2.3").Post(path, Fields{"email": email}), c.From("192.0.2.4").Post(path, unknown))
			}
		}
	})
}

func TestSection12_Mail_ByManyAtOnceIsOne(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		answers := authtest.RacePatiently(racers, func(int) *authtest.Answer {
			return c.Post("/register-email-code/send", Fields{"email": ada})
		})
		won := onlyOne(t, answers)
		for _, a := range answers {
			if a != won {
				limited(t, a, time.Minute)
			}
		}
		srv.ExpectNoMoreMail(t, ada, 1)
	})
}

func TestSection12_Mail_ThirtyAnHourFromOneNetwork(t *testing.T) {
	networks := map[string]struct{ same, other string }{
		"IPv4": {"192.0.2.1", "192.0.2.2"},
		"IPv6": {"2001:db8:1:2:ffff::1", "2001:db8:1:3::1"},
	}
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		paths := []string{"/register-email-code/send", "/auth/register-email", "/register-email-code/resend", "/register-email/resend"}
		for name, network := range networks {
			for i := range 30 {
				from := network.same
				if name == "IPv6" {
					from = fmt.Sprintf("2001:db8:1:2::%d", i+1)
				}
				a := srv.Client(t).From(from).Post(paths[i%4], Fields{"email": fmt.Sprintf("%s%d@example.com", name, i)})
				if a.Status != 200 {
					a.Fail("request %d of the hour is refused", i+1)
				}
			}
			wait := limited(t, srv.Client(t).From(network.same).Post("/register-email-code/send", Fields{"email": "next" + name + "@example.com"}), time.Hour)
			srv.Client(t).From(network.other).Post("/register-email-code/send", Fields{"email": "other" + name + "@example.com"}).Expect(200, "OTP_SENT")
			srv.Advance(wait)
			srv.Client(t).From(network.same).Post("/register-email-code/send", Fields{"email": "next" + name + "@example.com"}).Expect(200, "OTP_SENT")
		}
	})
}

func TestSection12_Code_TenChecksInTenMinutesOfOneEmail(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.SendCode(ada)
		for _, email := range []string{ada, "unknown@example.com"} {
			for i := range 10 {
				check := (*authtest.Client).VerifyCode
				if i%2 == 0 {
					check = (*authtest.Client).SetPassword
				}
				check(c.From(fmt.Sprintf("192.0.2.%d", i)), email, "123456").Expect(403, "OTP_INVALID")
			}
			limited(t, c.VerifyCode(" "+email, "123456"), 10*time.Minute)
			limited(t, c.SetPassword(email, "123456"), 10*time.Minute)
		}
		srv.Advance(10*time.Minute + time.Second)
		c.SetPassword(ada, c.SendCode(ada)).Expect(200, "TOKEN_ISSUED")
	})
}

func TestSection12_Code_SixtyChecksInTenMinutesFromOneNetwork(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).From("192.0.2.1")
		for i := range 60 {
			c.VerifyCode(fmt.Sprintf("ada%d@example.com", i), "123456").Expect(403, "OTP_INVALID")
		}
		limited(t, c.VerifyCode(bob, "123456"), 10*time.Minute)
		limited(t, c.SetPassword(bob, "123456"), 10*time.Minute)
		c.From("192.0.2.2").VerifyCode(bob, "123456").Expect(403, "OTP_INVALID")
	})
}

func TestSection12_Mail_ARestartForgetsNothing(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).SendCode(ada)
		srv = srv.Restart(t)
		limited(t, srv.Client(t).Post("/register-email-code/send", Fields{"email": ada}), time.Minute)
	})
}

// A caller who is told to come back is not refused then.
func TestSection12_Mail_WhatTheServerCouldNotDoCountsForNothing(t *testing.T) {
	t.Parallel()
	srv := authtest.Start(t, authtest.Scaled, authtest.WithLimits(), authtest.WithEnv("FLOWXI_LIMIT_CODE_PER_EMAIL=1/10m"))
	c := srv.Client(t)
	send := func() *authtest.Answer { return c.Post("/register-email-code/send", Fields{"email": ada}) }
	giveBack := srv.LoseDatabase(t)
	send().Expect(503, "SERVICE_UNAVAILABLE")
	c.VerifyCode(bob, "123456").Expect(503, "SERVICE_UNAVAILABLE")
	follow := func() *authtest.Answer { return c.SetPasswordByLink("carol@example.com", strings.Repeat("0", 64)) }
	follow().Expect(503, "SERVICE_UNAVAILABLE")
	giveBack()
	expectWellSoon(t, srv)
	send().Expect(200, "OTP_SENT")
	c.VerifyCode(bob, "123456").Expect(403, "OTP_INVALID")
	follow().Expect(403, "MAGIC_LINK_INVALID")
	follow().Expect(429, "TOO_MANY_REQUESTS")
	send().Expect(429, "TOO_MANY_REQUESTS")
}
