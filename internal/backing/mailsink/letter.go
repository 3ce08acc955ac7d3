package main

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"regexp"
	"time"
)

// letter is a mail as it is shown.
type letter struct {
	ID      string    `json:"id"` // Message-ID: two mails that share one are one mail twice
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Date    time.Time `json:"date"`
	Code    string    `json:"code,omitempty"`
	Link    string    `json:"link,omitempty"`
	Text    string    `json:"text"`
}

var (
	codeLine = regexp.MustCompile(`(?m)^\d{6}\r?$`)
	linkLine = regexp.MustCompile(`(?m)^https?://\S+`)
)

// read reads a mail whose first part is text.
func read(source []byte) (l letter, err error) {
	msg, err := mail.ReadMessage(bytes.NewReader(source))
	if err != nil {
		return letter{}, err
	}
	var words mime.WordDecoder
	l.ID = msg.Header.Get("Message-Id")
	to, failedTo := mail.ParseAddress(msg.Header.Get("To"))
	date, failedDate := msg.Header.Date()
	subject, failedSubject := words.DecodeHeader(msg.Header.Get("Subject"))
	if err := errors.Join(failedTo, failedDate, failedSubject); err != nil {
		return letter{}, err
	}
	l.To, l.Date, l.Subject = to.Address, date, subject
	if l.Text, err = firstPart(msg); err != nil {
		return letter{}, err
	}
	l.Code = string(bytes.TrimSpace(codeLine.Find([]byte(l.Text))))
	l.Link = linkLine.FindString(l.Text)
	return l, nil
}

func firstPart(msg *mail.Message) (string, error) {
	_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return "", err
	}
	part, err := multipart.NewReader(msg.Body, params["boundary"]).NextPart()
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(part)
	return string(text), err
}
