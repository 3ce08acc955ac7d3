package attack_test

import (
	"fmt"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

// littleRoom has a node count little: a mail to an address is three windows of it, and one
// of its network.
var littleRoom = []authtest.Option{authtest.WithEntries(400)}

var lockoutsOfRoom = []attempt{
	{kind: lockingOut, try: "mails to made-up addresses from many networks, to fill what logins are counted in", defence: sharesOfRoom, run: fillByMails, own: littleRoom},
}

var sharesOfRoom = canary.Stands("a share of the limits for each kind", canary.Place{
	File: "internal/cache/memory.go", Code: "s.share = s.limit / shares", Without: "s.share = ifGone($NAME, 0, s.limit/shares)",
})

// fillByMails lets an owner who is known, one who waits for the second factor and one with
// a new device go on while mails are asked for until no node counts any more.
func fillByMails(t *testing.T, w *world) {
	owner, secured := w.person(t), w.person(t)
	app, phone := w.secure(t, secured.Client), w.stranger(t)
	waiting := stepOne(phone, secured.Email, "phone")

	full := 0
	for i := 0; i < 400 && full < 8; i++ {
		a := ask(w.Client(t).From(fmt.Sprintf("2001:db8:77:%x::1", i)), resendCode, w.email())
		if a.Status == 200 {
			full = 0
			continue
		}
		full++
		a.Expect(503, "SERVICE_UNAVAILABLE").RetryAfter()
	}
	if full == 0 {
		t.Fatal("the mails of a whole network of addresses are counted")
	}
	for range 2 { // on each node
		failLogin(owner.Client, owner.Email, "phone").Expect(401, "INVALID_CREDENTIALS")
		failLogin(w.stranger(t), owner.Email, "tablet").Expect(401, "INVALID_CREDENTIALS")
		owner.Login(owner.Email, "phone").Expect(200, "LOGIN_SUCCESS")
		w.stranger(t).Login(owner.Email, "tablet").Expect(200, "LOGIN_SUCCESS")
	}
	stepTwo(phone, waiting, app.at(1), "phone").Expect(200, "LOGIN_SUCCESS")
}
