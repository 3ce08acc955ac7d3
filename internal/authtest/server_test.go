package authtest_test

import (
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/config"
)

func TestAServerIsTheWholeThing(t *testing.T) {
	t.Parallel()
	authtest.Engines(t, func(t *testing.T, e authtest.Engine) {
		srv := authtest.Start(t, e)
		person := srv.Client(t).Register("ada@example.com")
		if !person.LoginOn("phone").IsLoggedIn() {
			t.Error("the login does not hold")
		}
		if list := srv.Mails(t, "ada@example.com"); len(list) != 1 || list[0].Code == "" || list[0].Text == "" {
			t.Errorf("the inbox has %+v, want one whole mail with a code", list)
		}
	})
}

func TestARestartKeepsWhatWasAnswered(t *testing.T) {
	t.Parallel()
	authtest.Engines(t, func(t *testing.T, e authtest.Engine) {
		srv := authtest.Start(t, e, authtest.FastHash())
		person := srv.Client(t).Register("ada@example.com")
		srv.Advance(time.Hour)
		before := srv.Now()
		again := srv.Restart(t)
		if !again.Client(t).Token(person.Bearer()).IsLoggedIn() {
			t.Error("the token is forgotten")
		}
		if now := again.Now(); now.Before(before) || now.Sub(before) > time.Second {
			t.Errorf("the clock stands at %s after the restart, and stood at %s", now, before)
		}
	})
}

func TestTheClockIsTheServers(t *testing.T) {
	t.Parallel()
	srv := authtest.Start(t, authtest.Embedded)
	earlier := srv.Client(t).Get("/health").Time("data.time")
	srv.Advance(40 * 24 * time.Hour)
	if passed := srv.Client(t).Get("/health").Time("data.time").Sub(earlier); passed < 40*24*time.Hour {
		t.Errorf("%s passed on the server", passed)
	}
}

func TestOptionsReachTheServer(t *testing.T) {
	t.Parallel()
	srv := authtest.Start(t, authtest.Embedded, authtest.WithLimits(),
		authtest.WithEnv("FLOWXI_LIMIT_MAIL_PER_EMAIL=1/1m"),
		authtest.WithConfig(func(c *config.Config) { c.Environment = "sandbox" }))
	client := srv.Client(t)
	client.SendCode("ada@example.com")
	client.Post("/register-email-code/send", authtest.Fields{"email": "ada@example.com"}).Expect(429, "TOO_MANY_REQUESTS")
	if got := client.Get("/health").Text("data.environment"); got != "sandbox" {
		t.Errorf("the environment is %q", got)
	}
}

func TestPasswordsCostWhatTheyCostUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	dear := registering(t)
	cheap := registering(t, authtest.FastHash())
	if cheap > dear {
		t.Errorf("a registration takes %s with a cheap hash and %s with a dear one", cheap, dear)
	}
}

// registering is the least time of a few registrations.
func registering(t *testing.T, opts ...authtest.Option) time.Duration {
	t.Helper()
	client := authtest.Start(t, authtest.Embedded, opts...).Client(t)
	least := time.Hour
	for i := range 5 {
		email := strings.Repeat("a", i+1) + "@example.com"
		code := client.SendCode(email)
		began := time.Now()
		client.SetPassword(email, code).Expect(200, "TOKEN_ISSUED")
		least = min(least, time.Since(began))
	}
	return least
}
