package clustertest_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

// factors is what holds of second factors, whichever node has a hand in them.
var factors = []sentence{
	{"a secret shown by one node is confirmed by another", enrolmentElsewhere},
	{"a second factor is switched on once", enableOnce},
	{"a login begun on one node ends on another, once", challengeElsewhere},
	{"a challenge ends once", challengeOnce},
	{"wrong codes over the nodes end a challenge", challengeTries},
	{"a time step is accepted once, in whatever flow", stepOnce},
	{"a second factor is switched off once", disableOnce},
}

// app is the authenticator on somebody's phone. It never shows a code twice.
type app struct {
	secret string
	step   int64 // of the last code
}

// step is the time step of thirty seconds; early in it the one before is still good.
func step(at time.Time) int64 { return at.Unix() / 30 }

// next is the code of a time step that was not used yet. Of these there are two at any
// time; for a third it waits.
func (a *app) next() string {
	a.step = max(a.step+1, step(time.Now().Add(-15*time.Second)))
	for a.step > step(time.Now())+1 {
		time.Sleep(100 * time.Millisecond)
	}
	return authtest.TOTP(a.secret, time.Unix(a.step*30, 0))
}

// wrong is a code of none of the steps around now.
func (a *app) wrong() string {
	good := map[string]bool{}
	for i := int64(-3); i <= 3; i++ {
		good[authtest.TOTP(a.secret, time.Now().Add(time.Duration(i)*30*time.Second))] = true
	}
	code := "000000"
	for good[code] {
		code = authtest.OtherCode(code)
	}
	return code
}

func twoFA(c *authtest.Client, verb, code string) *authtest.Answer {
	return c.Post("/auth/2fa/"+verb, Fields{"code": code})
}

func pending(c *authtest.Client) *app {
	return &app{secret: c.Get("/auth/2fa/status").Expect(200, "TWOFA_STATUS").Text("secret")}
}

// guarded is somebody with a second factor.
func (w world) guarded(t *testing.T) (*authtest.Person, *app) {
	t.Helper()
	person := w.person(t)
	a := pending(person.Client)
	twoFA(person.Client, "enable", a.next()).Expect(200, "TWOFA_ENABLED")
	return person, a
}

func challenge(c *authtest.Client, email, device string) string {
	return c.Token("").Login(email, device).Expect(200, "TWOFA_REQUIRED").Text("data.challenge_id")
}

func finish(c *authtest.Client, id, code, device string) *authtest.Answer {
	return c.Token("").Post("/auth/login/2fa", Fields{"challenge_id": id, "code": code, "device_id": device})
}

func enrolmentElsewhere(t *testing.T, w world) {
	from := w.address()
	person := w.person(t)
	a := pending(w.at(t, 1, person.Client, from))
	for n := 2; n <= w.nodes; n++ {
		if again := pending(w.at(t, n, person.Client, from)); again.secret != a.secret {
			t.Errorf("node %d shows another secret", n)
		}
	}
	twoFA(w.at(t, w.nodes, person.Client, from), "enable", a.next()).Expect(200, "TWOFA_ENABLED")
	twoFA(w.at(t, 1, person.Client, from), "verify", a.next()).Expect(200, "TWOFA_VERIFIED")
}

func enableOnce(t *testing.T, w world) {
	person := w.person(t)
	a := pending(person.Client)
	code := a.next()
	answers := authtest.RacePatiently(racers, func(int) *authtest.Answer { return twoFA(person.Client, "enable", code) })
	onlyOne(t, answers, 409, "TWOFA_ALREADY_ENABLED")
}

func challengeElsewhere(t *testing.T, w world) {
	person, a := w.guarded(t)
	from := w.address()
	first, last := w.at(t, 1, person.Client, from), w.at(t, w.nodes, person.Client, from)
	id := challenge(first, person.Email, "phone")
	issued := finish(last, id, a.next(), "phone").Expect(200, "LOGIN_SUCCESS")
	w.knownEverywhere(t, person.Token(issued.Text("data.access_token")))
	finish(first, id, a.wrong(), "phone").Expect(410, "TWOFA_CHALLENGE_EXPIRED")
}

func challengeOnce(t *testing.T, w world) {
	person, a := w.guarded(t)
	id, code := challenge(person.Client, person.Email, "phone"), a.next()
	answers := authtest.RacePatiently(racers, func(int) *authtest.Answer { return finish(person.Client, id, code, "phone") })
	won := onlyOne(t, answers, 410, "TWOFA_CHALLENGE_EXPIRED")
	w.knownEverywhere(t, person.Token(won.Text("data.access_token")))
}

func challengeTries(t *testing.T, w world) {
	person, a := w.guarded(t)
	id, wrong := challenge(person.Client, person.Email, "phone"), a.wrong()
	told := 0
	for _, answer := range authtest.RacePatiently(racers, func(int) *authtest.Answer { return finish(person.Client, id, wrong, "phone") }) {
		if answer.Status == 403 {
			answer.Expect(403, "TWOFA_INVALID_CODE")
			told++
			continue
		}
		answer.Expect(410, "TWOFA_CHALLENGE_EXPIRED")
	}
	if told != 5 {
		t.Errorf("%d wrong codes were tried, want 5", told)
	}
	finish(person.Client, id, a.next(), "phone").Expect(410, "TWOFA_CHALLENGE_EXPIRED")
}

func stepOnce(t *testing.T, w world) {
	person, a := w.guarded(t)
	ids := make([]string, racers)
	for i := range ids {
		if i%4 == 0 {
			ids[i] = challenge(person.Client, person.Email, "phone")
		}
	}
	code := a.next()
	answers := authtest.RacePatiently(racers, func(i int) *authtest.Answer {
		switch {
		case i%4 == 0:
			return finish(person.Client, ids[i], code, "phone")
		case i == 1:
			return twoFA(person.Client, "disable", code)
		}
		return twoFA(person.Client, "verify", code)
	})
	won := 0
	for _, answer := range answers {
		switch {
		case answer.Status == 200:
			won++
		case answer.Code() != "TWOFA_INVALID_CODE" && answers[1].Status != 200: // it may be off by now
			answer.Fail("want TWOFA_INVALID_CODE")
		}
	}
	if won != 1 {
		t.Errorf("the code of one time step was accepted %d times", won)
	}
}

func disableOnce(t *testing.T, w world) {
	person, a := w.guarded(t)
	code := a.next()
	answers := authtest.RacePatiently(racers, func(int) *authtest.Answer { return twoFA(person.Client, "disable", code) })
	won := 0
	for _, answer := range answers {
		switch answer.Code() {
		case "TWOFA_DISABLED":
			won++
		case "TWOFA_INVALID_CODE", "TWOFA_NOT_ENABLED":
		default:
			answer.Fail("want that it is off, or the code spent")
		}
	}
	if won != 1 {
		t.Errorf("it was switched off %d times", won)
	}
	person.Token("").Login(person.Email, "phone").Expect(200, "LOGIN_SUCCESS")
}
