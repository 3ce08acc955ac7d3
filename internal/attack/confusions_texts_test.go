package attack_test

import (
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var confusedTexts = []attempt{
	{kind: confusing, try: "line ends, NUL and marks of direction in the name of a device", defence: controls, run: controlsInDevice},
	{kind: confusing, try: "line ends, NUL and marks of direction in the name of a person", defence: controls, run: controlsInName},
	{kind: confusing, try: "headers of a mail in the address that it goes to", defence: plainAddresses, run: headersInAddress},
	{kind: confusing, try: "an address that looks like another", defence: plainAddresses, run: lookalikes},
	{kind: confusing, try: "a link in the name of the browser that asks for a mail", defence: ownNames, run: linkInAgent},
}

var (
	controls       = canary.Stands("texts without controls", canary.Refusal("internal/form/rule.go", "strings.ContainsFunc(text, isControl)"))
	plainAddresses = canary.Stands("plain addresses", canary.Refusal("internal/form/email.go", "!isEmail(text)"))
	ownNames       = canary.Stands("names of devices of our own", canary.Place{
		File: "internal/account/agent.go", Code: "return Agent{Browser: browserOf(header, system), System: system}",
		Without: "return ifGone($NAME, Agent{Browser: header}, Agent{Browser: browserOf(header, system), System: system})",
	})
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

// linkInAgent asks for mails as programs that are called as no browser is. The mail may name
// the device, and says nothing that the stranger has written.
func linkInAgent(t *testing.T, w *world) {
	for _, agent := range []string{
		"http://evil.example/ iPhone", `Mozilla/5.0 (Windows <a href="http://evil.example">Prize</a>) Firefox/145.0`,
		"\u202eelpmaxe.live Chrome/142.0", "Safari/604.1 Version/26 (iPhone; evil.example) [evil.example](//evil.example)",
	} {
		email := w.email()
		ask(w.stranger(t).Header("User-Agent", agent), sendCode, email).Expect(200, "OTP_SENT")
		m := w.Client(t).Mail(email, 1)
		if all := m.Subject + m.Text + m.HTML; strings.Contains(all, "evil") || strings.Contains(all, "live") {
			t.Errorf("%q asked for %s", agent, m.Text)
		}
	}
}
