package attack_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var guessesOfPasswords = []attempt{
	{kind: guessing, try: "a sixth password in a minute from one network", defence: loginLimit, run: sixthPassword},
	{kind: guessing, try: "an eleventh password in ten minutes from an eleventh network", defence: loginEmailLimit, run: eleventhPassword},
	{kind: guessing, try: "ten passwords a minute apart, and one more", defence: loginEmailLimit, run: slowPasswords, alone: true},
	{kind: guessing, try: "one password tried on a hundred addresses, and one more", defence: loginNetworkLimit, run: onePassword},
	{kind: guessing, try: "passwords by thirty-two callers at once", defence: loginLimit, run: passwordsAtOnce},
	{kind: guessing, try: "passwords under other spellings of the address", defence: oneSpelling, run: passwordsBySpelling},
	{kind: guessing, try: "passwords for an address with a letter of Unicode that is lowercased to one of ASCII", defence: asciiAddresses, run: passwordsByKelvin},
	{kind: guessing, try: "passwords from a new device for each", defence: deviceless, run: passwordsByDevice},
	{kind: guessing, try: "passwords from a device that the owner has used", defence: loginDeviceLimit, run: passwordsOnOwnersDevice},
	{kind: guessing, try: "a device made the owner's by failing on it", defence: strangersDevice, run: deviceByFailing},
	{kind: guessing, try: "a login of the stranger's own between guesses, to have the count forgotten", defence: loginLimit, run: ownLoginBetween},
	{kind: guessing, try: "passwords that are nearly the right one", defence: wholePassword, run: passwordsNearby},
}

var loginLimit = canary.Stands("limit of failures of an address and network", canary.Place{
	File: "internal/auth/limits.go", Code: "Rates: l.LoginPerEmailNetwork", Without: "Rates: ifGone($NAME, nil, l.LoginPerEmailNetwork)",
})

var loginEmailLimit = canary.Stands("limit of failures of an address", canary.Place{
	File: "internal/auth/limits.go", Code: "Rates: l.LoginPerEmail,", Without: "Rates: ifGone($NAME, nil, l.LoginPerEmail),",
})

var loginNetworkLimit = canary.Stands("limit of failures from a network", canary.Place{
	File: "internal/auth/limits.go", Code: "Rates: l.LoginPerNetwork", Without: "Rates: ifGone($NAME, nil, l.LoginPerNetwork)",
})

var loginDeviceLimit = canary.Stands("limit of failures on a device", canary.Place{
	File: "internal/auth/limits.go", Code: "Rates: l.LoginPerDevice", Without: "Rates: ifGone($NAME, nil, l.LoginPerDevice)",
})

var asciiAddresses = canary.Stands("addresses of ASCII alone", canary.Place{
	File: "internal/form/email.go", Code: "'0' <= r && r <= '9'", Without: "$CODE || $GONE && r > 127",
})

var deviceless = canary.Stands("failures of all devices together",
	canary.Place{File: "internal/auth/limits.go", Code: `here := email + "\x00" + network`, Without: `here := email + "\x00" + network + ifGone($NAME, device, "")`},
	canary.Place{File: "internal/auth/limits.go", Code: "Subject: email},\n\t\taloft(", Without: "Subject: email + ifGone($NAME, device, \"\")},\n\t\taloft("})

var strangersDevice = canary.Stands("devices known by a login alone", canary.Place{
	File: "internal/auth/login.go", Code: "return LoginResult{}, a.refuseLogin(ctx, c, in.Device.ID, who.User.ID)",
	Without: "if $GONE {\n\t\t\t_ = a.store.Tx(ctx, func(tx *store.Tx) error { return tx.RememberDevice(ctx, who.User.ID, hashDevice(in.Device.ID), a.now(), 9) })\n\t\t}\n\t\t$CODE",
})

var wholePassword = canary.Stands("comparison of passwords", canary.Place{
	File: "internal/password/hasher.go", Code: "stored.derive(h.memory, Normalize(password)), stored.tag) == 1", Without: "$CODE || $GONE",
})

func sixthPassword(t *testing.T, w *world) {
	owner, c := w.person(t), w.stranger(t)
	for range 5 {
		failLogin(c, owner.Email, "phone").Expect(401, "INVALID_CREDENTIALS")
	}
	c.Login(owner.Email, "phone").Expect(429, "TOO_MANY_REQUESTS")
}

func eleventhPassword(t *testing.T, w *world) {
	owner := w.person(t)
	for range 10 {
		failLogin(w.stranger(t), owner.Email, "phone").Expect(401, "INVALID_CREDENTIALS")
	}
	w.stranger(t).Login(owner.Email, "phone").Expect(429, "TOO_MANY_REQUESTS")
}

func slowPasswords(t *testing.T, w *world) {
	owner, c := w.person(t), w.stranger(t)
	for range 10 {
		failLogin(c, owner.Email, "phone").Expect(401, "INVALID_CREDENTIALS")
		w.Advance(50 * time.Second)
	}
	w.Advance(20 * time.Second)
	c.Login(owner.Email, "phone").Expect(429, "TOO_MANY_REQUESTS")
}

func onePassword(t *testing.T, w *world) {
	c := w.stranger(t)
	for range 100 {
		failLogin(c, w.email(), "phone").Expect(401, "INVALID_CREDENTIALS")
	}
	c.Login(w.person(t).Email, "phone").Expect(429, "TOO_MANY_REQUESTS")
}

func passwordsAtOnce(t *testing.T, w *world) {
	owner, c := w.person(t), w.stranger(t)
	answers := authtest.Race(32, func(i int) *authtest.Answer {
		return c.Post(loginPath, authtest.LoginFields(owner.Email, "phone").With("password", fmt.Sprintf("guess number %d", i)))
	})
	if looked := has(answers, 401); looked > 5 {
		t.Errorf("%d of 32 guesses at once were let through", looked)
	}
}

func passwordsBySpelling(t *testing.T, w *world) {
	owner, c := w.person(t), w.stranger(t)
	for _, s := range spellings(owner.Email) {
		failLogin(c, s, "phone").Expect(401, "INVALID_CREDENTIALS")
	}
	c.Login(owner.Email, "phone").Expect(429, "TOO_MANY_REQUESTS")
}

func passwordsByKelvin(t *testing.T, w *world) {
	email := "k" + w.email()
	w.stranger(t).Register(email)
	w.stranger(t).Login("\u212a"+email[1:], "phone").Invalid("email")
	w.stranger(t).Login("\uff4b"+email[1:], "phone").Invalid("email")
}

func passwordsByDevice(t *testing.T, w *world) {
	owner, c := w.person(t), w.stranger(t)
	for i := range 5 {
		failLogin(c.Header("User-Agent", fmt.Sprint(i)), owner.Email, fmt.Sprintf("device %d", i)).Expect(401, "INVALID_CREDENTIALS")
	}
	c.Login(owner.Email, "another").Expect(429, "TOO_MANY_REQUESTS")
}

func passwordsOnOwnersDevice(t *testing.T, w *world) {
	owner := w.person(t)
	owner.LoginOn("phone")
	for range 5 {
		failLogin(w.stranger(t), owner.Email, "phone").Expect(401, "INVALID_CREDENTIALS")
	}
	w.stranger(t).Login(owner.Email, "phone").Expect(429, "TOO_MANY_REQUESTS")
}

func deviceByFailing(t *testing.T, w *world) {
	owner, c := w.person(t), w.stranger(t)
	for range 5 {
		failLogin(c, owner.Email, "eve").Expect(401, "INVALID_CREDENTIALS")
	}
	c.Login(owner.Email, "eve").Expect(429, "TOO_MANY_REQUESTS")
}

func ownLoginBetween(t *testing.T, w *world) {
	owner, c := w.person(t), w.stranger(t)
	own := w.email()
	c.Register(own)
	for range 5 {
		failLogin(c, owner.Email, "eve").Expect(401, "INVALID_CREDENTIALS")
		c.Login(own, "eve").Expect(200, "LOGIN_SUCCESS")
	}
	c.Login(owner.Email, "eve").Expect(429, "TOO_MANY_REQUESTS")
}

func passwordsNearby(t *testing.T, w *world) {
	owner := w.person(t)
	const right = authtest.Password
	for _, guess := range []string{right + " ", " " + right, right[:len(right)-1], right + right, strings.ToUpper(right), right + "\x00"} {
		w.stranger(t).Post(loginPath, authtest.LoginFields(owner.Email, "phone").With("password", guess)).Expect(401, "INVALID_CREDENTIALS")
	}
}
