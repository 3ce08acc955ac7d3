package contract_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

func TestSection12_TwoFA_FiveAMinuteOfOnePersonInAllFlowsTogether(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		laptop, app := withTwoFA(t, srv)
		srv.Advance(time.Hour)
		c := srv.Client(t).From("192.0.2.1")
		id := challenge(t, c, "phone")
		twoFA(laptop, "verify", app.wrong()).Expect(403, "TWOFA_INVALID_CODE")
		twoFA(laptop, "disable", app.wrong()).Expect(403, "TWOFA_INVALID_CODE")
		twoFA(laptop.From("192.0.2.2"), "verify", app.wrong()).Expect(403, "TWOFA_INVALID_CODE")
		finish(c, id, app.wrong(), "phone").Expect(403, "TWOFA_INVALID_CODE")
		finish(c, id, app.wrong(), "phone").Expect(403, "TWOFA_INVALID_CODE")

		limited(t, twoFA(laptop, "verify", app.at(0)), time.Minute)
		limited(t, twoFA(laptop, "disable", app.at(0)), time.Minute)
		wait := limited(t, finish(c, id, app.at(0), "phone"), time.Minute)
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
		limited(t, twoFA(person.Client, "enable", app.at(0)), time.Minute)
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
		if wait := limited(t, twoFA(laptop, "verify", app.at(0)), time.Hour); wait < 40*time.Minute {
			t.Errorf("the 21st of an hour may come back after %v", wait)
		}
	})
}

func TestSection12_TwoFA_ByManyAtOnceStaysWithinTheLimit(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		laptop, app := withTwoFA(t, srv)
		srv.Advance(time.Hour)
		wrong := app.wrong()
		answers := authtest.RacePatiently(racers, func(int) *authtest.Answer { return twoFA(laptop, "verify", wrong) })
		if n := count(answers, 403); n != 5 {
			t.Errorf("%d tries were let through at once, want 5", n)
		}
	})
}

func TestSection12_TwoFA_AnotherPersonIsNotHit(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		laptop, app := withTwoFA(t, srv)
		other := srv.Client(t).Register(bob)
		his := enroll(t, srv, other.Client)
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
		wait := limited(t, person.Upload(jpegOf(8, 8)), time.Hour)
		limited(t, tablet.Upload(jpegOf(8, 8)), time.Hour)
		srv.Client(t).Register(bob).Upload(jpegOf(8, 8)).Expect(200, "ME_PHOTO_UPDATED")
		srv.Advance(wait)
		person.Upload(jpegOf(8, 8)).Expect(200, "ME_PHOTO_UPDATED")
	})
}
