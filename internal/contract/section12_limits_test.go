package contract_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/ratelimit"
)

// limited demands a 429 that says when to come back, within the span of its limit.
func limited(t authtest.TB, a *authtest.Answer, within time.Duration) time.Duration {
	t.Helper()
	wait := a.Expect(429, "TOO_MANY_REQUESTS").RetryAfter()
	if wait > within {
		a.Fail("Retry-After is %v, want at most %v", wait, within)
	}
	if quota(t, a, "Remaining") != 0 || quota(t, a, "Limit") < 1 || quota(t, a, "Reset") < 0 {
		a.Fail("the RateLimit headers make no sense")
	}
	return wait
}

func TestSection12_Refusal_Answer(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		c.SendCode(ada)
		french := c.Post("/register-email-code/send", Fields{"email": ada})
		limited(t, french, time.Minute)
		french.Matches(`{"message": "$text", "code": "TOO_MANY_REQUESTS"}`)
		french.ExpectHeader("Content-Language", "fr")
		english := c.Locale("en").Post("/register-email-code/send", Fields{"email": ada})
		english.ExpectHeader("Content-Language", "en")
		if english.Message() == french.Message() {
			english.Fail("one sentence for two languages")
		}
	})
}

func TestSection12_Refusal_IsAPageForPeople(t *testing.T) {
	few := func(c *config.Config) { c.Limits.RequestsPerNetwork = ratelimit.Rates{{Limit: 2, Per: time.Minute}} }
	onEachWith(t, few, func(t *testing.T, srv *authtest.Server) {
		program := srv.Client(t).Locale("en")
		for range 2 {
			program.Get("/me")
		}
		browser := program.Header("Accept", "text/html,*/*;q=0.8")
		for _, path := range []string{"/account", "/", "/nowhere", "/register?token=a&email=b"} {
			envelope := program.Send("GET", path, nil).Expect(429, "TOO_MANY_REQUESTS")
			page := browser.Send("GET", path, nil)
			page.ExpectHeader("Content-Type", "text/html; charset=utf-8")
			page.ExpectHeader("Content-Language", "en")
			page.ExpectHeader("RateLimit-Remaining", "0")
			if page.Status != 429 || page.RetryAfter() > time.Minute || !strings.Contains(string(page.Body), envelope.Message()) {
				page.Fail("it is not the page of a refusal")
			}
		}
		browser.Get("/me").Expect(429, "TOO_MANY_REQUESTS")
	})
}

// quickly makes n calls, some at once: one after the other they may take a busy machine
// longer than the minute that they are counted in. Where they took that long all the same,
// Redis has forgotten the first of them, and the test ends there.
func quickly(t *testing.T, srv *authtest.Server, n int, call func(i int) *authtest.Answer, judge func(*authtest.Answer)) {
	t.Helper()
	const together = 8
	for from := 0; from < n; from += together {
		for _, a := range authtest.Race(min(together, n-from), func(i int) *authtest.Answer { return call(from + i) }) {
			judge(a)
		}
	}
	if srv.Drift() > time.Minute {
		t.Skipf("%d calls took more than a minute: none can be one too many", n)
	}
}

func TestSection12_Everything_600AMinuteFromOneNetwork(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t).From("192.0.2.1")
		get := func(i int) *authtest.Answer { return c.Get([]string{"/me", "/nowhere"}[i%2]) }
		quickly(t, srv, 600, get, func(a *authtest.Answer) {
			if a.Status == 429 {
				a.Fail("one of 600 in a minute is refused")
			}
		})
		wait := limited(t, c.Get("/me"), time.Minute)
		c.Get("/health").Expect(200, "HEALTH_OK")
		c.From("192.0.2.2").Get("/me").Expect(401, "UNAUTHENTICATED")
		srv.Advance(wait)
		c.Get("/me").Expect(401, "UNAUTHENTICATED")
	})
}

func TestSection12_Everything_1200AMinuteWithOneToken(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		other := person.LoginOn("phone")
		srv.Advance(2 * time.Minute)
		me := func(i int) *authtest.Answer { return person.From(fmt.Sprintf("192.0.2.%d", i%4)).Get("/me") }
		quickly(t, srv, 1200, me, func(a *authtest.Answer) { a.Expect(200, "ME_OK") })
		limited(t, person.From("192.0.2.9").Get("/me"), time.Minute)
		expectLoggedIn(t, other, true)
	})
}

func TestSection12_Networks_AreSeenThroughTrustedProxiesOnly(t *testing.T) {
	untrusting := func(c *config.Config) { c.TrustedProxies = nil }
	headers := []string{"X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP"}
	onEachWith(t, untrusting, func(t *testing.T, srv *authtest.Server) {
		for i := range 30 {
			value := fmt.Sprintf("192.0.2.%d", i)
			if headers[i%len(headers)] == "Forwarded" {
				value = "for=" + value
			}
			c := srv.Client(t).Header(headers[i%len(headers)], value)
			c.Post("/register-email-code/send", Fields{"email": fmt.Sprintf("ada%d@example.com", i)}).Expect(200, "OTP_SENT")
		}
		limited(t, srv.Client(t).From("198.51.100.1").Post("/register-email-code/send", Fields{"email": bob}), time.Hour)
	})
}

func TestSection12_Networks_AClientCannotPutItselfBehindItsProxy(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		for i := range 30 {
			c := srv.Client(t).From(fmt.Sprintf("203.0.113.%d, 192.0.2.1", i)) // the last is what the proxy saw
			c.Post("/register-email-code/send", Fields{"email": fmt.Sprintf("ada%d@example.com", i)}).Expect(200, "OTP_SENT")
		}
		limited(t, srv.Client(t).From("203.0.113.99, 192.0.2.1").Post("/register-email-code/send", Fields{"email": bob}), time.Hour)
	})
}

func TestSection12_Limits_AreSettings(t *testing.T) {
	generous := func(c *config.Config) {
		must(c.Limits.MailPerEmail.UnmarshalText([]byte("3/1m")))
		must(c.Limits.LoginPerEmailNetwork.UnmarshalText([]byte("2/1m")))
	}
	onEachWith(t, generous, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for range 3 {
			c.SendCode(ada)
		}
		limited(t, c.Post("/register-email-code/send", Fields{"email": ada}), time.Minute)
		for range 2 {
			fail(c, bob, "eve").Expect(401, "INVALID_CREDENTIALS")
		}
		limited(t, fail(c, bob, "eve"), time.Minute)
	})
}

func TestSection12_Limits_CanBeSwitchedOff(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		c := srv.Client(t)
		for range 12 {
			c.Post("/register-email-code/send", Fields{"email": ada}).Expect(200, "OTP_SENT")
			fail(c, bob, "eve").Expect(401, "INVALID_CREDENTIALS")
			c.VerifyCode(bob, "123456").Expect(403, "OTP_INVALID")
		}
		if a := c.Get("/me"); a.Header.Get("RateLimit-Limit") != "" {
			a.Fail("a limit is told where there is none")
		}
	})
}
