package attack_test

import (
	"testing"

	"flowxi.app/flowxi/internal/authtest"
)

var replays = []attempt{
	{kind: replay, try: "a link spent twice", defence: linkOnce, run: linkTwice},
}

var linkOnce = stands("single use of a link",
	clause("internal/store/registration.go", "WHERE email = $1 AND status = 'pending'", "WHERE email = $1"),
	clause("internal/store/registration.go", "SELECT l.used_at = 0 AND", "SELECT u.id > 0 OR u.id <= 0 AND"),
	clause("internal/store/registration.go", "WHERE digest = $1 AND used_at = 0 AND expires_at > $3", "WHERE digest = $1 AND expires_at > $3"),
	clause("internal/store/registration.go", "(SELECT u.id FROM users u WHERE u.email = $2 AND u.status = 'pending')", "(SELECT u.id FROM users u WHERE u.email = $2)"))

func linkTwice(t *testing.T, w *world) {
	c, email := w.stranger(t), w.email()
	token := c.SendLink(email)
	won := 0
	for _, a := range authtest.Race(8, func(int) *authtest.Answer { return c.SetPasswordByLink(email, token) }) {
		if a.Status == 200 {
			won++
			continue
		}
		a.Expect(410, "MAGIC_LINK_EXPIRED")
	}
	if won != 1 {
		t.Errorf("a link was spent %d times", won)
	}
}
