// Package mail turns the rows of the outbox into messages in the language of their
// readers and gets them delivered, by SMTP or into a folder for development.
//
// Its one rule: what a mail carries is for its reader alone. No code, link, address
// or password of ours stands in a log line or an error of this package.
package mail

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"flowxi.app/flowxi/internal/account"
)

// ErrRefused says that a message will never be taken, however often it is sent: the
// server refused its recipient or its content for good (RFC 5321 section 4.2.1), or
// it is malformed.
var ErrRefused = errors.New("mail refused for good")

// Transport delivers messages. Its methods may be called from any number of
// goroutines.
type Transport interface {
	// Send returns once the message is somebody else's to keep. An error that is
	// ErrRefused is final, with any other the message may be sent again. No error
	// tells the recipient's address or what the message says.
	Send(ctx context.Context, m Message) error
}

// Message is a mail to one person, ready to be sent.
type Message struct {
	ID      string // 32 lowercase hex characters
	Kind    account.MailKind
	From    string // an address, with or without a name: "Flowxi <no-reply@flowxi.app>"
	To      string // a bare address
	Subject string
	Text    string // the same content as HTML; lines end in \n
	HTML    string
	Locale  account.Locale
	Date    time.Time
}

// check refuses what could not be sent, or would be something else on arrival: a
// line end in a header begins another header, a direction mark shows another text.
func (m Message) check() error {
	switch {
	case !validID(m.ID):
		return fmt.Errorf("%w: its id is not 32 hex characters", ErrRefused)
	case !validName(string(m.Kind)):
		return fmt.Errorf("%w: its kind is not a name", ErrRefused)
	case !validName(string(m.Locale)):
		return fmt.Errorf("%w: its locale is not a language", ErrRefused)
	case ValidFrom(m.From) != nil:
		return fmt.Errorf("%w: its sender is not an address", ErrRefused)
	case !IsAddress(m.To):
		return fmt.Errorf("%w: its recipient is not an address", ErrRefused)
	case m.Subject == "" || !printable(m.Subject):
		return fmt.Errorf("%w: its subject is not one line of text", ErrRefused)
	case !printable(unbroken(m.Text)) || !printable(unbroken(m.HTML)):
		return fmt.Errorf("%w: its body has control characters", ErrRefused)
	}
	return nil
}

// ValidFrom tells whether from can stand as the sender of mails: one address, with
// or without a name.
func ValidFrom(from string) error {
	if _, err := netmail.ParseAddress(from); err != nil || !printable(from) {
		return fmt.Errorf("%q is not an address such as \"Flowxi <no-reply@flowxi.app>\"", from)
	}
	return nil
}

// IsAddress tells whether mails can be sent to s: one address without a name.
func IsAddress(s string) bool {
	a, err := netmail.ParseAddress(s)
	return err == nil && a.Address == s && printable(s)
}

func validID(id string) bool {
	return len(id) == 32 && strings.Trim(id, "0123456789abcdef") == ""
}

func validName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// unbroken drops the controls that belong in a body.
func unbroken(body string) string {
	return strings.NewReplacer("\n", "", "\t", "").Replace(body)
}

// printable tells whether s is UTF-8 without control characters, line separators
// and marks that change the direction of text.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.In(r, unicode.Cc, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
	})
}
