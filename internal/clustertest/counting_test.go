package clustertest_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

// counting is what is limited, over all nodes together.
var counting = []sentence{
	{"one mail a minute goes to an address", oneMailAMinute},
	{"five logins a minute may fail for an address from one network", fiveFailuresAMinute},
}

func sendCode(c *authtest.Client, email string) *authtest.Answer {
	return c.Post("/register-email-code/send", Fields{"email": email})
}

func wrongLogin(c *authtest.Client, email string) *authtest.Answer {
	return c.Post("/auth/login", authtest.LoginFields(email, "eve").With("password", "wrong password 1"))
}

func oneMailAMinute(t *testing.T, w world) {
	c, email := w.stranger(t)
	answers := authtest.RacePatiently(racers, func(int) *authtest.Answer { return sendCode(c.From(w.address()), email) })
	onlyOne(t, answers, 429, "TOO_MANY_REQUESTS")
	c.Mail(email, 1)
}

func fiveFailuresAMinute(t *testing.T, w world) {
	email := w.person(t).Email
	failFiveTimes(t, w.Nodes(t).Client(t).From(w.address()), email)
}

// failFiveTimes demands that of all who try at once five are let through. Who waits for
// the others longer than they may is put off, and tries again after them.
func failFiveTimes(t *testing.T, c *authtest.Client, email string) {
	t.Helper()
	let, putOff := 0, 0
	count := func(a *authtest.Answer) {
		switch a.Status {
		case 401:
			a.Expect(401, "INVALID_CREDENTIALS")
			let++
		case 503:
			a.Expect(503, "SERVICE_UNAVAILABLE").RetryAfter()
			putOff++
		default:
			a.Expect(429, "TOO_MANY_REQUESTS").RetryAfter()
		}
	}
	for _, a := range authtest.Race(racers, func(int) *authtest.Answer { return wrongLogin(c, email) }) {
		count(a)
	}
	for range putOff {
		count(wrongLogin(c, email))
	}
	if let != 5 {
		t.Errorf("%d wrong passwords were tried, want 5", let)
	}
}

// settling is how long a limit may be closed to everybody after Redis has lost it.
const settling = 10 * time.Second

// flushedLimits goes on within the minute in which a sixth try would be one too many.
func flushedLimits(t *testing.T, w world) {
	email := w.person(t).Email
	c, asked := w.stranger(t)
	sendCode(c, asked).Expect(200, "OTP_SENT")
	failFiveTimes(t, c, email)
	w.FlushRedis(t)
	refusedUntilSettled(t, func() *authtest.Answer { return wrongLogin(c, email) })
	refusedUntilSettled(t, func() *authtest.Answer { return sendCode(c.From(w.address()), asked) })
	w.person(t)
}

// refusedUntilSettled demands refusals alone, and before long that none is for want of
// knowledge.
func refusedUntilSettled(t *testing.T, try func() *authtest.Answer) {
	t.Helper()
	for deadline := time.Now().Add(settling); ; time.Sleep(50 * time.Millisecond) {
		unsettled := 0
		for _, a := range authtest.Race(racers, func(int) *authtest.Answer { return try() }) {
			if a.Status == 503 {
				a.Expect(503, "SERVICE_UNAVAILABLE").RetryAfter()
				unsettled++
				continue
			}
			a.Expect(429, "TOO_MANY_REQUESTS")
		}
		if unsettled == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v after the loss %d of %d still get no answer", settling, unsettled, racers)
		}
	}
}
