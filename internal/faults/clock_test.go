package faults_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

// The preset life of a code and of a login that waits for its second factor.
const (
	codeLife      = 10 * time.Minute
	challengeLife = 5 * time.Minute
)

// TestAStepOfTheClockLosesNothing steps the clock while people register and log in.
func TestAStepOfTheClockLosesNothing(t *testing.T) {
	for name, step := range map[string]time.Duration{"an hour back": -time.Hour, "a day forward": 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			authtest.Engines(t, func(t *testing.T, e authtest.Engine) {
				srv := authtest.Start(t, e, authtest.FastHash())
				before := srv.Client(t).Register("before@example.com")
				device := before.LoginOn("phone")
				code := srv.Client(t).SendCode("waiting@example.com")
				challenged := challengeOf(t, srv, "challenged@example.com")

				var crowd sync.WaitGroup
				people := make([]*settler, 6)
				for i := range people {
					people[i] = &settler{srv: srv, t: t, name: fmt.Sprintf("settler.%d", i)}
					crowd.Go(people[i].settle)
				}
				time.Sleep(200 * time.Millisecond)
				srv.Advance(step)
				crowd.Wait()

				if !before.IsLoggedIn() || !device.IsLoggedIn() {
					t.Error("a token is lost")
				}
				before.LoginOn("another phone")
				for _, p := range people {
					for _, token := range p.tokens {
						if !srv.Client(t).Token(token).IsLoggedIn() {
							t.Errorf("%s: a token is lost", p.name)
						}
					}
				}
				if step > 0 {
					srv.Client(t).VerifyCode("waiting@example.com", code).Expect(410, "OTP_EXPIRED")
					challenged().Expect(410, "TWOFA_CHALLENGE_EXPIRED")
					return
				}
				srv.Client(t).VerifyCode("waiting@example.com", code).Expect(200, "OTP_VALID")
				challenged().Expect(403, "TWOFA_INVALID_CODE")
				srv.Advance(-step + challengeLife + time.Second)
				challenged().Expect(410, "TWOFA_CHALLENGE_EXPIRED")
				srv.Advance(codeLife - challengeLife)
				srv.Client(t).VerifyCode("waiting@example.com", code).Expect(410, "OTP_EXPIRED")
			})
		})
	}
}

// challengeOf has a person with a second factor wait for it, and returns what tries a
// wrong code: the answer tells whether the login still waits.
func challengeOf(t *testing.T, srv *authtest.Server, email string) (try func() *authtest.Answer) {
	t.Helper()
	p := srv.Client(t).Register(email)
	secret := p.Get("/auth/2fa/status").Expect(200, "TWOFA_STATUS").Text("secret")
	p.Post("/auth/2fa/enable", authtest.Fields{"code": authtest.TOTP(secret, srv.Now())}).Expect(200, "TWOFA_ENABLED")
	id := srv.Client(t).Login(email, "phone").Expect(200, "TWOFA_REQUIRED").Text("data.challenge_id")
	wrong := authtest.TOTP(secret, srv.Now().Add(-1000*time.Hour))
	return func() *authtest.Answer {
		return srv.Client(t).Post("/auth/login/2fa", authtest.Fields{"challenge_id": id, "code": wrong, "device_id": "phone"})
	}
}

// settler registers several times and logs in each time, whatever the clock does.
type settler struct {
	srv    *authtest.Server
	t      *testing.T
	name   string
	tokens []string
}

func (s *settler) settle() {
	for i := range 6 {
		email := fmt.Sprintf("%s.%d@example.com", s.name, i)
		if !s.register(email) {
			s.t.Errorf("%s cannot register", email)
			return
		}
		s.tokens = append(s.tokens, s.srv.Client(s.t).Login(email, "phone").Expect(200, "LOGIN_SUCCESS").Text("data.access_token"))
	}
}

// register asks for another code where one has expired on its way, or where its mail is
// held back: its time to be sent may lie in what is the future now.
func (s *settler) register(email string) bool {
	c := s.srv.Client(s.t)
	tried := 0
	for range 3 {
		c.Post("/register-email-code/send", authtest.Fields{"email": email}).Expect(200, "OTP_SENT")
		for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			mails := c.Mails(email) // the newest last, which may be of an earlier code: it was held back
			for _, m := range mails[tried:] {
				answer := c.SetPassword(email, m.Code)
				if answer.Status == 200 {
					s.tokens = append(s.tokens, answer.Text("access_token"))
					return true
				}
				if answer.Code() != "OTP_INVALID" {
					answer.Expect(410, "OTP_EXPIRED")
				}
			}
			if len(mails) > tried {
				tried = len(mails)
				break
			}
		}
	}
	return false
}

// TestAStepBackOpensNoLimit has somebody who is held up step the clock.
func TestAStepBackOpensNoLimit(t *testing.T) {
	authtest.Engines(t, func(t *testing.T, e authtest.Engine) {
		srv := authtest.Start(t, e, authtest.FastHash(), authtest.WithLimits())
		srv.Client(t).Register("ada@example.com")
		guess := func() *authtest.Answer {
			return srv.Client(t).Post("/auth/login", authtest.LoginFields("ada@example.com", "stranger").With("password", "wrong wrong wrong"))
		}
		for range 5 {
			guess().Expect(401, "INVALID_CREDENTIALS")
		}
		guess().Expect(429, "TOO_MANY_REQUESTS")
		for range 3 {
			srv.Advance(-20 * time.Minute)
			guess().Expect(429, "TOO_MANY_REQUESTS")
		}
		srv.Advance(time.Hour + 2*time.Minute)
		guess().Expect(401, "INVALID_CREDENTIALS")
	})
}
