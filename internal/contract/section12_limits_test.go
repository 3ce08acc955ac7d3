package contract_test

import (
	"fmt"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/config"
)

// limited demands a 429 that says when to come back, within the span of its limit.
func limited(a *authtest.Answer, within time.Duration) time.Duration {
	wait := a.Expect(429, "TOO_MANY_REQUESTS").RetryAfter()
	if wait > within {
		a.Fail("Retry-After is %v, want at most %v", wait, within)
	}
	if quota(a, "Remaining") != 0 || quota(a, "Limit") < 1 || quota(a, "Reset") < 0 {
		a.Fail("the RateLimit headers make no sense")
	}
	return wait
}

func TestSection12_Refusal_Answer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.SendCode(ada)
		french := c.Post("/register-email-code/send", Fields{"email": ada})
		limited(french, time.Minute)
		french.Matches(`{"message": "$text", "code": "TOO_MANY_REQUESTS"}`)
		expectHeader(french, "Content-Language", "fr")
		english := c.Locale("en").Post("/register-email-code/send", Fields{"email": ada})
		expectHeader(english, "Content-Language", "en")
		if english.Message() == french.Message() {
			english.Fail("one sentence for two languages")
		}
	})
}

func TestSection12_Mail_OneAMinuteToOneEmailSharedByCodesAndLinks(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.SendCode(ada)
		for path := range registrations {
			limited(c.Post(path, Fields{"email": ada}), time.Minute)
			limited(c.From("192.0.2.9").Post(path, Fields{"email": " ADA@Example.com "}), time.Minute)
		}
		c.ExpectNoMoreMail(ada, 1)
		srv.Advance(limited(c.Post("/auth/register-email", Fields{"email": ada}), time.Minute))
		c.SendLink(ada)
		limited(c.Post("/register-email-code/send", Fields{"email": ada}), time.Minute)
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
		wait := limited(send(), time.Hour)
		if wait < 50*time.Minute {
			t.Errorf("the sixth of an hour may come back after %v", wait)
		}
		srv.Advance(wait)
		for range 5 {
			send().Expect(200, "OTP_SENT")
			srv.Advance(20 * time.Minute)
		}
		wait = limited(send(), day)
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
				alike(t, email+" at "+path, c.From("192.0.2.3").Post(path, Fields{"email": email}), c.From("192.0.2.4").Post(path, unknown))
			}
		}
	})
}

func TestSection12_Mail_ByManyAtOnceIsOne(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		answers := authtest.Race(racers, func(int) *authtest.Answer {
			return c.Post("/register-email-code/send", Fields{"email": ada})
		})
		won := onlyOne(t, answers)
		for _, a := range answers {
			if a != won {
				limited(a, time.Minute)
			}
		}
		c.ExpectNoMoreMail(ada, 1)
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
			wait := limited(srv.Client(t).From(network.same).Post("/register-email-code/send", Fields{"email": "next" + name + "@example.com"}), time.Hour)
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
			limited(c.VerifyCode(" "+email, "123456"), 10*time.Minute)
			limited(c.SetPassword(email, "123456"), 10*time.Minute)
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
		limited(c.VerifyCode(bob, "123456"), 10*time.Minute)
		limited(c.SetPassword(bob, "123456"), 10*time.Minute)
		c.From("192.0.2.2").VerifyCode(bob, "123456").Expect(403, "OTP_INVALID")
	})
}

func fail(c *authtest.Client, email, deviceID string) *authtest.Answer {
	return c.Post("/auth/login", authtest.LoginFields(email, deviceID).With("password", "wrong password 1"))
}

func TestSection12_Login_FiveFailuresAMinuteOfOneEmailAndNetwork(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).Register(ada)
		c := srv.Client(t).From("192.0.2.1")
		for _, email := range []string{ada, "unknown@example.com"} {
			for range 5 {
				fail(c, email, "eve").Expect(401, "INVALID_CREDENTIALS")
			}
			limited(fail(c, email, "eve"), time.Minute)
			limited(c.Login(email, "eve"), time.Minute)
			limited(c.Login(" "+email, "another device"), time.Minute)
		}
		fail(c, bob, "eve").Expect(401, "INVALID_CREDENTIALS")
		c.From("192.0.2.2").Login(ada, "phone").Expect(200, "LOGIN_SUCCESS")
		srv.Advance(limited(fail(c, ada, "eve"), time.Minute))
		c.Login(ada, "eve").Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection12_Login_TenFailuresInTenMinutesFromUnknownDevices(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Register(ada)
		for _, email := range []string{ada, "unknown@example.com"} {
			for i := range 10 {
				fail(c.From(fmt.Sprintf("192.0.2.%d", i)), email, fmt.Sprintf("eve %d", i)).Expect(401, "INVALID_CREDENTIALS")
			}
			limited(fail(c.From("198.51.100.1"), email, "eve"), 10*time.Minute)
			limited(c.From("198.51.100.2").Login(email, "yet another"), 10*time.Minute)
		}
		srv.Advance(10*time.Minute + time.Second)
		c.Login(ada, "phone").Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection12_Login_AHundredFailuresInTenMinutesFromOneNetwork(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).From("2001:db8::1")
		for i := range 100 {
			fail(c, fmt.Sprintf("ada%d@example.com", i), "eve").Expect(401, "INVALID_CREDENTIALS")
		}
		limited(fail(c.From("2001:db8::ffff"), bob, "eve"), 10*time.Minute)
		fail(c.From("2001:db8:0:1::1"), bob, "eve").Expect(401, "INVALID_CREDENTIALS")
	})
}

func TestSection12_Login_StrangersCannotLockTheOwnerOut(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).From("192.0.2.50").Register(ada)
		person.LoginOn("phone").Post("/auth/logout", nil)
		for i := range 40 {
			fail(srv.Client(t).From(fmt.Sprintf("192.0.2.%d", i)), ada, "eve")
		}
		limited(srv.Client(t).From("198.51.100.1").Login(ada, "eve"), 10*time.Minute)
		person.LoginOn("phone")
		for range 6 { // strangers in the owner's own network
			fail(srv.Client(t).From("192.0.2.50"), ada, "eve")
		}
		person.LoginOn("phone")
	})
}

func TestSection12_Login_AKnownDeviceHasAnAllowanceOfItsOwn(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		person.LoginOn("phone")
		limitedAt := 0
		for i := range 30 {
			if a := fail(srv.Client(t).From(fmt.Sprintf("192.0.2.%d", i)), ada, "phone"); a.Status == 429 {
				limitedAt = i
				break
			}
		}
		if limitedAt == 0 {
			t.Error("a known device may fail for ever")
		}
		srv.Client(t).From("198.51.100.1").Login(ada, "tablet").Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection12_Login_SuccessesDoNotCount(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		for i := range 25 {
			person.LoginOn(fmt.Sprintf("device %d", i%2))
		}
	})
}

func TestSection12_Login_ByManyAtOnceStaysWithinTheLimit(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		srv.Client(t).Register(ada)
		answers := authtest.Race(racers, func(int) *authtest.Answer { return fail(srv.Client(t), ada, "eve") })
		if n := count(answers, 401); n > 5 {
			t.Errorf("%d tries were let through at once, want at most 5", n)
		}
	})
}

func TestSection12_TwoFA_FiveAMinuteOfOnePersonInAllFlowsTogether(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		laptop, app := withTwoFA(t, srv)
		srv.Advance(time.Hour)
		c := srv.Client(t).From("192.0.2.1")
		id := challenge(c, "phone")
		twoFA(laptop, "verify", app.wrong()).Expect(403, "TWOFA_INVALID_CODE")
		twoFA(laptop, "disable", app.wrong()).Expect(403, "TWOFA_INVALID_CODE")
		twoFA(laptop.From("192.0.2.2"), "verify", app.wrong()).Expect(403, "TWOFA_INVALID_CODE")
		finish(c, id, app.wrong(), "phone").Expect(403, "TWOFA_INVALID_CODE")
		finish(c, id, app.wrong(), "phone").Expect(403, "TWOFA_INVALID_CODE")

		limited(twoFA(laptop, "verify", app.at(0)), time.Minute)
		limited(twoFA(laptop, "disable", app.at(0)), time.Minute)
		wait := limited(finish(c, id, app.at(0), "phone"), time.Minute)
		srv.Advance(wait)
		finish(c, id, app.at(0), "phone").Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection12_TwoFA_EnrollmentCountsToo(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		app := authenticator{srv, person.Get("/auth/2fa/status").Text("secret")}
		for range 5 {
			twoFA(person.Client, "enable", app.wrong()).Expect(403, "TWOFA_INVALID_CODE")
		}
		limited(twoFA(person.Client, "enable", app.at(0)), time.Minute)
	})
}

func TestSection12_TwoFA_TwentyAnHour(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		laptop, app := withTwoFA(t, srv)
		srv.Advance(2 * time.Hour)
		for range 20 {
			twoFA(laptop, "verify", app.wrong()).Expect(403, "TWOFA_INVALID_CODE")
			srv.Advance(30 * time.Second)
		}
		if wait := limited(twoFA(laptop, "verify", app.at(0)), time.Hour); wait < 40*time.Minute {
			t.Errorf("the 21st of an hour may come back after %v", wait)
		}
	})
}

func TestSection12_TwoFA_ByManyAtOnceStaysWithinTheLimit(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		laptop, app := withTwoFA(t, srv)
		srv.Advance(time.Hour)
		wrong := app.wrong()
		answers := authtest.Race(racers, func(int) *authtest.Answer { return twoFA(laptop, "verify", wrong) })
		if n := count(answers, 403); n != 5 {
			t.Errorf("%d tries were let through at once, want 5", n)
		}
	})
}

func TestSection12_TwoFA_AnotherPersonIsNotHit(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		laptop, app := withTwoFA(t, srv)
		other := srv.Client(t).Register(bob)
		his := enroll(srv, other.Client)
		srv.Advance(time.Hour)
		for range 6 {
			twoFA(laptop, "verify", app.wrong())
		}
		twoFA(other.Client, "verify", his.at(0)).Expect(200, "TWOFA_VERIFIED")
	})
}

func TestSection12_Photo_TenAnHourOfOnePerson(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		tablet := person.LoginOn("tablet")
		for i := range 10 {
			c := person.Client
			if i%2 == 0 {
				c = tablet
			}
			c.Upload(jpegOf(8, 8)).Expect(200, "ME_PHOTO_UPDATED")
		}
		wait := limited(person.Upload(jpegOf(8, 8)), time.Hour)
		limited(tablet.Upload(jpegOf(8, 8)), time.Hour)
		srv.Client(t).Register(bob).Upload(jpegOf(8, 8)).Expect(200, "ME_PHOTO_UPDATED")
		srv.Advance(wait)
		person.Upload(jpegOf(8, 8)).Expect(200, "ME_PHOTO_UPDATED")
	})
}

func TestSection12_Everything_600AMinuteFromOneNetwork(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).From("192.0.2.1")
		for i := range 600 {
			path := "/me"
			if i%2 == 0 {
				path = "/nowhere"
			}
			if a := c.Get(path); a.Status == 429 {
				a.Fail("request %d of the minute is refused", i+1)
			}
		}
		wait := limited(c.Get("/me"), time.Minute)
		c.Get("/health").Expect(200, "HEALTH_OK")
		c.From("192.0.2.2").Get("/me").Expect(401, "UNAUTHENTICATED")
		srv.Advance(wait)
		c.Get("/me").Expect(401, "UNAUTHENTICATED")
	})
}

func TestSection12_Everything_1200AMinuteWithOneToken(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		other := person.LoginOn("phone")
		srv.Advance(2 * time.Minute)
		for i := range 1200 {
			person.From(fmt.Sprintf("192.0.2.%d", i%4)).Get("/me").Expect(200, "ME_OK")
		}
		limited(person.From("192.0.2.9").Get("/me"), time.Minute)
		expectLoggedIn(t, other, true)
	})
}

func TestSection12_Networks_AreSeenThroughTrustedProxiesOnly(t *testing.T) {
	untrusting := func(c *config.Config) { c.TrustedProxies = nil }
	headers := []string{"X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP"}
	onEachWith(t, untrusting, func(t *testing.T, srv *authtest.Server) {
		for i := range 30 {
			value := fmt.Sprintf("192.0.2.%d", i)
			if headers[i%len(headers)] == "Forwarded" {
				value = "for=" + value
			}
			c := srv.Client(t).Header(headers[i%len(headers)], value)
			c.Post("/register-email-code/send", Fields{"email": fmt.Sprintf("ada%d@example.com", i)}).Expect(200, "OTP_SENT")
		}
		limited(srv.Client(t).From("198.51.100.1").Post("/register-email-code/send", Fields{"email": bob}), time.Hour)
	})
}

func TestSection12_Networks_AClientCannotPutItselfBehindItsProxy(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		for i := range 30 {
			c := srv.Client(t).From(fmt.Sprintf("203.0.113.%d, 192.0.2.1", i)) // the last is what the proxy saw
			c.Post("/register-email-code/send", Fields{"email": fmt.Sprintf("ada%d@example.com", i)}).Expect(200, "OTP_SENT")
		}
		limited(srv.Client(t).From("203.0.113.99, 192.0.2.1").Post("/register-email-code/send", Fields{"email": bob}), time.Hour)
	})
}

func TestSection12_Limits_AreSettings(t *testing.T) {
	generous := func(c *config.Config) {
		must(c.Limits.MailPerEmail.UnmarshalText([]byte("3/1m")))
		must(c.Limits.LoginPerEmailNetwork.UnmarshalText([]byte("2/1m")))
	}
	onEachWith(t, generous, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for range 3 {
			c.SendCode(ada)
		}
		limited(c.Post("/register-email-code/send", Fields{"email": ada}), time.Minute)
		for range 2 {
			fail(c, bob, "eve").Expect(401, "INVALID_CREDENTIALS")
		}
		limited(fail(c, bob, "eve"), time.Minute)
	})
}

func TestSection12_Limits_CanBeSwitchedOff(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for range 12 {
			c.Post("/register-email-code/send", Fields{"email": ada}).Expect(200, "OTP_SENT")
			fail(c, bob, "eve").Expect(401, "INVALID_CREDENTIALS")
			c.VerifyCode(bob, "123456").Expect(403, "OTP_INVALID")
		}
		if a := c.Get("/me"); a.Header.Get("RateLimit-Limit") != "" {
			a.Fail("a limit is told where there is none")
		}
	})
}
