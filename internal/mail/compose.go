package mail

import (
	"bytes"
	"fmt"
	netmail "net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// kindHeader lets the dev inbox, and an operator's filters, tell mails apart.
const kindHeader = "X-Flowxi-Kind"

// compose writes the message as MIME. Equal messages give equal bytes, and a mail that
// is sent twice has one Message-ID.
func compose(m Message) (*gomail.Msg, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithBoundary("flowxi-"+m.ID))
	if err := msg.From(m.From); err != nil {
		return nil, fmt.Errorf("%w: its sender is not an address", ErrRefused)
	}
	if err := msg.To(m.To); err != nil {
		return nil, fmt.Errorf("%w: its recipient is not an address", ErrRefused)
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.Date.UTC())
	msg.SetMessageIDWithValue(m.ID + "@" + SenderHost(m.From))
	setHeaders(msg, m)
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}

// setHeaders marks the mail as sent by a program (RFC 3834 section 5), which keeps
// holiday answers from coming back; the second header is Exchange's way to say so.
func setHeaders(msg *gomail.Msg, m Message) {
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetGenHeader("Content-Language", string(m.Locale))
	msg.SetGenHeader(kindHeader, string(m.Kind))
}

// SenderHost is the part of a sender behind the at sign, and localhost where there is none.
func SenderHost(from string) string {
	a, err := netmail.ParseAddress(from)
	if err != nil {
		return "localhost"
	}
	return a.Address[strings.LastIndexByte(a.Address, '@')+1:]
}

// source returns the bytes of the message.
func source(m Message) ([]byte, error) {
	msg, err := compose(m)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("compose mail: %w", err)
	}
	return b.Bytes(), nil
}
