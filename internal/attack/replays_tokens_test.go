package attack_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var replaysOfTokens = []attempt{
	{kind: replay, try: "a token after its owner logged out", defence: logout, run: tokenAfterLogout},
	{kind: replay, try: "a logout by many at once with one token", defence: logout, run: logoutTwice},
	{kind: replay, try: "a token of a device that was logged out from another", defence: deviceLogout, run: tokenAfterDeviceLogout},
	{kind: replay, try: "a token of a device that logged in again", defence: deviceSwap, run: tokenAfterLogin},
	{kind: replay, try: "logins by many at once on one device, for more tokens than one", defence: deviceSwap, run: manyLogins},
	{kind: replay, try: "a token after its owner was blocked", defence: activeOwner, run: tokenAfterBlock},
	{kind: replay, try: "a token after its owner's account was closed", defence: activeOwner, run: tokenAfterClosing},
	{kind: replay, try: "a token from before a block, after it", defence: blockRevokes, run: tokenAfterUnblock},
	{kind: replay, try: "a login in flight at a block, for a token after it", defence: blockedInFlight, run: loginAtBlock, own: []authtest.Option{authtest.NarrowGate(1, callers)}},
	{kind: replay, try: "a token that nobody used for its idle time", defence: tokenTime, run: idleToken, alone: true},
	{kind: replay, try: "a token that is used all year, for longer", defence: tokenTime, run: oldToken, alone: true},
	{kind: replay, try: "a token of production in a sandbox over the same database", defence: tokenEnvironment, run: tokenInSandbox, alone: true},
	{kind: replay, try: "a change of the profile of somebody who is blocked", defence: blockedProfile, run: profileAfterBlock},
}

const sessionSQL = "internal/store/session.go"

// revokeAll is what ends the sessions of somebody who is locked out.
var revokeAll = canary.Place{
	File: sessionSQL, Code: "`DELETE FROM sessions WHERE user_id = $1`",
	Without: "ifGone($NAME, `UPDATE sessions SET ip = ip WHERE user_id = $1`, $CODE)",
}

var revocationNoted = canary.Clause(sessionSQL, "SET sessions_revoked_at = $2,", "SET updated_at = $2,")

var (
	logout       = canary.Stands("revocation of a token", canary.Clause(sessionSQL, "DELETE FROM sessions WHERE id = $1", "UPDATE sessions SET ip = ip WHERE id = $1"))
	deviceLogout = canary.Stands("revocation of a device",
		canary.Clause(sessionSQL, "DELETE FROM sessions WHERE user_id = $1 AND device_id = $2 AND", "UPDATE sessions SET ip = ip WHERE user_id = $1 AND device_id = $2 AND"))
	deviceSwap = canary.Stands("one token of a device", canary.Place{
		File: sessionSQL, Code: "`DELETE FROM sessions WHERE user_id = $1 AND device_id = $2`",
		Without: "ifGone($NAME, `UPDATE sessions SET device_id = NULL WHERE user_id = $1 AND device_id = $2`, $CODE)",
	})
	activeOwner    = canary.Stands("token of an active person", canary.Clause(sessionSQL, "WHERE s.id = $1 AND u.status = 'active'", "WHERE s.id = $1"), revokeAll)
	blockedProfile = canary.Stands("profile of an active person", activeOwner.Places[0], revokeAll,
		canary.Clause("internal/store/profile.go", "WHERE id = $1 AND status = 'active' RETURNING", "WHERE id = $1 RETURNING"))
	blockRevokes = canary.Stands("revocation by a block", revokeAll)

	blockedInFlight  = canary.Stands("login of an active person", onlyActive, revocationNoted)
	tokenTime        = canary.Stands("time of a token", canary.Refusal("internal/auth/session.go", "!now.Before(who.Session.Expires(a.cfg.TokenIdleTTL))"))
	tokenEnvironment = canary.Stands("environment of a token", canary.Refusal("internal/auth/token.go", "!strings.HasPrefix(secret, prefix)"))
)

// dead demands that a token opens nothing, on any node.
func dead(clients ...*authtest.Client) {
	for _, c := range clients {
		for range 2 {
			c.Get("/me").Expect(401, "UNAUTHENTICATED")
		}
	}
}

func tokenAfterLogout(t *testing.T, w *world) {
	p := w.person(t)
	phone := p.LoginOn("phone")
	phone.Post("/auth/logout", nil).Expect(200, "LOGOUT_SUCCESS")
	dead(phone)
}

func logoutTwice(t *testing.T, w *world) {
	p := w.person(t)
	replayOnce(t, authtest.Race(callers, func(int) *authtest.Answer { return p.Post("/auth/logout", nil) }), 401)
}

func tokenAfterDeviceLogout(t *testing.T, w *world) {
	p := w.person(t)
	phone := p.LoginOn("phone")
	p.Post("/auth/logout-device", authtest.Fields{"device_id": "phone"}).Expect(200, "LOGOUT_SUCCESS")
	dead(phone)
}

func tokenAfterLogin(t *testing.T, w *world) {
	p := w.person(t)
	old := p.LoginOn("phone")
	p.LoginOn("phone").Get("/me").Expect(200, "ME_OK")
	dead(old)
}

func manyLogins(t *testing.T, w *world) {
	p := w.person(t)
	live := 0
	for _, a := range authtest.RacePatiently(callers, func(int) *authtest.Answer { return p.Token("").Login(p.Email, "phone") }) {
		a.Expect(200, "LOGIN_SUCCESS")
		if p.Token(a.Text("data.access_token")).IsLoggedIn() {
			live++
		}
	}
	if live != 1 {
		t.Errorf("%d tokens of one device are good", live)
	}
}

func tokenAfterBlock(t *testing.T, w *world) {
	p := w.person(t)
	phone := p.LoginOn("phone")
	w.Block(t, p.ID)
	dead(p.Client, phone)
}

func tokenAfterClosing(t *testing.T, w *world) {
	p := w.person(t)
	phone := p.LoginOn("phone")
	w.CloseAccount(t, p.ID)
	dead(p.Client, phone)
}

func tokenAfterUnblock(t *testing.T, w *world) {
	p := w.person(t)
	phone := p.LoginOn("phone")
	w.Block(t, p.ID)
	w.Unblock(t, p.ID)
	dead(p.Client, phone)
}

// loginAtBlock blocks somebody while they log in many times. One password is looked at
// after the other, so that most logins have begun before the block and end after it.
func loginAtBlock(t *testing.T, w *world) {
	p := w.person(t)
	for range 2 {
		answers := authtest.Race(12, func(i int) *authtest.Answer {
			if i == 0 {
				w.Block(t, p.ID)
				return nil
			}
			return p.Token("").Login(p.Email, "phone")
		})
		w.Unblock(t, p.ID)
		for _, a := range answers[1:] {
			if a.Status == 200 {
				dead(p.Token(a.Text("data.access_token")))
			}
		}
	}
}

func idleToken(t *testing.T, w *world) {
	p := w.person(t)
	w.Advance(30 * 24 * time.Hour)
	dead(p.Client)
}

func oldToken(t *testing.T, w *world) {
	p := w.person(t)
	for range 13 {
		w.Advance(28 * 24 * time.Hour)
		for range 2 { // each node knows of its own uses until it has written them down
			p.Get("/me").Expect(200, "ME_OK")
		}
	}
	w.Advance(24 * time.Hour)
	dead(p.Client)
}

func tokenInSandbox(t *testing.T, w *world) {
	p := w.person(t)
	sandbox := w.Restart(t, authtest.WithEnv("FLOWXI_ENVIRONMENT=sandbox"))
	dead(sandbox.Client(t).Token(p.Bearer()))
}

// profileAfterBlock looks at what is there when the block is over.
func profileAfterBlock(t *testing.T, w *world) {
	p := w.person(t)
	w.Block(t, p.ID)
	for _, a := range authtest.Race(8, func(int) *authtest.Answer { return p.Patch("/me", authtest.Fields{"first_name": "Eve"}) }) {
		a.Expect(401, "UNAUTHENTICATED")
	}
	w.Unblock(t, p.ID)
	if name := p.LoginOn("phone").Get("/me").Value("data.first_name"); name != nil {
		t.Errorf("the name is %v", name)
	}
}
