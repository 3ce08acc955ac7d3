package mail_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"flowxi.app/flowxi/internal/mail"
)

func TestAHandshakeSendsNoMail(t *testing.T) {
	t.Parallel()
	p := &post{user: "joe", password: "hunter2", mechanisms: []string{"PLAIN"}}
	h, err := newSMTP(t, "smtp://joe:hunter2@"+p.listen(t)).Handshake(t.Context(), "Flowxi <no-reply@flowxi.example>")
	if err != nil || h.Refused != nil || !h.Expires.IsZero() {
		t.Errorf("got %+v, %v", h, err)
	}
	if p.loggedIn() != 1 || len(p.arrived()) != 0 {
		t.Errorf("%d logins, %d mails", p.loggedIn(), len(p.arrived()))
	}
}

func TestAHandshakeTellsWhoIsRefused(t *testing.T) {
	t.Parallel()
	for stage, sender := range map[string]bool{"MAIL": true, "RCPT": false} {
		p := &post{answer: func(at string) error {
			if at != stage {
				return nil
			}
			return &smtp.SMTPError{Code: 550, Message: "not no-reply@flowxi.example"}
		}}
		h, err := newSMTP(t, "smtp://"+p.listen(t)).Handshake(t.Context(), "no-reply@flowxi.example")
		if errors.Is(err, mail.ErrSender) != sender || (h.Refused != nil) == sender {
			t.Errorf("%s is refused: got %+v, %v", stage, h, err)
		}
		if text := errors.Join(err, h.Refused).Error(); !strings.Contains(text, "550") || strings.Contains(text, "@") {
			t.Errorf("%s is refused: %s", stage, text)
		}
	}
}

func TestAHandshakeTellsWhenACertificateIsOver(t *testing.T) {
	t.Parallel()
	config, roots := certificate(t)
	for url, p := range map[string]*post{
		"smtp://example.com":  {tls: config},
		"smtps://example.com": {tls: config, implicit: true},
	} {
		h, err := newSMTP(t, url).Through(p.listen(t), roots).Handshake(t.Context(), "no-reply@flowxi.example")
		if err != nil || h.Expires.Year() != 2084 {
			t.Errorf("%s: got %+v, %v", url, h, err)
		}
	}
}
