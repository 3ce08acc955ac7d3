package contract_test

import (
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
)

// withTwoFA makes ada, who has a second factor and is logged in on a laptop.
func withTwoFA(t *testing.T, srv *authtest.Server) (laptop *authtest.Client, app authenticator) {
	t.Helper()
	laptop = srv.Client(t).Register(ada).LoginOn("laptop")
	return laptop, enroll(t, srv, laptop)
}

// challenge starts ada's login on a device.
func challenge(t authtest.TB, c *authtest.Client, deviceID string) string {
	t.Helper()
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
		a := finish(c, challenge(t, c, "phone"), app.next(), "phone").Expect(200, "LOGIN_SUCCESS").Matches(loginTemplate)
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
		id := challenge(t, c, "laptop")
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
		alike(t, srv, "a person with a second factor", wrong, c.From("192.0.2.2").Login(bob, "phone"))
	})
}

func TestSection07_TwoFA_AWrongCodeIsRefusedAndTheRightOneStillWorks(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		c := srv.Client(t)
		id := challenge(t, c, "phone")
		finish(c, id, app.wrong(), "phone").Expect(403, "TWOFA_INVALID_CODE")
		finish(c, id, app.next(), "phone").Expect(200, "LOGIN_SUCCESS")
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
			enroll(t, srv, laptop)
		},
	}
	for name, change := range since {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, srv *authtest.Server) {
				laptop, app := withTwoFA(t, srv)
				c := srv.Client(t)
				id := challenge(t, c, "phone")
				change(t, srv, laptop, app)
				code := app.next()
				for _, from := range elsewhere {
					from(c, id, code).Expect(410, "TWOFA_CHALLENGE_EXPIRED")
				}
				finish(c, id, code, "phone").Expect(410, "TWOFA_CHALLENGE_EXPIRED")
			})
		})
	}
}

func TestSection07_TwoFA_Validation(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Post("/auth/login/2fa", Fields{}).Invalid("challenge_id", "code", "device_id")
		finish(c, "x", "12345", "phone").Invalid("code")
		finish(c, "x", "123456", long(256)).Invalid("device_id")
	})
}
