package attack_test

import (
	"context"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
	"flowxi.app/flowxi/internal/node"
)

var floodsOfRows = []attempt{
	{kind: wearing, try: "people who are made by asking for a code again", defence: resendsMakeNobody, run: resendFlood},
	{kind: wearing, try: "rows of people who never finish", defence: pendingSwept, run: pendingFlood, alone: true},
	{kind: wearing, try: "rows of tokens that have ended", defence: sessionsSwept, run: sessionFlood, alone: true},
	{kind: wearing, try: "rows of the audit trail, for ever", defence: auditSwept, run: auditFlood, alone: true},
}

var (
	resendsMakeNobody = canary.Stands("resends to somebody", canary.Place{File: "internal/auth/register.go", Code: "if !resend {", Without: "if $GONE || !resend {"})
	pendingSwept      = canary.Stands("sweep of people", canary.Clause("internal/store/user.go", "u.status = 'pending' AND u.updated_at < $1", "1 = 0 AND u.updated_at < $1"))
	sessionsSwept     = canary.Stands("sweep of tokens", canary.Clause(sessionSQL, "WHERE expires_at <= $1 OR last_used_at <= $2 LIMIT $3", "WHERE 1 = 0 AND (expires_at <= $1 OR last_used_at <= $2) LIMIT $3"))
	auditSwept        = canary.Stands("sweep of the audit trail", canary.Clause("internal/store/audit.go", "DELETE FROM audit_events WHERE id IN (", "DELETE FROM audit_events WHERE 1 = 0 AND id IN ("))
)

func resendFlood(t *testing.T, w *world) {
	for path, code := range map[string]string{"/register-email-code/resend": "OTP_SENT", "/register-email/resend": "MAGIC_LINK_SENT"} {
		email := w.email()
		w.stranger(t).Post(path, authtest.Fields{"email": email}).Expect(200, code)
		if id := w.UserID(t, email); id != 0 {
			t.Errorf("%s made user %d", path, id)
		}
	}
}

// age sets the clock of a server back to so long ago, as the sweep has it.
func (w *world) age(ago time.Duration) { w.Advance(time.Now().Add(-ago).Sub(w.Now())) }

// administer looks at what the server keeps, as its operator can.
func administer(t *testing.T, w *world, look func(ctx context.Context, a *node.Admin)) {
	t.Helper()
	admin, err := node.OpenAdmin(t.Context(), w.Config(t), "operator:test")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	}()
	look(t.Context(), admin)
}

func pendingFlood(t *testing.T, w *world) {
	w.age(31 * 24 * time.Hour)
	byCode, byLink := w.email(), w.email()
	w.stranger(t).SendCode(byCode)
	w.stranger(t).SendLink(byLink)
	w.Sweep(t)
	for _, email := range []string{byCode, byLink} {
		if id := w.UserID(t, email); id != 0 {
			t.Errorf("%s is still user %d", email, id)
		}
	}
}

func sessionFlood(t *testing.T, w *world) {
	w.age(366 * 24 * time.Hour)
	p := w.person(t)
	for _, device := range []string{"phone", "tablet"} {
		p.LoginOn(device)
	}
	w.Sweep(t)
	administer(t, w, func(ctx context.Context, a *node.Admin) {
		list, err := a.Store.Sessions(ctx, account.UserID(p.ID), time.Unix(1, 0), time.Unix(1, 0))
		if err != nil || len(list) != 0 {
			t.Errorf("%d tokens are left, error %v", len(list), err)
		}
	})
}

func auditFlood(t *testing.T, w *world) {
	w.age(401 * 24 * time.Hour)
	p := w.person(t)
	p.Token("").Post("/auth/login", authtest.LoginFields(p.Email, "phone").With("password", "wrong")).Expect(401, "INVALID_CREDENTIALS")
	w.Sweep(t)
	administer(t, w, func(ctx context.Context, a *node.Admin) {
		list, err := a.Events(ctx, account.UserID(p.ID), 10)
		if err != nil || len(list) != 0 {
			t.Errorf("%d events are left, error %v", len(list), err)
		}
	})
}
