package contract_test

import (
	"fmt"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

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
			limited(t, fail(c, email, "eve"), time.Minute)
			limited(t, c.Login(email, "eve"), time.Minute)
			limited(t, c.Login(" "+email, "another device"), time.Minute)
		}
		fail(c, bob, "eve").Expect(401, "INVALID_CREDENTIALS")
		c.From("192.0.2.2").Login(ada, "phone").Expect(200, "LOGIN_SUCCESS")
		srv.Advance(limited(t, fail(c, ada, "eve"), time.Minute))
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
			limited(t, fail(c.From("198.51.100.1"), email, "eve"), 10*time.Minute)
			limited(t, c.From("198.51.100.2").Login(email, "yet another"), 10*time.Minute)
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
		limited(t, fail(c.From("2001:db8::ffff"), bob, "eve"), 10*time.Minute)
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
		limited(t, srv.Client(t).From("198.51.100.1").Login(ada, "eve"), 10*time.Minute)
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

func TestSection12_Login_RightPasswordsAtOnceAreNoFailures(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Register(ada)
		for _, device := range []string{"one", "another"} { // the first time unknown, the second time known
			for range 2 {
				answers := authtest.RacePatiently(racers, func(int) *authtest.Answer { return c.Login(ada, device) })
				if n := count(answers, 200); n != racers {
					t.Errorf("%d of %d got in", n, racers)
				}
			}
		}
	})
}

func TestSection12_Login_HeadersTellNotWhoHasUsedADevice(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.Register(ada).LoginOn("web")
		wrong := func(from, email, device string) *authtest.Answer {
			return c.From(from).Post("/auth/login", authtest.LoginFields(email, device).With("password", "wrong password 1"))
		}
		for _, device := range []string{"other", "web", "web", "other"} {
			alike(t, srv, "a device of hers", wrong("192.0.2.1", ada, device), wrong("192.0.2.2", bob, device))
		}
	})
}
