package attack_test

import (
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var confusedTexts = []attempt{
	{kind: confusing, try: "line ends, NUL and marks of direction in the name of a device", defence: controls, run: controlsInDevice},
	{kind: confusing, try: "line ends, NUL and marks of direction in the name of a person", defence: controls, run: controlsInName},
	{kind: confusing, try: "headers of a mail in the address that it goes to", defence: plainAddresses, run: headersInAddress},
	{kind: confusing, try: "an address that looks like another", defence: plainAddresses, run: lookalikes},
}

var (
	controls       = canary.Stands("texts without controls", canary.Refusal("internal/form/rule.go", "strings.ContainsFunc(text, isControl)"))
	plainAddresses = canary.Stands("plain addresses", canary.Refusal("internal/form/email.go", "!isEmail(text)"))
)

// controlTexts are what ends a line, hides, or turns what follows around.
var controlTexts = []string{
	"a\r\nSet-Cookie: a=b", "a\nlevel=ERROR", "a\x00b", "a\x1b[31mb", "a\u202eb", "a\u2066b", "a\u200bb", "a\ufeffb", "a\u2028b", "a\u0085b", "a\u007fb", "a\ufffeb",
}

func controlsInDevice(t *testing.T, w *world) {
	p := w.person(t)
	for _, text := range controlTexts {
		p.Post("/auth/login", authtest.LoginFields(p.Email, "phone").With("device_name", text)).Invalid("device_name")
	}
}

func controlsInName(t *testing.T, w *world) {
	p := w.person(t)
	for _, text := range controlTexts {
		p.Patch("/me", authtest.Fields{"first_name": text}).Invalid("first_name")
	}
}

func headersInAddress(t *testing.T, w *world) {
	email, eve := w.email(), w.email()
	for _, to := range []string{
		email + "\r\nBcc: " + eve, email + "\nBcc: " + eve, email + "," + eve, email + ";" + eve, email + " " + eve, "<" + email + ">",
		"Ada <" + email + ">", `"a\r\nb"@example.com`, email + "%0aBcc:" + eve + "@x", email + "\x00", "a@[127.0.0.1]",
	} {
		w.stranger(t).Post("/register-email-code/send", authtest.Fields{"email": to}).Invalid("email")
	}
	for _, to := range []string{email, eve} {
		if got := len(w.Mails(t, to)); got != 0 {
			t.Errorf("%d mails came to %s", got, to)
		}
	}
}

func lookalikes(t *testing.T, w *world) {
	for _, email := range []string{"аda@example.com", "ada@exаmple.com", "ad\u212a@example.com", "ada@example．com", "a\u200bda@example.com", "ada@example.com\u3002x"} {
		w.stranger(t).Post("/register-email-code/send", authtest.Fields{"email": email}).Invalid("email")
	}
}
