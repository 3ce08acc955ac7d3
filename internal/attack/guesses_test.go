package attack_test

import (
	"testing"

	"flowxi.app/flowxi/internal/authtest"
)

var guesses = []attempt{
	{kind: guessing, try: "a sixth guess at a code after five wrong ones", defence: codeTries, run: sixthCode},
}

var codeTries = stands("tries of a code",
	clause("internal/store/registration.go", "AND u.status = 'pending') AND tries < $2", "AND u.status = 'pending') AND (tries < $2 OR tries >= $2)"),
	clause("internal/store/registration.go", "AND tries < $2 AND expires_at > $3", "AND (tries < $2 OR tries >= $2) AND expires_at > $3"))

func sixthCode(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	code := c.SendCode(email)
	for _, a := range authtest.Race(5, func(int) *authtest.Answer { return c.SetPassword(email, another(code)) }) {
		a.Expect(403, "OTP_INVALID")
	}
	c.SetPassword(email, code).Expect(403, "OTP_INVALID")
}

// another returns a code that differs from a given one.
func another(code string) string {
	if code[0] == '9' {
		return "0" + code[1:]
	}
	return string(code[0]+1) + code[1:]
}
