package attack_test

import (
	"slices"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var takeovers = slices.Concat(takeoversOfRegistrations, takeoversOfAccounts)

var takeoversOfRegistrations = []attempt{
	{kind: takingOver, try: "a language, left by a stranger who asked first", defence: ownersLanguage, run: languageLeft, alone: true},
	{kind: takingOver, try: "a password set with a wrong code, before the owner sets one", defence: rightCode, run: passwordByWrongCode},
	{kind: takingOver, try: "a device named with a wrong code, before the owner has one", defence: rightCode, run: deviceByWrongCode},
	{kind: takingOver, try: "a password set with a wrong link, before the owner sets one", defence: linkByToken, run: passwordByWrongLink},
	{kind: takingOver, try: "a link that a stranger asked for, opened after the owner has set a password by code", defence: proofsOfPending, run: linkAfterCode, alone: true},
	{kind: takingOver, try: "a code that a stranger asked for, typed after the owner has set a password by link", defence: proofsOfPending, run: typedAfterLink, alone: true},
	{kind: takingOver, try: "a password set by four strangers at once with wrong codes, and the owner with the right one", defence: rightCode, run: passwordMeanwhile},
	{kind: takingOver, try: "an account registered under the owner's address in other spellings", defence: oneSpelling, run: registerSpelling, alone: true},
}

var ownersLanguage = canary.Stands("language of the owner", canary.Place{
	File: "internal/auth/register.go", Code: "if c.Explicit {", Without: "if c.Explicit && !$GONE {",
})

var rightCode = canary.Stands("activation by the right code",
	canary.Clause("internal/store/registration.go", "RETURNING user_id, digest IN (`+in+`), expires_at", "RETURNING user_id, digest IN (`+in+`) OR user_id > 0, expires_at"),
	canary.Clause("internal/store/registration.go", "AND digest IN (`+in+`)\n\t\tRETURNING user_id", "AND (digest IN (`+in+`) OR user_id > 0) RETURNING user_id"))

// strangersPassword is what a stranger would like the password to be.
const strangersPassword = "eve was here before you"

// setPassword finishes a registration by code with a password and a device.
func setPassword(c *authtest.Client, email, code, password, device string) *authtest.Answer {
	return c.Post("/register-email-code/set-password", authtest.Fields{
		"email": email, "code": code, "password": password, "password_confirmation": password,
		"device_id": device, "device_type": "web", "device_name": device,
	})
}

// setPasswordByLink finishes a registration by link with a password of a stranger.
func setPasswordByLink(c *authtest.Client, email, token string) *authtest.Answer {
	return c.Post("/auth/register/set-password", authtest.Fields{
		"email": email, "token": token, "password": strangersPassword, "password_confirmation": strangersPassword,
	})
}

// expectOwners demands that an account is its owner's, and a stranger has no way in.
func expectOwners(t *testing.T, w *world, email string) {
	t.Helper()
	w.stranger(t).Login(email, "phone").Expect(200, "LOGIN_SUCCESS")
	w.stranger(t).Post(loginPath, authtest.LoginFields(email, "eve").With("password", strangersPassword)).Expect(401, "INVALID_CREDENTIALS")
}

func languageLeft(t *testing.T, w *world) {
	email := w.email()
	w.stranger(t).Locale("en").SendCode(email)
	w.Advance(61 * time.Second)
	owner := w.stranger(t).Locale("fr")
	token := owner.SetPassword(email, owner.SendCode(email)).Expect(200, "TOKEN_ISSUED").Text("access_token")
	if me := w.stranger(t).Token(token).Get("/me"); me.Text("data.locale") != "fr" {
		me.Fail("the owner speaks the language of a stranger")
	}
}

func passwordByWrongCode(t *testing.T, w *world) {
	email := w.email()
	code := w.stranger(t).SendCode(email)
	for range 3 {
		setPassword(w.stranger(t), email, authtest.OtherCode(code), strangersPassword, "eve").Expect(403, "OTP_INVALID")
	}
	w.stranger(t).SetPassword(email, code).Expect(200, "TOKEN_ISSUED")
	expectOwners(t, w, email)
}

func deviceByWrongCode(t *testing.T, w *world) {
	email := w.email()
	code := w.stranger(t).SendCode(email)
	setPassword(w.stranger(t), email, authtest.OtherCode(code), strangersPassword, "eve")
	issued := setPassword(w.stranger(t), email, code, authtest.Password, "phone").Expect(200, "TOKEN_ISSUED")
	devices := w.stranger(t).Token(issued.Text("access_token")).Get("/auth/devices").Expect(200, "DEVICES_LIST")
	if devices.Len("data.devices") != 1 || devices.Text("data.devices.0.device_id") != "phone" {
		devices.Fail("the owner has devices of a stranger's")
	}
}

func passwordByWrongLink(t *testing.T, w *world) {
	email := w.email()
	link := w.stranger(t).SendLink(email)
	for range 3 {
		setPasswordByLink(w.stranger(t), email, noLink).Expect(403, "MAGIC_LINK_INVALID")
	}
	w.stranger(t).SetPasswordByLink(email, link).Expect(200, "TOKEN_ISSUED")
	expectOwners(t, w, email)
}

func linkAfterCode(t *testing.T, w *world) {
	email := w.email()
	link := w.stranger(t).SendLink(email)
	w.Advance(61 * time.Second)
	owner := w.stranger(t).Register(email)
	if a := setPasswordByLink(w.stranger(t), email, link); a.Status == 200 {
		a.Fail("a link has outlived the activation")
	}
	expectStaysOwners(t, w, owner)
}

func typedAfterLink(t *testing.T, w *world) {
	email := w.email()
	code := w.stranger(t).SendCode(email)
	w.Advance(61 * time.Second)
	c := w.stranger(t)
	issued := c.SetPasswordByLink(email, c.SendLink(email)).Expect(200, "TOKEN_ISSUED")
	owner := &authtest.Person{Client: c.Token(issued.Text("access_token")), ID: issued.Int("user_id"), Email: email}
	w.stranger(t).VerifyCode(email, code).Expect(403, "OTP_INVALID")
	setPassword(w.stranger(t), email, code, strangersPassword, "eve").Expect(403, "OTP_INVALID")
	expectStaysOwners(t, w, owner)
}

// expectStaysOwners also demands that the owner's session has outlived the attempt.
func expectStaysOwners(t *testing.T, w *world, owner *authtest.Person) {
	t.Helper()
	if !owner.IsLoggedIn() {
		t.Error("the owner was logged out")
	}
	expectOwners(t, w, owner.Email)
}

func passwordMeanwhile(t *testing.T, w *world) {
	email := w.email()
	code := w.stranger(t).SendCode(email)
	answers := authtest.Race(4, func(int) *authtest.Answer {
		return setPassword(w.stranger(t), email, authtest.OtherCode(code), strangersPassword, "eve")
	})
	for _, a := range answers {
		a.Expect(403, "OTP_INVALID")
	}
	w.stranger(t).SetPassword(email, code).Expect(200, "TOKEN_ISSUED")
	expectOwners(t, w, email)
}

func registerSpelling(t *testing.T, w *world) {
	owner := w.person(t)
	for i, s := range spellings(owner.Email) {
		w.Advance(2 * time.Hour)
		ask(w.stranger(t), []string{sendCode, sendLink}[i%2], s).Expect(409, "EMAIL_ALREADY_USED")
	}
	expectOwners(t, w, owner.Email)
}
