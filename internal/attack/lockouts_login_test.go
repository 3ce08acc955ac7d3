package attack_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

// fewRequests lets a token ask ten times a minute.
var fewRequests = []authtest.Option{authtest.WithEnv("FLOWXI_LIMIT_REQUESTS_PER_TOKEN=10/1m")}

var lockoutsOfLogins = []attempt{
	{kind: lockingOut, try: "logins in a storm while the owner logs in on a known device", defence: knownFirst, run: stormBeforeOwner, own: []authtest.Option{authtest.NarrowGate(1, 4)}},
	{kind: lockingOut, try: "wrong second factors for the owner's challenge while the owner logs in, from another network", defence: challengeAddress, run: endChallenge(fromElsewhere)},
	{kind: lockingOut, try: "wrong second factors for the owner's challenge while the owner logs in, from another browser", defence: challengeBrowser, run: endChallenge(fromBrowser)},
	{kind: lockingOut, try: "wrong second factors for the owner's challenge while the owner logs in, from another device", defence: challengeDevice, run: endChallenge(fromDevice)},
	{kind: lockingOut, try: "logins of the stranger's own, to take the place of the owner's challenge", defence: challengesApart, run: replaceChallenge},
	{kind: lockingOut, try: "a made-up secret under the number of the owner's token, to use up its requests", defence: countAfterProof, run: useUpToken, own: fewRequests},
	{kind: lockingOut, try: "wrong codes at the owner's address, to end the link that the owner has", defence: linkApart, run: wrongCodesAgainstLink, alone: true},
	{kind: lockingOut, try: "wrong links at the owner's address, to end the code that the owner has", defence: codeApart, run: wrongLinksAgainstCode},
	{kind: lockingOut, try: "wrong codes of one address, to use up the tries of another", defence: triesOfOneCode, run: triesOfAnother},
	{kind: lockingOut, try: "failed logins, to log the owner out where the owner is", defence: sessionsApart, run: logOutByFailing},
	{kind: lockingOut, try: "a new registration of an active address, to make it pending again", defence: activeStays, run: registerActive, alone: true},
}

var challengesApart = canary.Stands("a challenge for each login", canary.Place{
	File: "internal/auth/login_twofa.go", Code: "id := a.hex(32)\n\tplain, err", Without: "id := ifGone($NAME, \"one challenge for all\", a.hex(32))\n\tplain, err",
})

var countAfterProof = canary.Stands("requests counted after the proof", canary.Place{
	File: "internal/auth/session.go", Code: "who, hash, err := a.store.Identity(ctx, id)",
	Without: "$CODE\n\tif $GONE && err == nil {\n\t\tif err := a.admitToken(ctx, c, id); err != nil {\n\t\t\treturn err\n\t\t}\n\t}",
})

var linkApart = canary.Stands("links that no code can end", canary.Place{
	File: "internal/store/registration.go", Code: "case err != nil || len(rs) == 0",
	Without: "case $GONE && err == nil && len(rs) == 1 && !right:\n\t\t_, err = tx.exec(ctx, \"end links\", `UPDATE registration_links SET used_at = 1 WHERE used_at = 0 AND user_id = (SELECT u.id FROM users u WHERE u.email = $1)`, email)\n\t\treturn CodeWrong, about, err\n\t$CODE",
})

var codeApart = canary.Stands("codes that no link can end", canary.Place{
	File: "internal/auth/register_link.go", Code: "if state != store.LinkLive {",
	Without: "if $GONE && state == store.LinkUnknown {\n\t\t_ = a.store.Tx(ctx, func(tx *store.Tx) error {\n\t\t\t_, _, err := tx.CheckCode(ctx, email, a.codeDigests(email, \"\"), a.cfg.Limits.CodeTries, a.now())\n\t\t\treturn err\n\t\t})\n\t}\n\t$CODE",
})

var triesOfOneCode = canary.Stands("tries of one code",
	canary.Clause("internal/store/registration.go", "THEN 0 ELSE 1 END\n\t\tWHERE user_id = (SELECT", "THEN 0 ELSE 1 END WHERE 0 < (SELECT"))

var sessionsApart = canary.Stands("sessions that no failure ends", canary.Place{
	File: "internal/auth/login.go", Code: "return LoginResult{}, a.refuseLogin(ctx, c, in.Device.ID, who.User.ID)",
	Without: "if $GONE {\n\t\t\t_ = a.store.Tx(ctx, func(tx *store.Tx) error { _, err := tx.RevokeAll(ctx, who.User.ID, a.now()); return err })\n\t\t}\n\t\t$CODE",
})

var activeStays = canary.Stands("active people who stay so",
	canary.Clause("internal/store/user.go", "ON CONFLICT (email) DO NOTHING", "ON CONFLICT (email) DO UPDATE SET status = 'pending'"))

func fromElsewhere(t *testing.T, w *world, _ *authtest.Client) (*authtest.Client, string) {
	return w.stranger(t), "phone"
}

func fromBrowser(_ *testing.T, _ *world, owner *authtest.Client) (*authtest.Client, string) {
	return owner.Header("User-Agent", "Eve"), "phone"
}

func fromDevice(_ *testing.T, _ *world, owner *authtest.Client) (*authtest.Client, string) {
	return owner, "eve"
}

// endChallenge makes an attempt of a stranger who has got hold of the owner's challenge,
// and is somewhere else in one respect.
func endChallenge(elsewhere func(*testing.T, *world, *authtest.Client) (*authtest.Client, string)) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		owner := w.person(t)
		app, c := w.secure(t, owner.Client), w.stranger(t)
		challenge := stepOne(c, owner.Email, "phone")
		stranger, device := elsewhere(t, w, c)
		wrong := app.wrong()
		for range 5 {
			stepTwo(stranger, challenge, wrong, device).Expect(403, "TWOFA_CHALLENGE_MISMATCH")
		}
		answers := authtest.Race(9, func(i int) *authtest.Answer {
			if i == 4 {
				return stepTwo(c, challenge, app.at(1), "phone")
			}
			return stepTwo(stranger, challenge, wrong, device)
		})
		answers[4].Expect(200, "LOGIN_SUCCESS")
	}
}

func replaceChallenge(t *testing.T, w *world) {
	owner, stranger := w.person(t), w.person(t)
	app, c := w.secure(t, owner.Client), w.stranger(t)
	w.secure(t, stranger.Client)
	challenge := stepOne(c, owner.Email, "phone")
	for range 4 {
		stepOne(w.stranger(t), stranger.Email, "phone")
	}
	stepTwo(c, challenge, app.at(1), "phone").Expect(200, "LOGIN_SUCCESS")
}

func useUpToken(t *testing.T, w *world) {
	owner := w.person(t)
	number, _, _ := strings.Cut(owner.Bearer(), "|")
	_, secret, _ := strings.Cut(w.person(t).Bearer(), "|") // which has the form of one
	for range 12 {
		w.stranger(t).Token(number+"|"+secret).Get("/me").Expect(401, "UNAUTHENTICATED")
	}
	for range 8 {
		if !owner.IsLoggedIn() {
			t.Error("the owner's token is of no use")
		}
	}
}

func wrongCodesAgainstLink(t *testing.T, w *world) {
	email := w.email()
	w.stranger(t).SendCode(email)
	w.Advance(61 * time.Second)
	link := w.stranger(t).SendLink(email)
	for range 6 {
		w.stranger(t).VerifyCode(email, wrongCode).Expect(403, "OTP_INVALID")
	}
	w.stranger(t).SetPasswordByLink(email, link).Expect(200, "TOKEN_ISSUED")
}

func wrongLinksAgainstCode(t *testing.T, w *world) {
	email := w.email()
	code := w.stranger(t).SendCode(email)
	for range 6 {
		w.stranger(t).SetPasswordByLink(email, noLink).Expect(403, "MAGIC_LINK_INVALID")
	}
	w.stranger(t).SetPassword(email, code).Expect(200, "TOKEN_ISSUED")
}

func triesOfAnother(t *testing.T, w *world) {
	own, email := w.inState(t, isInvited), w.email()
	code := w.stranger(t).SendCode(email)
	for range 5 {
		w.stranger(t).VerifyCode(own, authtest.OtherCode(code)).Expect(403, "OTP_INVALID")
	}
	w.stranger(t).SetPassword(email, code).Expect(200, "TOKEN_ISSUED")
}

func logOutByFailing(t *testing.T, w *world) {
	owner := w.person(t)
	phone := owner.LoginOn("phone")
	for _, device := range []string{"phone", "eve", "phone"} {
		failLogin(w.stranger(t), owner.Email, device).Expect(401, "INVALID_CREDENTIALS")
	}
	if !phone.IsLoggedIn() || !owner.IsLoggedIn() {
		t.Error("the owner was logged out by the failures of a stranger")
	}
}

func registerActive(t *testing.T, w *world) {
	owner := w.person(t)
	w.Advance(2 * time.Hour)
	for _, path := range []string{sendCode, resendCode, sendLink, resendLink} {
		ask(w.stranger(t), path, owner.Email)
	}
	if !owner.IsLoggedIn() {
		t.Error("a stranger's registration has ended the owner's session")
	}
	owner.LoginOn("phone")
}

var knownFirst = canary.Stands("known devices before strangers", canary.Place{
	File: "internal/auth/login.go", Code: "if who.KnownDevice {", Without: "if who.KnownDevice && !$GONE {",
})

// stormBeforeOwner keeps the queue for passwords full: strangers find no place in it.
func stormBeforeOwner(t *testing.T, w *world) {
	owner := w.person(t)
	owner.LoginOn("phone")
	over := make(chan struct{})
	var strangers sync.WaitGroup
	for range 16 {
		c := w.stranger(t)
		strangers.Go(func() {
			for range 500 {
				select {
				case <-over:
					return
				default:
					c.From(w.address()).Login(w.email(), "phone")
				}
			}
		})
	}
	for range 15 {
		time.Sleep(50 * time.Millisecond) // the storm goes on, whatever the owner does
		if a := owner.Login(owner.Email, "phone"); a.Status != 200 {
			t.Errorf("the owner is answered %d", a.Status)
		}
	}
	close(over)
	strangers.Wait()
}
