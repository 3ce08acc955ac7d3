package attack_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

// state is what a stranger would like to know of an address.
type state string

// The states, and all of them.
const (
	isUnknown state = "unknown"
	isPending state = "pending"
	isInvited state = "invited just now"
	isActive  state = "active"
	isSecured state = "active with a second factor"
	isBlocked state = "blocked"
	isClosed  state = "closed"
)

var everyState = []state{isUnknown, isInvited, isPending, isActive, isSecured, isBlocked, isClosed}

// inState returns an address of that state, which nobody has asked about.
func (w *world) inState(t *testing.T, s state) (email string) {
	t.Helper()
	email = w.email()
	switch s {
	case isUnknown:
	case isPending, isInvited:
		w.stranger(t).SendCode(email)
	case isActive:
		w.stranger(t).Register(email)
	case isSecured:
		w.secure(t, w.stranger(t).Register(email).Client)
	case isBlocked:
		w.Block(t, w.stranger(t).Register(email).ID)
	case isClosed:
		w.CloseAccount(t, w.stranger(t).Register(email).ID)
	}
	return email
}

// authenticator is the app on somebody's phone.
type authenticator struct {
	w      *world
	secret string
}

// secure turns the second factor of a person on.
func (w *world) secure(t *testing.T, c *authtest.Client) authenticator {
	t.Helper()
	a := authenticator{w, c.Get("/auth/2fa/status").Expect(200, "TWOFA_STATUS").Text("secret")}
	c.Post("/auth/2fa/enable", authtest.Fields{"code": a.at(0)}).Expect(200, "TWOFA_ENABLED")
	return a
}

// at is the code of the time step that is so many steps from now. The one of now was
// used to turn the factor on.
func (a authenticator) at(steps int) string {
	return authtest.TOTP(a.secret, a.w.Now().Add(time.Duration(steps)*30*time.Second))
}

// wrong is a code of no step near now.
func (a authenticator) wrong() string {
	code := a.at(0)
	for code == a.at(-2) || code == a.at(-1) || code == a.at(0) || code == a.at(1) || code == a.at(2) {
		code = authtest.OtherCode(code)
	}
	return code
}

const (
	sendCode    = "/register-email-code/send"
	resendCode  = "/register-email-code/resend"
	sendLink    = "/auth/register-email"
	resendLink  = "/register-email/resend"
	wrongSecret = "wrong password 1"
)

// ask sends an address to a call that asks for nothing else.
func ask(c *authtest.Client, path, email string) *authtest.Answer {
	return c.Post(path, authtest.Fields{"email": email})
}

// failLogin tries a login with a wrong password.
func failLogin(c *authtest.Client, email, device string) *authtest.Answer {
	return c.Post("/auth/login", authtest.LoginFields(email, device).With("password", wrongSecret))
}

// stepOne is the challenge of a login with the right password.
func stepOne(c *authtest.Client, email, device string) (challenge string) {
	return c.Login(email, device).Expect(200, "TWOFA_REQUIRED").Text("data.challenge_id")
}

// stepTwo answers a challenge.
func stepTwo(c *authtest.Client, challenge, code, device string) *authtest.Answer {
	return c.Post("/auth/login/2fa", authtest.Fields{"challenge_id": challenge, "code": code, "device_id": device})
}

// mailsAfter counts the mails to an address, after a mail to somebody else that was
// asked for later has come.
func (w *world) mailsAfter(t *testing.T, email string) int {
	t.Helper()
	c := w.stranger(t)
	c.SendCode(w.email())
	return len(c.Mails(email))
}

// told is all that an answer tells: status, headers and body, but for what differs from
// request to request anyway, and for the seconds that are left of a limit: they differ by
// how long the requests before took, which others who measure time have to judge.
func told(a *authtest.Answer) string {
	header := a.Header.Clone()
	header.Del("Date")
	header.Del("X-Request-Id")
	for _, name := range []string{"Retry-After", "RateLimit-Reset"} {
		if left, err := strconv.Atoi(header.Get(name)); err == nil {
			header.Set(name, strconv.Itoa((left+30)/60)+" minutes")
		}
	}
	var text strings.Builder
	_ = header.Write(&text)
	return http.StatusText(a.Status) + "\n" + text.String() + string(a.Body)
}

// has counts the answers with a status.
func has(answers []*authtest.Answer, status int) (n int) {
	for _, a := range answers {
		if a.Status == status {
			n++
		}
	}
	return n
}
