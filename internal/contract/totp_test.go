package contract_test

import (
	"encoding/base32"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

func TestTOTP_IsThatOfTheRFC(t *testing.T) {
	t.Parallel()
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte("12345678901234567890"))
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 20000000000: "353130"} {
		if got := authtest.TOTP(secret, time.Unix(at, 0)); got != want {
			t.Errorf("at %d the code is %s, want %s", at, got, want)
		}
	}
}

// authenticator is the app on somebody's phone.
type authenticator struct {
	srv    *authtest.Server
	secret string
}

// enroll switches the second factor of a person on.
func enroll(t authtest.TB, srv *authtest.Server, c *authtest.Client) authenticator {
	t.Helper()
	a := authenticator{srv, c.Get("/auth/2fa/status").Expect(200, "TWOFA_STATUS").Text("secret")}
	c.Post("/auth/2fa/enable", Fields{"code": a.next()}).Expect(200, "TWOFA_ENABLED")
	return a
}

// at is the code of the time step that is so many steps from now.
func (a authenticator) at(steps int) string {
	return authtest.TOTP(a.secret, a.srv.Now().Add(time.Duration(steps)*30*time.Second))
}

// next waits for the next time step and returns its code.
func (a authenticator) next() string {
	a.srv.Advance(30 * time.Second)
	return a.at(0)
}

// wrong is a code of none of the steps that could be accepted.
func (a authenticator) wrong() string {
	code := a.at(0)
	for code == a.at(-1) || code == a.at(0) || code == a.at(1) {
		code = authtest.OtherCode(code)
	}
	return code
}
