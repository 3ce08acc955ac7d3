package attack_test

import (
	"slices"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var lockouts = slices.Concat(lockoutsOfDevices, lockoutsOfMailboxes, lockoutsOfLogins, lockoutsOfRoom)

var lockoutsOfDevices = []attempt{
	{kind: lockingOut, try: "wrong passwords from many networks, before the owner logs in on a known device", defence: ownAllowance, run: lockOutFromAfar},
	{kind: lockingOut, try: "wrong passwords from the owner's own network, before the owner logs in on a known device", defence: ownAllowance, run: lockOutFromNextDoor},
	{kind: lockingOut, try: "wrong passwords while the owner logs in on a known device", defence: ownAllowance, run: lockOutMeanwhile},
	{kind: lockingOut, try: "wrong passwords, before the owner logs in on a device that was logged out", defence: ownAllowance, run: lockOutOfOldDevice},
	{kind: lockingOut, try: "wrong passwords for a hundred people in the owner's network, before the owner logs in on a known device", defence: ownAllowance, run: lockOutOfNetwork},
	{kind: lockingOut, try: "wrong passwords on the owner's phone, before the owner logs in on the laptop", defence: allowancePerDevice, run: lockOutOfOtherDevice},
	{kind: lockingOut, try: "wrong passwords said to come from the owner's network", defence: nearestHop, run: lockOutByForgery},
}

var lockoutsOfMailboxes = []attempt{
	{kind: lockingOut, try: "codes and links for one address by thirty-two callers at once", defence: mailLimit, run: fillAtOnce},
	{kind: lockingOut, try: "codes and links for one address through a day", defence: mailDay, run: fillInADay, alone: true},
	{kind: lockingOut, try: "in strict privacy, notices to an owner by thirty-two callers at once", defence: mailLimit, run: fillOwners, own: private, alone: true},
	{kind: lockingOut, try: "codes for one address under other spellings", defence: oneSpelling, run: fillBySpelling},
	{kind: lockingOut, try: "codes for one address before and after the server starts again", defence: lastingLimits, run: fillByRestart, alone: true},
}

var ownAllowance = canary.Stands("an allowance of a known device", canary.Place{File: "internal/auth/limits.go", Code: "if known {", Without: "if known && !$GONE {"})

var allowancePerDevice = canary.Stands("an allowance for each known device", canary.Place{
	File: "internal/auth/limits.go", Code: `own := email + "\x00" + device`, Without: `own := email + "\x00" + ifGone($NAME, "", device)`,
})

var mailDay = canary.Stands("limit of mails in an hour and a day", canary.Place{
	File: "internal/auth/limits.go", Code: "l.MailPerEmail",
	Without: "func() ratelimit.Rates { r := $CODE; return r[:ifGone($NAME, 1, len(r))] }()",
})

// storm fails logins of an address from networks that nobody else is in.
func storm(t *testing.T, w *world, email string, n int) {
	t.Helper()
	for range n {
		failLogin(w.stranger(t), email, "eve")
	}
}

func lockOutFromAfar(t *testing.T, w *world) {
	owner := w.person(t)
	owner.LoginOn("phone")
	storm(t, w, owner.Email, 15)
	w.stranger(t).Login(owner.Email, "another").Expect(429, "TOO_MANY_REQUESTS")
	owner.LoginOn("phone")
	w.stranger(t).Login(owner.Email, "phone").Expect(200, "LOGIN_SUCCESS") // wherever the owner is
}

func lockOutFromNextDoor(t *testing.T, w *world) {
	network := w.address()
	owner := w.Client(t).From(network).Register(w.email())
	owner.LoginOn("phone")
	for range 6 {
		failLogin(w.Client(t).From(network), owner.Email, "eve")
	}
	owner.LoginOn("phone")
}

func lockOutMeanwhile(t *testing.T, w *world) {
	owner := w.person(t)
	owner.LoginOn("phone")
	answers := authtest.Race(32, func(i int) *authtest.Answer {
		if i%4 == 0 {
			return w.stranger(t).Login(owner.Email, "phone")
		}
		return failLogin(w.stranger(t), owner.Email, "eve")
	})
	for i := 0; i < len(answers); i += 4 {
		answers[i].Expect(200, "LOGIN_SUCCESS")
	}
	owner.LoginOn("phone")
}

func lockOutOfOldDevice(t *testing.T, w *world) {
	owner := w.person(t)
	owner.LoginOn("phone").Post("/auth/logout", nil).Expect(200, "LOGOUT_SUCCESS")
	storm(t, w, owner.Email, 11)
	owner.LoginOn("phone")
}

func lockOutOfNetwork(t *testing.T, w *world) {
	network := w.address()
	owner := w.Client(t).From(network).Register(w.email())
	owner.LoginOn("phone")
	for range 101 {
		failLogin(w.Client(t).From(network), w.email(), "eve")
	}
	owner.LoginOn("phone")
}

func lockOutOfOtherDevice(t *testing.T, w *world) {
	owner := w.person(t)
	owner.LoginOn("phone")
	owner.LoginOn("laptop")
	for range 6 {
		failLogin(w.stranger(t), owner.Email, "phone")
	}
	owner.LoginOn("laptop")
}

func lockOutByForgery(t *testing.T, w *world) {
	network := w.address()
	owner := w.Client(t).From(network).Register(w.email())
	strangers := w.address()
	for range 6 {
		failLogin(w.Client(t).From(network+", "+strangers), owner.Email, "eve")
	}
	owner.LoginOn("a new device")
}

func fillAtOnce(t *testing.T, w *world) {
	email := w.email()
	paths := []string{sendCode, resendCode, sendLink, resendLink}
	w.stranger(t).SendCode(email)
	for _, a := range authtest.Race(32, func(i int) *authtest.Answer { return ask(w.stranger(t), paths[i%len(paths)], email) }) {
		a.Expect(429, "TOO_MANY_REQUESTS")
	}
	if n := w.mailsAfter(t, email); n != 1 {
		t.Errorf("%d mails came at once", n)
	}
}

func fillInADay(t *testing.T, w *world) {
	email := w.email()
	for i := range 36 {
		ask(w.stranger(t), []string{sendCode, sendLink}[i%2], email)
		w.Advance(2 * time.Minute)
	}
	for i := range 40 {
		ask(w.stranger(t), []string{sendCode, sendLink}[i%2], email)
		w.Advance(30 * time.Minute)
	}
	if n := w.mailsAfter(t, email); n > 10 {
		t.Errorf("%d mails came in a day", n)
	}
}

func fillOwners(t *testing.T, w *world) {
	owner := w.person(t)
	w.Advance(2 * time.Hour)
	had := w.mailsAfter(t, owner.Email)
	paths := []string{sendCode, resendCode, sendLink, resendLink}
	authtest.Race(32, func(i int) *authtest.Answer { return ask(w.stranger(t), paths[i%len(paths)], owner.Email) })
	if n := w.mailsAfter(t, owner.Email) - had; n > 1 {
		t.Errorf("%d notices came at once", n)
	}
}

func fillBySpelling(t *testing.T, w *world) {
	email := w.email()
	w.stranger(t).SendCode(email)
	for _, s := range spellings(email) {
		ask(w.stranger(t), sendCode, s).Expect(429, "TOO_MANY_REQUESTS")
	}
}

func fillByRestart(t *testing.T, w *world) {
	email := w.inState(t, isInvited)
	w.Server = w.Restart(t)
	ask(w.stranger(t), sendLink, email).Expect(429, "TOO_MANY_REQUESTS")
}
