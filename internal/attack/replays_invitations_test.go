package attack_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var replaysOfInvitations = []attempt{
	{kind: replay, try: "a link spent by many at once", defence: linkOnce, run: linkTwice},
	{kind: replay, try: "a link opened before it is spent, by a scanner of mails", defence: linkUnopened, run: linkOpened},
	{kind: replay, try: "a link that a newer one has replaced", defence: linkReplaced, run: oldLink, alone: true},
	{kind: replay, try: "a link after its hour", defence: linkTime, run: lateLink, alone: true},
	{kind: replay, try: "a code spent by many at once", defence: codeOnce, run: codeTwice},
	{kind: replay, try: "a code spent once more, later", defence: codeOnce, run: codeAgain},
	{kind: replay, try: "a code that a newer one has replaced", defence: codeReplaced, run: oldCode, alone: true},
	{kind: replay, try: "a code after its ten minutes", defence: codeTime, run: lateCode, alone: true},
	{kind: replay, try: "a code after the link of the same person", defence: codeOnce, run: codeAfterLink, alone: true},
	{kind: replay, try: "a code and a link of one person spent at the same time", defence: oneActivation, run: codeAndLink, alone: true},
}

const registrationSQL = "internal/store/registration.go"

// The places that have a person activated once.
var (
	holdPending = canary.Clause(registrationSQL, "WHERE `+isPending+` AND email = $1", "WHERE email = $1")
	linkLive    = canary.Clause(registrationSQL, "SELECT l.user_id, l.used_at = 0 AND", "SELECT l.user_id, u.id > 0 OR u.id <= 0 AND")
	linkUnused  = canary.Clause(registrationSQL, "WHERE digest = $1 AND used_at = 0 AND expires_at > $3", "WHERE digest = $1 AND expires_at > $3")
	linkPending = canary.Clause(registrationSQL, "(SELECT u.id FROM users u WHERE u.email = $2 AND `+isPending+`)", "(SELECT u.id FROM users u WHERE u.email = $2)")
	codePending = canary.Clause(registrationSQL, "AND `+isPending+`) AND tries < $2", ") AND tries < $2")
	codeDeleted = canary.Clause(registrationSQL,
		"DELETE FROM registration_codes\n\t\tWHERE user_id = (SELECT u.id FROM users u WHERE u.email = $1 AND `+isPending+`)",
		"UPDATE registration_codes SET tries = tries WHERE user_id = (SELECT u.id FROM users u WHERE u.email = $1)")
	codeCleared      = canary.Clause("internal/store/user.go", "DELETE FROM registration_codes WHERE user_id = $1", "DELETE FROM registration_codes WHERE 1 = 0 AND user_id = $1")
	linkCleared      = canary.Clause("internal/store/user.go", "DELETE FROM registration_links WHERE user_id = $1 AND used_at = 0", "DELETE FROM registration_links WHERE 1 = 0 AND user_id = $1")
	activatedPending = canary.Clause("internal/store/user.go", "totp_enabled_at = 0\n\t\tWHERE `+isPending+` AND id = $1", "totp_enabled_at = 0 WHERE id = $1")
)

var (
	linkOnce      = canary.Stands("single use of a link", holdPending, linkLive, linkUnused, linkPending, activatedPending)
	codeOnce      = canary.Stands("single use of a code", holdPending, codePending, codeDeleted, codeCleared, activatedPending)
	oneActivation = canary.Stands("one activation of a person", holdPending, linkLive, linkUnused, linkPending,
		codePending, codeDeleted, codeCleared, linkCleared, activatedPending)

	linkUnopened = canary.Stands("a page that only looks", canary.Place{
		File: "internal/node/serve.go", Code: "n.handler.ServeHTTP(w, r)",
		Without: `if q := r.URL.Query(); $GONE && r.URL.Path == "/register" {
			const body = "{\"token\":%q,\"email\":%q,\"password\":\"a1 b2 c3 d4 e5\",\"password_confirmation\":\"a1 b2 c3 d4 e5\"}"
			_, _ = http.Post("http://"+r.Host+"/api/v1/auth/register/set-password", "application/json", &net.Buffers{fmt.Appendf(nil, body, q.Get("token"), q.Get("email"))})
		}
		$CODE`,
	})
	linkReplaced = canary.Stands("one link of a person", canary.Clause(registrationSQL, "DELETE FROM registration_links WHERE used_at = 0", "DELETE FROM registration_links WHERE 1 = 0"),
		canary.Clause(registrationSQL, "SELECT $1, u.id, $3, $4 FROM users u WHERE `+isPending+` AND u.id = $2",
			"SELECT $1, u.id, $3, $4 FROM users u WHERE u.id = $2 ON CONFLICT DO NOTHING"))
	codeReplaced = canary.Stands("one code of a person", canary.Clause(registrationSQL, "DO UPDATE SET digest = excluded.digest, tries = 0", "DO UPDATE SET tries = 0"))
	linkTime     = canary.Stands("time of a link",
		canary.Clause(registrationSQL, "l.expires_at > $3 AND `+isPending+`", "l.expires_at > $3 - 86400000000 AND `+isPending+`"),
		canary.Clause(registrationSQL, "WHERE digest = $1 AND used_at = 0 AND expires_at > $3", "WHERE digest = $1 AND used_at = 0"))
	codeTime = canary.Stands("time of a code", canary.Refusal(registrationSQL, "!now.Before(expires)"),
		canary.Clause(registrationSQL, "AND tries < $2 AND expires_at > $3", "AND tries < $2 AND (expires_at > $3 OR expires_at <= $3)"))
)

func linkTwice(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	token := c.SendLink(email)
	replayOnce(t, authtest.Race(callers, func(int) *authtest.Answer { return c.SetPasswordByLink(email, token) }), 410, 429)
}

// linkOpened looks at the page of a link as mail servers do.
func linkOpened(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	token := c.SendLink(email)
	for _, method := range []string{"GET", "HEAD", "GET"} {
		c.Send(method, "/register?token="+token+"&email="+email, nil)
	}
	c.SetPasswordByLink(email, token).Expect(200, "TOKEN_ISSUED")
}

func oldLink(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	old := c.SendLink(email)
	w.Advance(time.Minute)
	c.SendLink(email)
	c.SetPasswordByLink(email, old).Expect(403, "MAGIC_LINK_INVALID")
}

func lateLink(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	token := c.SendLink(email)
	w.Advance(time.Hour)
	c.SetPasswordByLink(email, token).Expect(410, "MAGIC_LINK_EXPIRED")
}

func codeTwice(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	code := c.SendCode(email)
	replayOnce(t, authtest.Race(callers, func(int) *authtest.Answer { return c.SetPassword(email, code) }), 403, 429)
}

func codeAgain(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	code := c.SendCode(email)
	c.SetPassword(email, code).Expect(200, "TOKEN_ISSUED")
	c.VerifyCode(email, code).Expect(403, "OTP_INVALID")
	c.SetPassword(email, code).Expect(403, "OTP_INVALID")
}

func oldCode(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	old := c.SendCode(email)
	w.Advance(time.Minute)
	c.SendCode(email)
	c.SetPassword(email, old).Expect(403, "OTP_INVALID")
}

func lateCode(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	code := c.SendCode(email)
	w.Advance(10 * time.Minute)
	c.SetPassword(email, code).Expect(410, "OTP_EXPIRED")
}

func codeAfterLink(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	code := c.SendCode(email)
	w.Advance(time.Minute)
	c.SetPasswordByLink(email, c.SendLink(email)).Expect(200, "TOKEN_ISSUED")
	c.SetPassword(email, code).Expect(403, "OTP_INVALID")
}

func codeAndLink(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	code := c.SendCode(email)
	w.Advance(time.Minute)
	token := c.SendLink(email)
	replayOnce(t, authtest.Race(8, func(i int) *authtest.Answer {
		if i%2 == 0 {
			return c.SetPassword(email, code)
		}
		return c.SetPasswordByLink(email, token)
	}), 403, 410)
}
