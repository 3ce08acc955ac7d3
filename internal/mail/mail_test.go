package mail_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/mail"
)

const (
	sender = "Flowxi <no-reply@flowxi.example>"
	reader = "awa@example.org"
)

// message returns a message that has everything, the n-th of its kind.
func message(n int) mail.Message {
	return mail.Message{
		ID: fmt.Sprintf("%032x", n), Kind: "registration_code", From: sender, To: reader, Locale: "fr",
		Subject: "Votre code d’inscription à Flowxi",
		Text:    "Bonjour,\n\n123456\n\n.\n.une ligne\nhttps://flowxi.example/register?token=ab&email=a%40b.c\n" + strings.Repeat("à ", 700) + "\n",
		HTML:    "<!DOCTYPE html>\n<p>Bonjour, 123456 = «\u00a0é\u00a0»</p>\n",
		Date:    time.Date(2026, 11, 24, 9, 30, 15, 0, time.UTC),
	}
}

// malformed lists messages that no transport may take.
func malformed() map[string]mail.Message {
	all := map[string]mail.Message{}
	add := func(name string, change func(*mail.Message)) {
		m := message(1)
		change(&m)
		all[name] = m
	}
	for name, bad := range map[string]string{
		"CRLF": "\r\nBcc: eve@example.org", "LF": "\nBcc: eve@example.org", "CR": "\rBcc: eve@example.org",
		"NUL": "\x00", "escape": "\x1b[2J", "direction override": "\u202egro.elpmaxe", "isolate": "\u2066",
		"line separator": "\u2028", "bad UTF-8": "\xff", "DEL": "\x7f", "C1 control": "\u0085",
	} {
		add(name+" in the subject", func(m *mail.Message) { m.Subject += bad })
		add(name+" in the recipient", func(m *mail.Message) { m.To += bad })
		add(name+" in the recipient's name", func(m *mail.Message) { m.To = `"` + bad + `" <` + reader + ">" })
		add(name+" in the sender", func(m *mail.Message) { m.From += bad })
		add(name+" in the sender's name", func(m *mail.Message) { m.From = `"` + bad + `" <a@b.example>` })
		add(name+" in the id", func(m *mail.Message) { m.ID += bad })
		add(name+" in the locale", func(m *mail.Message) { m.Locale += account.Locale(bad) })
		add(name+" in the kind", func(m *mail.Message) { m.Kind += account.MailKind(bad) })
	}
	for name, bad := range map[string]string{
		"NUL": "\x00", "CR": "\r", "direction override": "\u202e", "bad UTF-8": "\xff", "escape": "\x1b",
	} {
		add(name+" in the text", func(m *mail.Message) { m.Text += bad })
		add(name+" in the HTML", func(m *mail.Message) { m.HTML += bad })
	}
	add("no id", func(m *mail.Message) { m.ID = "" })
	add("a path as id", func(m *mail.Message) { m.ID = "../../../../../../../../etc/passwd0" })
	add("capitals in the id", func(m *mail.Message) { m.ID = strings.Repeat("A", 32) })
	add("two recipients", func(m *mail.Message) { m.To += ", eve@example.org" })
	add("no recipient", func(m *mail.Message) { m.To = "" })
	add("a name before the recipient", func(m *mail.Message) { m.To = "Awa <" + reader + ">" })
	add("no sender", func(m *mail.Message) { m.From = "" })
	add("no subject", func(m *mail.Message) { m.Subject = "" })
	add("a region in the locale", func(m *mail.Message) { m.Locale = "fr-FR" })
	return all
}

func TestValidFrom(t *testing.T) {
	t.Parallel()
	for from, ok := range map[string]bool{
		sender: true, "a@b.example": true, "Flowxi à vous <a@b.example>": true, `"Flowxi, Inc." <a@b.example>`: true,
		"": false, "Flowxi": false, "a@b.example, c@d.example": false, "a@b.example\r\nBcc: e@f.example": false,
		"\u202eFlowxi <a@b.example>": false,
	} {
		if err := mail.ValidFrom(from); (err == nil) != ok {
			t.Errorf("%q: got error %v", from, err)
		}
	}
}
