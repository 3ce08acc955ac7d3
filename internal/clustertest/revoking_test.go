package clustertest_test

import (
	"sync/atomic"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

// revoking is what ends a session on every node, from the moment of the answer.
var revoking = []sentence{
	{"a logout is seen by every node at once", ends(func(_ *testing.T, _ world, _ *authtest.Person, phone *authtest.Client) {
		phone.Post("/auth/logout", nil).Expect(200, "LOGOUT_SUCCESS")
	})},
	{"the logout of another device is seen by every node at once", ends(func(_ *testing.T, _ world, p *authtest.Person, _ *authtest.Client) {
		p.Post("/auth/logout-device", Fields{"device_id": "phone"}).Expect(200, "LOGOUT_SUCCESS")
	})},
	{"a login in the place of another is seen by every node at once", ends(func(t *testing.T, w world, p *authtest.Person, _ *authtest.Client) {
		w.knownEverywhere(t, p.LoginOn("phone"))
	})},
	{"a block is seen by every node at once", ends(func(t *testing.T, w world, p *authtest.Person, _ *authtest.Client) {
		w.Operate(t, "user", "block", p.Email, "-y")
		w.keepsOut(t, p)
	})},
	{"the end of an account is seen by every node at once", ends(func(t *testing.T, w world, p *authtest.Person, _ *authtest.Client) {
		w.Operate(t, "user", "close", p.Email, "-y")
		w.keepsOut(t, p)
	})},
	{"a logout by the operator is seen by every node at once", ends(func(t *testing.T, w world, p *authtest.Person, _ *authtest.Client) {
		w.Operate(t, "user", "logout", p.Email, "-y")
	})},
	{"no request that begins after the answer to a logout gets in", logoutUnderFire},
}

// ends proves that a deed ends the session of somebody's phone, which every node has
// answered just before.
func ends(deed func(t *testing.T, w world, p *authtest.Person, phone *authtest.Client)) func(*testing.T, world) {
	return func(t *testing.T, w world) {
		person := w.person(t)
		phone := person.LoginOn("phone")
		w.knownEverywhere(t, phone)
		deed(t, w, person, phone)
		w.refusedEverywhere(t, phone)
	}
}

// keepsOut demands that no node lets the person in again, nor knows the token of the
// registration.
func (w world) keepsOut(t *testing.T, p *authtest.Person) {
	t.Helper()
	for n := 1; n <= w.nodes; n++ {
		w.Node(t, n).Client(t).From(w.address()).Login(p.Email, "phone").Expect(401, "INVALID_CREDENTIALS")
	}
	w.refusedEverywhere(t, p.Client)
}

func logoutUnderFire(t *testing.T, w world) {
	person := w.person(t)
	phone := person.LoginOn("phone")
	var gone atomic.Bool
	answers := authtest.Race(racers, func(i int) *authtest.Answer {
		if i == 0 {
			time.Sleep(100 * time.Millisecond)
			defer gone.Store(true)
			return phone.Post("/auth/logout", nil)
		}
		mine := phone.From(w.address())
		for {
			late := gone.Load()
			if a := mine.Get("/me"); late || a.Status != 200 {
				return a
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	answers[0].Expect(200, "LOGOUT_SUCCESS")
	for _, a := range answers[1:] {
		a.Expect(401, "UNAUTHENTICATED")
	}
}
