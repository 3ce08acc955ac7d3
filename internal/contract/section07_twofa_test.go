package contract_test

import (
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

// withTwoFA makes ada, who has a second factor and is logged in on a laptop.
func withTwoFA(t *testing.T, srv *authtest.Server) (laptop *authtest.Client, app authenticator) {
	t.Helper()
	laptop = srv.Client(t).Register(ada).LoginOn("laptop")
	return laptop, enroll(srv, laptop)
}

// challenge starts ada's login on a device.
func challenge(c *authtest.Client, deviceID string) string {
	return c.Login(ada, deviceID).Expect(200, "TWOFA_REQUIRED").Text("data.challenge_id")
}

func finish(c *authtest.Client, challengeID, code, deviceID string) *authtest.Answer {
	return c.Post("/auth/login/2fa", Fields{"challenge_id": challengeID, "code": code, "device_id": deviceID})
}

func TestSection07_TwoFA_FirstStepAnswerHasNoToken(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		withTwoFA(t, srv)
		a := srv.Client(t).Login(ada, "phone").Expect(200, "TWOFA_REQUIRED").Matches(
			`{"message": "$text", "code": "TWOFA_REQUIRED", "data": {"mfa_required": true, "challenge_id": "$text", "expires_in": 300}}`)
		if strings.Contains(a.String(), "fxp_") {
			a.Fail("a token was issued")
		}
	})
}

func TestSection07_TwoFA_SecondStepAnswersAsAPlainLogin(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		c := srv.Client(t).Locale("en")
		a := finish(c, challenge(c, "phone"), app.next(), "phone").Expect(200, "LOGIN_SUCCESS").Matches(loginTemplate)
		expectLoggedIn(t, c.Token(a.Text("data.access_token")), true)
	})
}

func TestSection07_TwoFA_TheDeviceIsThatOfTheFirstStep(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		laptop, app := withTwoFA(t, srv)
		c := srv.Client(t)
		a := c.Post("/auth/login", authtest.LoginFields(ada, "phone").With("country", "BJ")).Expect(200, "TWOFA_REQUIRED")
		finish(c, a.Text("data.challenge_id"), app.next(), "phone").Expect(200, "LOGIN_SUCCESS")
		devices := laptop.Get("/auth/devices")
		for i := range devices.Len("data.devices") {
			if device(devices, i, "device_id") == "phone" && device(devices, i, "country") == "BJ" && device(devices, i, "device_type") == "ios" {
				return
			}
		}
		devices.Fail("the phone is not as the first step told")
	})
}

func TestSection07_TwoFA_TheOldTokenOfTheDeviceLivesUntilTheSecondStep(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		laptop, app := withTwoFA(t, srv)
		c := srv.Client(t)
		id := challenge(c, "laptop")
		expectLoggedIn(t, laptop, true)
		finish(c, id, app.next(), "laptop").Expect(200, "LOGIN_SUCCESS")
		expectLoggedIn(t, laptop, false)
	})
}

func TestSection07_TwoFA_AWrongPasswordIsToldBeforeAnything(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		withTwoFA(t, srv)
		c := srv.Client(t)
		wrong := c.From("192.0.2.1").Post("/auth/login", authtest.LoginFields(ada, "phone").With("password", "wrong password 1"))
		alike(t, "a person with a second factor", wrong, c.From("192.0.2.2").Login(bob, "phone"))
	})
}

// elsewhere are the ways in which a second step can come from another place.
var elsewhere = map[string]func(c *authtest.Client, id, code string) *authtest.Answer{
	"address": func(c *authtest.Client, id, code string) *authtest.Answer {
		return finish(c.From("192.0.2.99"), id, code, "phone")
	},
	"IPv6 network": func(c *authtest.Client, id, code string) *authtest.Answer {
		return finish(c.From("2001:db8::1"), id, code, "phone")
	},
	"User-Agent": func(c *authtest.Client, id, code string) *authtest.Answer {
		return finish(c.Header("User-Agent", "Eve/1.0"), id, code, "phone")
	},
	"device": func(c *authtest.Client, id, code string) *authtest.Answer {
		return finish(c, id, code, "tablet")
	},
}

func TestSection07_TwoFA_FromElsewhereIsAMismatchThatSpendsNothing(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		c := srv.Client(t).From("192.0.2.1").Header("User-Agent", "Ada/1.0")
		for name, from := range elsewhere {
			t.Run(name, func(t *testing.T) {
				c := c.For(t)
				id, code := challenge(c, "phone"), app.next()
				for range 4 {
					from(c, id, code).Expect(403, "TWOFA_CHALLENGE_MISMATCH")
				}
				finish(c, id, code, "phone").Expect(200, "LOGIN_SUCCESS")
				srv.Advance(time.Hour)
			})
		}
	})
}

func TestSection07_TwoFA_AnIPv6AddressCountsByItsNetwork(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		c := srv.Client(t)
		id := challenge(c.From("2001:db8:1:2::1"), "phone")
		code := app.next()
		finish(c.From("2001:db8:1:3::1"), id, code, "phone").Expect(403, "TWOFA_CHALLENGE_MISMATCH")
		finish(c.From("2001:db8:1:2:ffff:ffff:ffff:ffff"), id, code, "phone").Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection07_TwoFA_AWrongCodeIsRefusedAndTheRightOneStillWorks(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		c := srv.Client(t)
		id := challenge(c, "phone")
		finish(c, id, app.wrong(), "phone").Expect(403, "TWOFA_INVALID_CODE")
		finish(c, id, app.next(), "phone").Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection07_TwoFA_ExpiredSpentEndedAndUnknownAreOneAnswer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		c := srv.Client(t)

		spent := challenge(c, "phone")
		finish(c, spent, app.next(), "phone").Expect(200, "LOGIN_SUCCESS")
		expired := challenge(c, "phone")
		srv.Advance(5*time.Minute + time.Second)
		ended := challenge(c, "phone")
		for range 5 {
			finish(c, ended, app.wrong(), "phone").Expect(403, "TWOFA_INVALID_CODE")
			srv.Advance(20 * time.Second)
		}
		srv.Advance(time.Minute)

		unknown := finish(c, flip(ended, 0), app.at(0), "phone").Expect(410, "TWOFA_CHALLENGE_EXPIRED")
		for name, id := range map[string]string{"spent": spent, "expired": expired, "ended": ended, "garbage": "garbage", "long": long(255)} {
			got := finish(c, id, app.at(0), "phone").Expect(410, "TWOFA_CHALLENGE_EXPIRED")
			if string(got.Body) != string(unknown.Body) {
				got.Fail("the %s challenge is told from an unknown one: %s", name, unknown.Body)
			}
		}
	})
}

func TestSection07_TwoFA_AChallengeLivesFiveMinutes(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		c := srv.Client(t)
		id := challenge(c, "phone")
		srv.Advance(5*time.Minute - 5*time.Second)
		finish(c, id, app.at(0), "phone").Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection07_TwoFA_AChallengeIsUsedOnceByManyAtOnce(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		c := srv.Client(t)
		id, code := challenge(c, "phone"), app.next()
		answers := authtest.Race(racers, func(int) *authtest.Answer { return finish(c, id, code, "phone") })
		won := onlyOne(t, answers)
		expectLoggedIn(t, c.Token(won.Text("data.access_token")), true)
		for _, a := range answers {
			if a != won && a.Status != 403 && a.Status != 410 {
				a.Fail("got %d, want 403 or 410", a.Status)
			}
		}
	})
}

func TestSection07_TwoFA_AChallengeIsOfOneUseEvenWithTwoGoodCodes(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		srv.Advance(5 * time.Minute)
		c := srv.Client(t)
		id := challenge(c, "phone")
		codes := []string{app.at(-1), app.at(0), app.at(1)}
		answers := authtest.Race(racers, func(i int) *authtest.Answer { return finish(c, id, codes[i%len(codes)], "phone") })
		onlyOne(t, answers)
	})
}

func TestSection07_TwoFA_WrongCodesByManyAtOnceEndTheChallenge(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		c := srv.Client(t)
		id, wrong := challenge(c, "phone"), app.wrong()
		answers := authtest.Race(racers, func(int) *authtest.Answer { return finish(c, id, wrong, "phone") })
		if n := count(answers, 200); n != 0 {
			t.Errorf("%d wrong codes got in", n)
		}
		finish(c, id, app.next(), "phone").Expect(410, "TWOFA_CHALLENGE_EXPIRED")
	})
}

func TestSection07_TwoFA_TheAccountIsCheckedAgain(t *testing.T) {
	since := map[string]func(t *testing.T, srv *authtest.Server, laptop *authtest.Client, app authenticator){
		"blocked": func(t *testing.T, srv *authtest.Server, _ *authtest.Client, _ authenticator) {
			srv.Block(t, srv.UserID(t, ada))
		},
		"closed": func(t *testing.T, srv *authtest.Server, _ *authtest.Client, _ authenticator) {
			srv.CloseAccount(t, srv.UserID(t, ada))
		},
		"second factor off": func(_ *testing.T, _ *authtest.Server, laptop *authtest.Client, app authenticator) {
			laptop.Post("/auth/2fa/disable", Fields{"code": app.next()}).Expect(200, "TWOFA_DISABLED")
		},
		"another second factor": func(_ *testing.T, srv *authtest.Server, laptop *authtest.Client, app authenticator) {
			laptop.Post("/auth/2fa/disable", Fields{"code": app.next()}).Expect(200, "TWOFA_DISABLED")
			enroll(srv, laptop)
		},
	}
	for name, change := range since {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, srv *authtest.Server) {
				laptop, app := withTwoFA(t, srv)
				c := srv.Client(t)
				id := challenge(c, "phone")
				change(t, srv, laptop, app)
				if a := finish(c, id, app.next(), "phone"); a.Status < 400 || a.Status >= 500 {
					a.Fail("got %d, want a refusal", a.Status)
				}
			})
		})
	}
}

func TestSection07_TwoFA_ManyChallengesMayWaitAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		c := srv.Client(t)
		phone, tablet := challenge(c, "phone"), challenge(c, "tablet")
		if phone == tablet {
			t.Fatal("two logins share a challenge")
		}
		finish(c, phone, app.next(), "phone").Expect(200, "LOGIN_SUCCESS")
		finish(c, tablet, app.next(), "tablet").Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection07_TwoFA_Validation(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Post("/auth/login/2fa", Fields{}).Invalid("challenge_id", "code", "device_id")
		finish(c, "x", "12345", "phone").Invalid("code")
		finish(c, "x", "123456", long(256)).Invalid("device_id")
	})
}
