package contract_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

func TestSection09_Status_DisabledShowsAPendingSecret(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		status := srv.Client(t).Register(ada).Get("/auth/2fa/status").Expect(200, "TWOFA_STATUS").Matches(
			`{"message": "$text", "code": "TWOFA_STATUS", "enabled": false, "email": "ada@example.com",
			  "secret": "$text", "otpauth_uri": "$text", "issuer": "Flowxi", "expires_in": "$int"}`)
		secret := status.Text("secret")
		if !regexp.MustCompile(`^[A-Z2-7]{26,}$`).MatchString(secret) {
			status.Fail("the secret is not 128 bits of base32")
		}
		uri, err := url.Parse(status.Text("otpauth_uri"))
		if err != nil || uri.Scheme != "otpauth" || uri.Host != "totp" || uri.Path != "/Flowxi:"+ada {
			status.Fail("the URI is not of Flowxi and ada: %v", err)
		}
		if uri.Query().Get("secret") != secret || uri.Query().Get("issuer") != "Flowxi" {
			status.Fail("the URI has another secret or issuer")
		}
		if left := status.Int("expires_in"); left < 590 || left > 600 {
			status.Fail("expires_in is %d, want some 600", left)
		}
	})
}

func TestSection09_Status_ReusesThePendingSecretWhileItIsValid(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		first := person.Get("/auth/2fa/status")
		srv.Advance(5 * time.Minute)
		second := person.Get("/auth/2fa/status")
		if second.Text("secret") != first.Text("secret") {
			second.Fail("the secret changed while it was valid")
		}
		if left := second.Int("expires_in"); left < 290 || left > 300 {
			second.Fail("expires_in is %d, want the seconds left, some 300", left)
		}
		srv.Advance(5*time.Minute + time.Second)
		if third := person.Get("/auth/2fa/status"); third.Text("secret") == first.Text("secret") || third.Int("expires_in") < 590 {
			third.Fail("this is not a new secret")
		}
	})
}

func TestSection09_Status_SecretsAreOfOnePersonAlone(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		hers := srv.Client(t).Register(ada).Get("/auth/2fa/status")
		his := srv.Client(t).Register(bob).Get("/auth/2fa/status")
		if hers.Text("secret") == his.Text("secret") {
			his.Fail("two people have one secret")
		}
	})
}

func TestSection09_Status_EnabledShowsNoSecretEverAgain(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		laptop, app := withTwoFA(t, srv)
		status := laptop.Locale("en").Get("/auth/2fa/status").Expect(200, "TWOFA_STATUS").Matches(
			`{"message": "2FA is enabled.", "code": "TWOFA_STATUS", "enabled": true, "email": "ada@example.com",
			  "secret": null, "otpauth_uri": null, "issuer": "Flowxi", "expires_in": null}`)
		if strings.Contains(string(status.Body), app.secret) {
			status.Fail("the secret is shown")
		}
	})
}

func TestSection09_Enable_AnswerAndSessionsStay(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		phone, tablet := person.LoginOn("phone"), person.LoginOn("tablet")
		app := authenticator{srv, phone.Get("/auth/2fa/status").Text("secret")}
		twoFA(phone, "enable", app.at(0)).Expect(200, "TWOFA_ENABLED").Matches(`{"message": "$text", "code": "TWOFA_ENABLED", "success": true}`)
		for _, c := range []*authtest.Client{phone, tablet, person.Client} {
			me := c.Get("/me").Expect(200, "ME_OK")
			if me.Value("data.twofa_enabled") != true {
				me.Fail("twofa_enabled is not true")
			}
		}
	})
}

func TestSection09_Enable_WrongCodeKeepsThePendingSecret(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		app := authenticator{srv, person.Get("/auth/2fa/status").Text("secret")}
		twoFA(person.Client, "enable", app.wrong()).Expect(403, "TWOFA_INVALID_CODE")
		if person.Get("/me").Value("data.twofa_enabled") != false {
			t.Error("a wrong code enabled it")
		}
		twoFA(person.Client, "enable", app.at(0)).Expect(200, "TWOFA_ENABLED")
	})
}

func TestSection09_Enable_WithoutAPendingSecretIsGone(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		twoFA(person.Client, "enable", "123456").Expect(410, "TWOFA_ENROLLMENT_EXPIRED")
	})
}

func TestSection09_Enable_WithAnExpiredSecretIsGone(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		person := srv.Client(t).Register(ada)
		app := authenticator{srv, person.Get("/auth/2fa/status").Text("secret")}
		srv.Advance(10*time.Minute + time.Second)
		twoFA(person.Client, "enable", app.at(0)).Expect(410, "TWOFA_ENROLLMENT_EXPIRED")
	})
}

func TestSection09_Enable_WhenOnIsAConflict(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		laptop, app := withTwoFA(t, srv)
		twoFA(laptop, "enable", app.next()).Expect(409, "TWOFA_ALREADY_ENABLED")
		twoFA(laptop, "enable", app.wrong()).Expect(409, "TWOFA_ALREADY_ENABLED")
	})
}

func TestSection09_Enable_ClearsThePendingSecret(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		laptop, app := withTwoFA(t, srv)
		twoFA(laptop, "disable", app.next()).Expect(200, "TWOFA_DISABLED")
		twoFA(laptop, "enable", app.next()).Expect(410, "TWOFA_ENROLLMENT_EXPIRED")
		if status := laptop.Get("/auth/2fa/status"); status.Text("secret") == app.secret {
			status.Fail("the old secret is offered again")
		}
	})
}

func TestSection09_Enable_ByManyAtOnceTellsTheLosersThatItIsOn(t *testing.T) {
	onEachWith(t, withoutLimits, func(t *testing.T, srv *authtest.Server) {
		laptop := srv.Client(t).Register(ada).LoginOn("laptop")
		app := authenticator{srv, laptop.Get("/auth/2fa/status").Expect(200, "TWOFA_STATUS").Text("secret")}
		code := app.next()
		answers := authtest.RacePatiently(racers, func(int) *authtest.Answer { return laptop.Post("/auth/2fa/enable", Fields{"code": code}) })
		won := onlyOne(t, answers)
		for _, a := range answers {
			if a != won {
				a.Expect(409, "TWOFA_ALREADY_ENABLED")
			}
		}
	})
}
