package attack_test

import (
	"slices"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

var replays = slices.Concat(replaysOfInvitations, replaysOfChallenges, replaysOfFactors, replaysOfTokens, replaysOfTheUnfinished)

// callers is how many try a thing at once that is good for one of them.
const callers = 32

// replayOnce demands that one of them succeeded and the others were refused in one of
// these ways.
func replayOnce(t *testing.T, answers []*authtest.Answer, refusals ...int) (won *authtest.Answer) {
	t.Helper()
	for _, a := range answers {
		switch {
		case a.Status == 200 && won == nil:
			won = a
		case a.Status == 200:
			a.Fail("it was good for more than one")
		case !slices.Contains(refusals, a.Status):
			a.Fail("got status %d, want 200 or one of %v", a.Status, refusals)
		}
	}
	if won == nil {
		t.Fatal("it was good for nobody")
	}
	return won
}

// replayPerson is somebody with a second factor.
type replayPerson struct {
	*authtest.Person
	w      *world
	secret string
}

// replaySecured registers somebody with a second factor. Of the three codes that the
// server takes at a time, the one of the step before this was used to turn it on.
func replaySecured(t *testing.T, w *world) *replayPerson {
	t.Helper()
	p := &replayPerson{Person: w.person(t), w: w}
	p.secret = p.Get("/auth/2fa/status").Expect(200, "TWOFA_STATUS").Text("secret")
	p.enable(-1).Expect(200, "TWOFA_ENABLED")
	return p
}

// code is the one of that many time steps from now.
func (p *replayPerson) code(steps int) string {
	return authtest.TOTP(p.secret, p.w.Now().Add(time.Duration(steps)*30*time.Second))
}

func (p *replayPerson) enable(steps int) *authtest.Answer {
	return p.Post("/auth/2fa/enable", authtest.Fields{"code": p.code(steps)})
}

func (p *replayPerson) disable(steps int) *authtest.Answer {
	return p.Post("/auth/2fa/disable", authtest.Fields{"code": p.code(steps)})
}

func (p *replayPerson) stepUp(steps int) *authtest.Answer {
	return p.Post("/auth/2fa/verify", authtest.Fields{"code": p.code(steps)})
}

// challenge is step 1 of a login.
func (p *replayPerson) challenge(device string) (id string) {
	return p.Login(p.Email, device).Expect(200, "TWOFA_REQUIRED").Text("data.challenge_id")
}

// answer is step 2 of a login by client c.
func (p *replayPerson) answer(c *authtest.Client, challenge, device string, steps int) *authtest.Answer {
	return c.Post("/auth/login/2fa", authtest.Fields{"challenge_id": challenge, "code": p.code(steps), "device_id": device})
}
