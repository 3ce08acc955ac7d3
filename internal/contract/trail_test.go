package contract_test

import (
	"fmt"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/store"
)

// told is what an event of the trail tells.
type told struct {
	action, actor string
	about         account.UserID
	detail        string
}

// recorded wants an event.
func recorded(t *testing.T, trail []store.AuditEvent, want told) {
	t.Helper()
	var alike []string
	for _, e := range trail {
		if e.Action != want.action {
			continue
		}
		detail, _, _ := strings.Cut(e.Detail, ", ") // each node counts for itself
		if (told{e.Action, e.Actor, e.UserID, detail}) == want {
			return
		}
		alike = append(alike, fmt.Sprintf("%+v", e))
	}
	t.Errorf("no event %+v, but\n%s", want, strings.Join(alike, "\n"))
}

func TestTheTrailTellsWhatHappened(t *testing.T) {
	onEachWith(t, func(c *config.Config) { c.Limits.DevicesPerPerson = 2 }, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).From("192.0.2.1")
		code := c.SendCode(ada)
		c.VerifyCode(ada, authtest.OtherCode(code)).Expect(403, "OTP_INVALID")
		c.SetPassword(ada, code).Expect(200, "TOKEN_ISSUED")
		c.Post("/register-email-code/send", Fields{"email": ada}).Expect(429, "TOO_MANY_REQUESTS")
		c.Post("/register-email-code/send", Fields{"email": ada}).Expect(429, "TOO_MANY_REQUESTS")
		c.Post("/auth/register/set-password", Fields{
			"token": strings.Repeat("a", 64), "email": ada, "password": "correct horse 1", "password_confirmation": "correct horse 1",
		}).Expect(403, "MAGIC_LINK_INVALID")
		srv.Advance(61e9)
		c.Post("/register-email-code/send", Fields{"email": ada}).Expect(409, "EMAIL_ALREADY_USED")
		fail(c, ada, "eve").Expect(401, "INVALID_CREDENTIALS")
		fail(c, bob, "eve").Expect(401, "INVALID_CREDENTIALS")

		laptop := c.Token(c.Login(ada, "laptop").Expect(200, "LOGIN_SUCCESS").Text("data.access_token"))
		laptop.Patch("/me", Fields{"first_name": "Ada"}).Expect(200, "ME_UPDATED")
		laptop.Delete("/me/photo").Expect(200, "ME_PHOTO_DELETED")
		c.Login(ada, "phone").Expect(200, "LOGIN_SUCCESS")
		c.Login(ada, "tablet").Expect(200, "LOGIN_SUCCESS") // the laptop is displaced
		laptop = c.Token(c.Login(ada, "laptop").Expect(200, "LOGIN_SUCCESS").Text("data.access_token"))
		laptop.Post("/auth/logout-device", Fields{"device_id": "tablet"}).Expect(200, "LOGOUT_SUCCESS")

		app := enroll(t, srv, laptop)
		laptop.Post("/auth/2fa/verify", Fields{"code": app.wrong()}).Expect(403, "TWOFA_INVALID_CODE")
		id := challenge(t, c, "phone")
		finish(c.From("198.51.100.9"), id, app.next(), "phone").Expect(403, "TWOFA_CHALLENGE_MISMATCH")
		step := app.next()
		finish(c, id, step, "phone").Expect(200, "LOGIN_SUCCESS")
		laptop.Post("/auth/2fa/verify", Fields{"code": step}).Expect(403, "TWOFA_INVALID_CODE")
		laptop.Post("/auth/2fa/verify", Fields{"code": app.next()}).Expect(200, "TWOFA_VERIFIED")
		srv.Advance(61e9)
		laptop.Post("/auth/2fa/disable", Fields{"code": app.next()}).Expect(200, "TWOFA_DISABLED")
		laptop.Post("/auth/logout", Fields{}).Expect(200, "LOGOUT_SUCCESS")
		ada1 := srv.UserID(t, ada)
		srv.Block(t, ada1)
		srv.Stop() // and writes which limits were reached

		trail, about, self := srv.Trail(t), account.UserID(ada1), fmt.Sprintf("user:%d", ada1)
		for _, want := range []told{
			{"registration.requested", "stranger", about, "registration_code"},
			{"registration.code_refused", "stranger", about, ""},
			{"registration.code_verified", "stranger", about, ""},
			{"registration.code_refused", "stranger", 0, "link"},
			{"registration.activated", "stranger", about, ""},
			{"registration.refused", "stranger", about, "registration_code"},
			{"limit.reached", "stranger", about, "mail"},
			{"login.refused", "stranger", about, ""},
			{"login.refused", "stranger", 0, ""},
			{"login.succeeded", "stranger", about, "one factor: ios"},
			{"login.succeeded", "stranger", about, "two factors: ios"},
			{"session.displaced", "stranger", about, "1 sessions"},
			{"session.device_logout", self, about, ""},
			{"profile.updated", self, about, ""},
			{"profile.photo_deleted", self, about, ""},
			{"twofa.enabled", self, about, ""},
			{"twofa.refused", self, about, ""},
			{"login.challenged", "stranger", about, "ios"},
			{"login.challenge_refused", "stranger", about, ""},
			{"twofa.refused", self, about, "used before"},
			{"twofa.stepped_up", self, about, ""},
			{"twofa.disabled", self, about, ""},
			{"session.logout", self, about, ""},
			{"operator.status_changed", "operator:test", about, "active to blocked"},
		} {
			recorded(t, trail, want)
		}
		marks := map[string]bool{}
		for _, e := range trail {
			if e.At.IsZero() || e.Actor != "operator:test" && (e.IP == "" || e.RequestID == "") {
				t.Errorf("it tells too little: %+v", e)
			}
			for _, secret := range []string{ada, bob, code, "laptop", "correct horse", "Ada"} {
				if strings.Contains(fmt.Sprintf("%+v", e), secret) {
					t.Errorf("it tells %q: %+v", secret, e)
				}
			}
			if e.Action == "login.succeeded" && e.Detail != "one factor" { // an activation
				marks[e.Device] = true
			}
		}
		if len(marks) != 3 || marks[""] { // laptop, phone and tablet
			t.Errorf("the devices are %v", marks)
		}
	})
}

// A flood of refusals is one event a minute.
func TestAFloodOfRefusalsDoesNotFillTheTrail(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for range 5 {
			fail(c, bob, "eve").Expect(401, "INVALID_CREDENTIALS")
		}
		for range 100 {
			fail(c, bob, "eve").Expect(429, "TOO_MANY_REQUESTS")
		}
		srv.Stop()
		var times, events int
		for _, e := range srv.Trail(t) {
			if e.Action == "limit.reached" {
				var n int
				if _, err := fmt.Sscanf(e.Detail, "login, %d times", &n); err != nil {
					t.Errorf("%q: %v", e.Detail, err)
				}
				events, times = events+1, times+n
			}
		}
		if times != 100 || events > 4 { // one for each node, and a minute may pass
			t.Errorf("%d refusals are %d events", times, events)
		}
	})
}

// Whoever is guessed at finds it under their own name, and right logins that waited for
// each other leave nothing.
func TestTrail_ALimitOfLoginsIsToldOfWhoIsGuessedAt(t *testing.T) {
	t.Parallel()
	authtest.Engines(t, func(t *testing.T, e authtest.Engine) {
		srv := authtest.Start(t, e, authtest.WithLimits(), authtest.FastHash())
		c := srv.Client(t)
		c.Register(ada)
		c.Register(bob)
		for _, a := range authtest.RacePatiently(12, func(int) *authtest.Answer { return c.Login(bob, "one and the same") }) {
			a.Expect(200, "LOGIN_SUCCESS")
		}
		for range 6 {
			c.Post("/auth/login", authtest.LoginFields(ada, "phone").With("password", "Not the right 1"))
		}
		ada1, bob1 := account.UserID(srv.UserID(t, ada)), account.UserID(srv.UserID(t, bob))
		srv.Stop()
		trail := srv.Trail(t)
		recorded(t, trail, told{"limit.reached", "stranger", ada1, "login"})
		for _, e := range trail {
			if e.Action == "limit.reached" && e.UserID == bob1 {
				t.Errorf("a limit that nobody reached is told: %+v", e)
			}
		}
	})
}
