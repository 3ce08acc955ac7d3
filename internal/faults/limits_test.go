package faults_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/clustertest"
)

// guesses is how many wrong passwords the limits let by for one address in ten minutes.
const guesses = 10

func TestLimitsHoldWhateverBecomesOfRedis(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{})
	t.Run("a login is forgotten", func(t *testing.T) { beginsAgain(t, c) })
	t.Run("a password is guessed", func(t *testing.T) { holdsGuesses(t, c) })
}

// holdsGuesses has a stranger guess the password of one address through both nodes, from
// ever another network, while Redis is taken away.
func holdsGuesses(t *testing.T, c *clustertest.Cluster) {
	owner := c.Nodes(t).Client(t).From("198.51.100.1").Register("owner@example.com")
	begun := time.Now()
	stop := make(chan struct{})
	var running sync.WaitGroup
	var g guesser
	for i := range 4 {
		stranger := newCaller(c.NodeURL(1+i%2), g.note)
		stranger.http.Transport = &traveller{next: stranger.http.Transport, worker: i}
		running.Go(func() { guess(stranger, stop) })
	}
	running.Go(func() { read(t, owner.Client, stop) })

	eventually(t, "the stranger is stopped", func() bool { return g.limited.Load() > 0 })
	for _, f := range []struct {
		name  string
		fault func()
	}{
		{"killed", func() { c.Kill(t, "redis"); time.Sleep(2 * time.Second); c.Start(t, "redis") }},
		{"paused", func() { c.Pause(t, "redis"); time.Sleep(2 * time.Second); c.Resume(t, "redis") }},
		{"flushed", func() { c.FlushRedis(t) }},
	} {
		f.fault()
		time.Sleep(3 * time.Second)
		t.Logf("after Redis was %s: %s", f.name, &g)
	}
	close(stop)
	running.Wait()
	fmt.Printf("FAULT %-42s %s\n", "Redis goes while a password is guessed", &g)
	if n := g.refused.Load(); n > guesses || n == 0 {
		t.Errorf("%d guesses were heard in %v, want %d at the most", n, time.Since(begun), guesses)
	}
	if g.limited.Load() == 0 || g.others.Load() > 0 {
		t.Errorf("the stranger is answered %s", &g)
	}
}

// guesser counts what a stranger is answered.
type guesser struct{ refused, limited, unavailable, others atomic.Int64 }

func (g *guesser) note(r reply) {
	switch {
	case r.Code == "INVALID_CREDENTIALS":
		g.refused.Add(1)
	case r.Status == 429 && r.RetryAfter != "":
		g.limited.Add(1)
	case r.Status == 503 && r.RetryAfter != "":
		g.unavailable.Add(1)
	default:
		g.others.Add(1)
	}
}

// String is what was answered how often.
func (g *guesser) String() string {
	return fmt.Sprintf("%d guesses heard, 429×%d 503×%d, others×%d", g.refused.Load(), g.limited.Load(), g.unavailable.Load(), g.others.Load())
}

// traveller calls from another network each time.
type traveller struct {
	next    http.RoundTripper
	worker  int
	journey atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (v *traveller) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.1", v.worker, v.journey.Add(1)%250))
	return v.next.RoundTrip(r)
}

func guess(c *caller, stop <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		case <-time.After(30 * time.Millisecond):
		}
		c.call("POST", "/auth/login", "", loginOf("owner@example.com", fmt.Sprintf("guess number %d", i), "stranger"))
	}
}

// read demands that somebody who is logged in is served all the while.
func read(t *testing.T, owner *authtest.Client, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(200 * time.Millisecond):
			owner.Get("/me").Expect(200, "ME_OK")
		}
	}
}

// beginsAgain flushes Redis between the two steps of a login.
func beginsAgain(t *testing.T, c *clustertest.Cluster) {
	client := c.Nodes(t).Client(t)
	p := client.Register("careful@example.com")
	secret := p.Get("/auth/2fa/status").Expect(200, "TWOFA_STATUS").Text("secret")
	p.Post("/auth/2fa/enable", authtest.Fields{"code": authtest.TOTP(secret, time.Now().Add(-30*time.Second))}).Expect(200, "TWOFA_ENABLED")
	second := func(challenge string) *authtest.Answer {
		return client.Post("/auth/login/2fa", authtest.Fields{
			"challenge_id": challenge, "code": authtest.TOTP(secret, time.Now()), "device_id": "phone",
		})
	}
	first := client.Login(p.Email, "phone").Expect(200, "TWOFA_REQUIRED").Text("data.challenge_id")
	c.FlushRedis(t)
	settled(t, func() *authtest.Answer { return second(first) }).Expect(410, "TWOFA_CHALLENGE_EXPIRED")
	again := settled(t, func() *authtest.Answer { return client.Login(p.Email, "phone") }).Expect(200, "TWOFA_REQUIRED").Text("data.challenge_id")
	issued := second(again).Expect(200, "LOGIN_SUCCESS")
	if !client.Token(issued.Text("data.access_token")).IsLoggedIn() {
		t.Error("the token does not hold")
	}
}

// settled repeats a call while the nodes bring Redis up to date.
func settled(t *testing.T, call func() *authtest.Answer) (last *authtest.Answer) {
	t.Helper()
	eventually(t, "Redis has settled", func() bool {
		last = call()
		return last.Status != 503
	})
	return last
}
