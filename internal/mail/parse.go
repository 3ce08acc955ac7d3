package mail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"regexp"
	"strings"

	"flowxi.app/flowxi/internal/account"
)

var (
	codeLine = regexp.MustCompile(`(?m)^\d{6}$`)
	linkLine = regexp.MustCompile(`(?m)^https?://\S+$`)
)

// parse reads a mail that compose has written.
func parse(id string, body []byte) (Entry, error) {
	msg, err := netmail.ReadMessage(bytes.NewReader(body))
	if err != nil {
		return Entry{}, fmt.Errorf("parse mail: %w", err)
	}
	e := Entry{ID: id, Source: string(body)}
	if err := errors.Join(e.parseHeader(msg.Header), e.parseBody(msg)); err != nil {
		return Entry{}, fmt.Errorf("parse mail: %w", err)
	}
	e.Code, e.Link = find(e.Text)
	return e, nil
}

func (e *Entry) parseHeader(h netmail.Header) error {
	var decoder mime.WordDecoder
	subject, err1 := decoder.DecodeHeader(h.Get("Subject"))
	from, err2 := decoder.DecodeHeader(h.Get("From"))
	to, err3 := netmail.ParseAddress(h.Get("To"))
	date, err4 := h.Date()
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	e.Subject, e.From, e.To, e.Date = subject, from, to.Address, date.UTC()
	e.Locale = account.Locale(h.Get("Content-Language"))
	e.Kind = account.MailKind(h.Get(kindHeader))
	return nil
}

func (e *Entry) parseBody(msg *netmail.Message) error {
	_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	if e.Text, err = nextPart(parts); err != nil {
		return err
	}
	e.HTML, err = nextPart(parts)
	return err
}

// nextPart reads a part, which the reader has freed of its transfer encoding.
func nextPart(parts *multipart.Reader) (string, error) {
	part, err := parts.NextPart()
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(part)
	return strings.ReplaceAll(string(body), "\r\n", "\n"), err
}

// find looks for the code and the link, which stand in the text on lines of their
// own.
func find(text string) (code, link string) {
	return codeLine.FindString(text), linkLine.FindString(text)
}

// summary is the entry without what takes space.
func (e Entry) summary() Entry {
	e.Text, e.HTML, e.Source = "", "", ""
	return e
}
