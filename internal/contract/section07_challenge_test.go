package contract_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/ratelimit"
)

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
				id, code := challenge(t, c, "phone"), app.next()
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
		id := challenge(t, c.From("2001:db8:1:2::1"), "phone")
		code := app.next()
		finish(c.From("2001:db8:1:3::1"), id, code, "phone").Expect(403, "TWOFA_CHALLENGE_MISMATCH")
		finish(c.From("2001:db8:1:2:ffff:ffff:ffff:ffff"), id, code, "phone").Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection07_TwoFA_ABrowserMayCallItselfAnything(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		latin1 := srv.Client(t).Header("User-Agent", "un t\xe9l\xe9phone")
		id, code := challenge(t, latin1, "phone"), app.next()
		finish(latin1.Header("User-Agent", "un t\xe9lephone"), id, code, "phone").Expect(403, "TWOFA_CHALLENGE_MISMATCH")
		finish(latin1, id, code, "phone").Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection07_TwoFA_ExpiredSpentEndedAndUnknownAreOneAnswer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		c := srv.Client(t)

		spent := challenge(t, c, "phone")
		finish(c, spent, app.next(), "phone").Expect(200, "LOGIN_SUCCESS")
		expired := challenge(t, c, "phone")
		srv.Advance(5*time.Minute + time.Second)
		ended := challenge(t, c, "phone")
		for range 5 {
			finish(c, ended, app.wrong(), "phone").Expect(403, "TWOFA_INVALID_CODE")
			srv.Advance(20 * time.Second)
		}
		srv.Advance(time.Minute)

		unknown := finish(c, flip(ended, 0), app.at(0), "phone").Expect(410, "TWOFA_CHALLENGE_EXPIRED")
		for name, id := range map[string]string{"spent": spent, "expired": expired, "ended": ended, "garbage": "garbage", "long": long(255)} {
			answers := []*authtest.Answer{finish(c, id, app.at(0), "phone")}
			for _, from := range elsewhere {
				answers = append(answers, from(c, id, app.at(0)))
			}
			for _, got := range answers {
				got.Expect(410, "TWOFA_CHALLENGE_EXPIRED")
				if string(got.Body) != string(unknown.Body) {
					got.Fail("the %s challenge is told from an unknown one: %s", name, unknown.Body)
				}
			}
		}
	})
}

func TestSection07_TwoFA_AChallengeLivesFiveMinutes(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		c := srv.Client(t)
		id := challenge(t, c, "phone")
		srv.Advance(5*time.Minute - 5*time.Second)
		finish(c, id, app.at(0), "phone").Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection07_TwoFA_NoTryIsForgottenBeforeItsChallenge(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		c := srv.Client(t)
		id := challenge(t, c, "phone")
		for range 4 {
			finish(c, id, app.wrong(), "phone").Expect(403, "TWOFA_INVALID_CODE")
		}
		srv.Advance(4*time.Minute + 45*time.Second)
		finish(c, id, app.wrong(), "phone").Expect(403, "TWOFA_INVALID_CODE")
		finish(c, id, app.at(0), "phone").Expect(410, "TWOFA_CHALLENGE_EXPIRED")
	})
}

func TestSection07_TwoFA_AChallengeIsUsedOnceByManyAtOnce(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		c := srv.Client(t)
		id, code := challenge(t, c, "phone"), app.next()
		answers := authtest.RacePatiently(racers, func(int) *authtest.Answer { return finish(c, id, code, "phone") })
		won := onlyOne(t, answers)
		expectLoggedIn(t, c.Token(won.Text("data.access_token")), true)
		for _, a := range answers {
			if a != won {
				a.Expect(410, "TWOFA_CHALLENGE_EXPIRED")
			}
		}
	})
}

func TestSection07_TwoFA_AChallengeIsOfOneUseEvenWithTwoGoodCodes(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		srv.Advance(5 * time.Minute)
		c := srv.Client(t)
		id := challenge(t, c, "phone")
		codes := []string{app.at(-1), app.at(0), app.at(1)}
		answers := authtest.RacePatiently(racers, func(i int) *authtest.Answer { return finish(c, id, codes[i%len(codes)], "phone") })
		onlyOne(t, answers)
	})
}

func TestSection07_TwoFA_WrongCodesByManyAtOnceEndTheChallenge(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		c := srv.Client(t)
		id, wrong := challenge(t, c, "phone"), app.wrong()
		answers := authtest.RacePatiently(racers, func(int) *authtest.Answer { return finish(c, id, wrong, "phone") })
		if n := count(answers, 200); n != 0 {
			t.Errorf("%d wrong codes got in", n)
		}
		finish(c, id, app.next(), "phone").Expect(410, "TWOFA_CHALLENGE_EXPIRED")
	})
}

// The limit of a person refuses some of the codes, which are then no wrong tries.
func TestSection07_TwoFA_AChallengeIsNotOverWhileItLives(t *testing.T) {
	onEachWith(t, func(c *config.Config) { c.Limits.TwoFAPerPerson = ratelimit.Rates{{Limit: 3, Per: time.Minute}} }, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		srv.Advance(2 * time.Minute)
		c := srv.Client(t)
		id, wrong := challenge(t, c, "phone"), app.wrong()
		answers := authtest.Race(racers, func(int) *authtest.Answer { return finish(c, id, wrong, "phone") })
		if n := count(answers, 410); n != 0 {
			t.Errorf("%d are told that the challenge is over", n)
		}
		if n := count(answers, 403); n != 3 {
			t.Errorf("%d codes were looked at, want 3", n)
		}
		srv.Advance(61 * time.Second)
		finish(c, id, app.next(), "phone").Expect(200, "LOGIN_SUCCESS")
	})
}

func TestSection07_TwoFA_ManyChallengesMayWaitAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		_, app := withTwoFA(t, srv)
		c := srv.Client(t)
		phone, tablet := challenge(t, c, "phone"), challenge(t, c, "tablet")
		if phone == tablet {
			t.Fatal("two logins share a challenge")
		}
		finish(c, phone, app.next(), "phone").Expect(200, "LOGIN_SUCCESS")
		finish(c, tablet, app.next(), "tablet").Expect(200, "LOGIN_SUCCESS")
	})
}
