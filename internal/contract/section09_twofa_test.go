package contract_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

func twoFA(c *authtest.Client, verb, code string) *authtest.Answer {
	return c.Post("/auth/2fa/"+verb, Fields{"code": code})
}

func TestSection09_Disable_AnswerAndSessionsStay(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		laptop, app := withTwoFA(t, srv)
		twoFA(laptop, "disable", app.next()).Expect(200, "TWOFA_DISABLED").Matches(`{"message": "$text", "code": "TWOFA_DISABLED", "success": true}`)
		if me := laptop.Get("/me").Expect(200, "ME_OK"); me.Value("data.twofa_enabled") != false {
			me.Fail("twofa_enabled is not false")
		}
		srv.Client(t).Login(ada, "phone").Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection09_Disable_WrongCodeChangesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		laptop, app := withTwoFA(t, srv)
		twoFA(laptop, "disable", app.wrong()).Expect(403, "TWOFA_INVALID_CODE")
		srv.Client(t).Login(ada, "phone").Expect(200, "TWOFA_REQUIRED")
	})
}

func TestSection09_Disable_WhenOffIsAConflict(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		twoFA(srv.Client(t).Register(ada).Client, "disable", "123456").Expect(409, "TWOFA_NOT_ENABLED")
	})
}

func TestSection09_Verify_Answer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		laptop, app := withTwoFA(t, srv)
		twoFA(laptop.Locale("en"), "verify", app.next()).Expect(200, "TWOFA_VERIFIED").
			Matches(`{"code": "TWOFA_VERIFIED", "message": "2FA verified.", "success": true}`)
		twoFA(laptop, "verify", app.wrong()).Expect(403, "TWOFA_INVALID_CODE")
		expectLoggedIn(t, laptop, true)
	})
}

func TestSection09_Verify_WhenOffIsAConflict(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		app := authenticator{srv, person.Get("/auth/2fa/status").Text("secret")}
		twoFA(person.Client, "verify", app.at(0)).Expect(409, "TWOFA_NOT_ENABLED")
	})
}

func TestSection09_Codes_AreGoodForOneIntervalOnEitherSide(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		laptop, app := withTwoFA(t, srv)
		for _, steps := range []int{-1, 0, 1} {
			srv.Advance(10 * time.Minute)
			twoFA(laptop, "verify", app.at(steps)).Expect(200, "TWOFA_VERIFIED")
		}
		for _, steps := range []int{-10, -3, -2, 2, 3, 10} {
			srv.Advance(30 * time.Minute)
			twoFA(laptop, "verify", app.at(steps)).Expect(403, "TWOFA_INVALID_CODE")
		}
	})
}

func TestSection09_Codes_AreAcceptedOnceInAnyFlow(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		laptop, tablet := person.LoginOn("laptop"), person.LoginOn("tablet")
		app := authenticator{srv, laptop.Get("/auth/2fa/status").Text("secret")}

		code := app.at(0)
		twoFA(laptop, "enable", code).Expect(200, "TWOFA_ENABLED")
		expectSpent(t, srv, laptop, tablet, code)
		code = app.next()
		twoFA(laptop, "verify", code).Expect(200, "TWOFA_VERIFIED")
		expectSpent(t, srv, laptop, tablet, code)
		code = app.next()
		c := tablet.Token("")
		finish(c, challenge(t, c, "phone"), code, "phone").Expect(200, "LOGIN_SUCCESS")
		expectSpent(t, srv, laptop, tablet, code)
	})
}

func expectSpent(t authtest.TB, srv *authtest.Server, laptop, tablet *authtest.Client, code string) {
	t.Helper()
	twoFA(laptop, "verify", code).Expect(403, "TWOFA_INVALID_CODE")
	twoFA(tablet, "verify", code).Expect(403, "TWOFA_INVALID_CODE")
	twoFA(laptop, "disable", code).Expect(403, "TWOFA_INVALID_CODE")
	c := laptop.Token("")
	finish(c, challenge(t, c, "other phone"), code, "other phone").Expect(403, "TWOFA_INVALID_CODE")
}

func TestSection09_Codes_ByManyAtOnceInAnyFlowAreAcceptedOnce(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		laptop, app := withTwoFA(t, srv)
		c := srv.Client(t)
		challenges := make([]string, racers)
		for i := range challenges {
			if i%2 == 0 {
				challenges[i] = challenge(t, c, "phone")
			}
		}
		code := app.next()
		answers := authtest.RacePatiently(racers, func(i int) *authtest.Answer {
			if i%2 == 0 {
				return finish(c, challenges[i], code, "phone")
			}
			return twoFA(laptop, "verify", code)
		})
		won := onlyOne(t, answers)
		for _, a := range answers {
			if a != won {
				a.Expect(403, "TWOFA_INVALID_CODE")
			}
		}
	})
}

func TestSection09_Codes_EnableByManyAtOnceHappensOnce(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		app := authenticator{srv, person.Get("/auth/2fa/status").Text("secret")}
		code := app.at(0)
		onlyOne(t, authtest.RacePatiently(racers, func(int) *authtest.Answer { return twoFA(person.Client, "enable", code) }))
		twoFA(person.Client, "verify", app.next()).Expect(200, "TWOFA_VERIFIED")
	})
}
