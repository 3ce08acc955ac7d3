package attack_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var replaysOfFactors = []attempt{
	{kind: replay, try: "a code of an authenticator used by many at once", defence: stepOnce, run: stepTwice},
	{kind: replay, try: "the code that turned the second factor on, used to log in", defence: stepOnce, run: stepOfEnabling},
	{kind: replay, try: "the code of a login, used to turn the second factor off", defence: stepOnce, run: stepOfLogin},
	{kind: replay, try: "one code for two logins at once on two devices", defence: stepOnce, run: stepOfTwoLogins},
	{kind: replay, try: "a code of an authenticator after a restart", defence: stepOnce, run: stepAfterRestart, alone: true},
	{kind: replay, try: "an enrolment confirmed by many at once", defence: enrolmentOnce, run: enrolTwice},
	{kind: replay, try: "an enrolment confirmed once more by another session, for a secret that it saw", defence: enrolmentOnce, run: enrolAgain},
	{kind: replay, try: "the secret of an enrolment offered again once the second factor is off", defence: enrolmentCleared, run: oldEnrolment},
	{kind: replay, try: "the secret of an enrolment that a thief began, once the owner has logged the thief out", defence: enrolmentApart, run: thiefsEnrolment},
	{kind: replay, try: "the secret of an enrolment after its ten minutes", defence: enrolmentTime, run: lateEnrolment, alone: true},
}

var (
	stepOnce = canary.Stands("single use of a time step",
		canary.Clause("internal/store/totp.go", "ON CONFLICT DO NOTHING", "ON CONFLICT (user_id, step) DO UPDATE SET step = excluded.step"))
	enrolmentOnce = canary.Stands("one second factor of a person", canary.Place{
		File: "internal/auth/twofa.go", Code: "if u.TOTP.Enabled() {\n\t\treturn account.ErrTwoFAAlreadyEnabled",
		Without: "if !$GONE && u.TOTP.Enabled() {\n\t\treturn account.ErrTwoFAAlreadyEnabled",
	}, canary.Place{
		File: "internal/auth/twofa.go", Code: "_ = a.cache.Delete(ctx, pendingKey(u))", Without: "if !$GONE { $CODE }",
	}, canary.Clause("internal/store/totp.go", "AND status = 'active' AND totp_enabled_at = 0", "AND status = 'active'"))
	enrolmentCleared = canary.Stands("end of an enrolment", canary.Place{
		File: "internal/auth/twofa.go", Code: "_ = a.cache.Delete(ctx, pendingKey(u))", Without: "if !$GONE { $CODE }",
	})
	enrolmentApart = canary.Stands("an enrolment that ends with a session", canary.Place{
		File: "internal/auth/twofa.go", Code: "u.DevicesRevoked.UnixMicro())", Without: "ifGone($NAME, 0, u.DevicesRevoked.UnixMicro()))",
	})
	enrolmentTime = canary.Stands("time of an enrolment", canary.Place{
		File: "internal/auth/twofa.go", Code: "a.keys.Seal([]byte(secret), key), a.cfg.EnrollTTL)",
		Without: "a.keys.Seal([]byte(secret), key), ifGone($NAME, time.Hour, a.cfg.EnrollTTL))",
	})
)

func thiefsEnrolment(t *testing.T, w *world) {
	email := "enrolled@example.com"
	owner := w.Client(t).Register(email)
	secret := func(c *authtest.Client) string {
		return c.Get("/auth/2fa/status").Expect(200, "TWOFA_STATUS").Text("secret")
	}
	for _, end := range []func(thief *authtest.Client){
		func(*authtest.Client) {
			owner.Post("/auth/logout-device", authtest.Fields{"device_id": "stolen"}).Expect(200, "LOGOUT_SUCCESS")
		},
		func(thief *authtest.Client) {
			thief.Post("/auth/logout", authtest.Fields{}).Expect(200, "LOGOUT_SUCCESS")
		},
	} {
		thief := owner.Token(owner.Login(email, "stolen").Expect(200, "LOGIN_SUCCESS").Text("data.access_token"))
		known := secret(thief)
		end(thief)
		if secret(owner.Client) == known {
			t.Error("the owner is given the secret that the thief knows")
		}
	}
}

func stepTwice(t *testing.T, w *world) {
	p := replaySecured(t, w)
	replayOnce(t, authtest.Race(callers, func(int) *authtest.Answer { return p.stepUp(0) }), 403, 429)
}

func stepOfEnabling(t *testing.T, w *world) {
	p := replaySecured(t, w)
	p.answer(p.Client, p.challenge("phone"), "phone", -1).Expect(403, "TWOFA_INVALID_CODE")
}

func stepOfLogin(t *testing.T, w *world) {
	p := replaySecured(t, w)
	p.answer(p.Client, p.challenge("phone"), "phone", 0).Expect(200, "LOGIN_SUCCESS")
	p.disable(0).Expect(403, "TWOFA_INVALID_CODE")
}

func stepOfTwoLogins(t *testing.T, w *world) {
	p := replaySecured(t, w)
	devices := []string{"phone", "tablet"}
	challenges := []string{p.challenge("phone"), p.challenge("tablet")}
	replayOnce(t, authtest.Race(2, func(i int) *authtest.Answer { return p.answer(p.Client, challenges[i], devices[i], 0) }), 403)
}

func stepAfterRestart(t *testing.T, w *world) {
	p := replaySecured(t, w)
	p.stepUp(0).Expect(200, "TWOFA_VERIFIED")
	again := &world{Server: w.Restart(t), engine: w.engine, given: w.given}
	again.Client(t).Token(p.Bearer()).Post("/auth/2fa/verify", authtest.Fields{"code": p.code(0)}).Expect(403, "TWOFA_INVALID_CODE")
}

func enrolTwice(t *testing.T, w *world) {
	p := &replayPerson{Person: w.person(t), w: w}
	p.secret = p.Get("/auth/2fa/status").Text("secret")
	replayOnce(t, authtest.Race(3, func(i int) *authtest.Answer { return p.enable(i - 1) }), 409)
}

func enrolAgain(t *testing.T, w *world) {
	p := &replayPerson{Person: w.person(t), w: w}
	p.secret = p.Get("/auth/2fa/status").Text("secret")
	thief := &replayPerson{Person: &authtest.Person{Client: p.LoginOn("phone"), ID: p.ID, Email: p.Email}, w: w, secret: p.secret}
	p.enable(0).Expect(200, "TWOFA_ENABLED")
	thief.enable(1).Expect(409, "TWOFA_ALREADY_ENABLED")
}

func oldEnrolment(t *testing.T, w *world) {
	p := replaySecured(t, w)
	p.disable(0).Expect(200, "TWOFA_DISABLED")
	if p.Get("/auth/2fa/status").Expect(200, "TWOFA_STATUS").Text("secret") == p.secret {
		t.Error("the secret that was in use is offered again")
	}
}

func lateEnrolment(t *testing.T, w *world) {
	p := &replayPerson{Person: w.person(t), w: w}
	p.secret = p.Get("/auth/2fa/status").Text("secret")
	w.Advance(10 * time.Minute)
	p.enable(0).Expect(410, "TWOFA_ENROLLMENT_EXPIRED")
}
