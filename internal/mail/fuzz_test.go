package mail

import (
	"bytes"
	"errors"
	netmail "net/mail"
	"net/url"
	"strings"
	"testing"
	"time"
)

// FuzzCompose writes mails of any text. One that is not refused is a mail of two parts
// with the headers that it was given and no other, and reads again as what was written.
func FuzzCompose(f *testing.F) {
	f.Add("Flowxi <no-reply@flowxi.app>", "ada@example.com", "Votre code", "Bonjour,\n\n492017\n")
	f.Add("no-reply@flowxi.app", "a+b@c.example", "é\u202e", "https://flowxi.app/register?token=0a&email=a%40b.c\n")
	f.Add("\"a, b\" <x@y.example>", "a@b.c", "a\r\nBcc: eve@example.com", "--flowxi-0123456789abcdef0123456789abcdef--\n")
	f.Add("é <x@y.example>", "a@b.c", strings.Repeat("é", 200), ".\n..\nFrom a\n"+strings.Repeat("x", 2000))
	f.Add("<0@0>", "0@0", " ", "0")
	f.Add("x@y.example", "a@b.c, d@e.f", "=?utf-8?q?a?=", "=3D =\n \t\n")
	f.Fuzz(func(t *testing.T, from, to, subject, text string) {
		m := Message{
			ID: "0123456789abcdef0123456789abcdef", Kind: "registration_code", From: from, To: to,
			Subject: subject, Text: text, HTML: "<p>492017</p>\n", Locale: "fr", Date: time.Unix(1_800_000_000, 0),
		}
		written, err := source(m)
		if err != nil {
			if !errors.Is(err, ErrRefused) {
				t.Errorf("an error that is not ErrRefused: %v", err)
			}
			return
		}
		msg, err := netmail.ReadMessage(bytes.NewReader(written))
		if err != nil {
			t.Fatalf("%q cannot be read: %v", written, err)
		}
		for name, values := range msg.Header {
			if len(values) != 1 || !strings.Contains(known, " "+name+" ") {
				t.Errorf("%s stands there as %q", name, values)
			}
		}
		e, err := parse(m.ID, written)
		if err != nil {
			t.Fatalf("%q cannot be read: %v", written, err)
		}
		if e.To != to || e.Subject != strings.TrimSpace(subject) || e.Kind != m.Kind || e.Locale != m.Locale || !e.Date.Equal(m.Date) {
			t.Errorf("%+v is read as %+v", m, e)
		}
		if strings.TrimRight(e.Text, "\n") != strings.TrimRight(text, "\n") {
			t.Errorf("%q is read as %q", text, e.Text)
		}
	})
}

// known are the headers of a mail.
const known = " From To Subject Date Message-Id Mime-Version Content-Type Content-Language Auto-Submitted X-Auto-Response-Suppress X-Flowxi-Kind "

// FuzzServer holds addresses of mail servers to what they say, and refusals to repeat
// nothing of them.
func FuzzServer(f *testing.F) {
	for _, seed := range []string{
		"smtp://joe:hunter2@mail.example:25", "smtps://mail.example", "smtp://[::1]:2525", "smtp://joe@mail.example", "smtp://::", "smtp://h:0", "smtp://h/p?q#f",
		"smtp:h", "http://joe:hunter2@h", "smtp://joe:hun%zzter2@h", "smtp://\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, password, err := parseServer(text)
		if err != nil {
			if password != "" || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		u := url.URL{Scheme: "smtp", Host: s.addr()}
		if s.implicitTLS {
			u.Scheme = "smtps"
		}
		if s.user != "" {
			u.User = url.UserPassword(s.user, string(password))
		}
		again, secret, err := parseServer(u.String())
		if err != nil || again != s || secret != password || s.host == "" || s.port < 1 || s.port > 65535 {
			t.Errorf("%q is read as %+v, and that as %+v, %v", text, s, again, err)
		}
	})
}
