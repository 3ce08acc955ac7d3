package mail

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/textproto"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Handshake is what a mail server says to us without a mail.
type Handshake struct {
	Expires time.Time // of the first certificate to expire; zero where nothing is encrypted
	Refused error     // why it takes no mail to the sender itself, as some do not; nil where it does
}

// ErrSender says that the server takes no mail from the sender.
var ErrSender = errors.New("the server takes no mail from FLOWXI_MAIL_FROM")

// Handshake goes as far as the server goes without a mail: it connects, encrypts, logs in
// and says that a mail is to come from a sender, to that sender. The error says where the
// server refuses.
func (s *SMTP) Handshake(ctx context.Context, from string) (h Handshake, err error) {
	sender, err := netmail.ParseAddress(from)
	if err != nil {
		return h, fmt.Errorf("set up SMTP: %w", ValidFrom(from))
	}
	client, err := gomail.NewClient(s.server.host, s.options(ctx, Message{From: from, To: sender.Address})...)
	if err != nil {
		return h, fmt.Errorf("set up SMTP: %w", err)
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return h, explain(ctx, err)
	}
	defer func() { _ = conn.Close() }()
	h.Expires = expires(conn)
	sender.Name = ""
	if err := conn.Mail(sender.String()); err != nil {
		return h, fmt.Errorf("%w: %w", ErrSender, answered(ctx, err))
	}
	if err := conn.Rcpt(sender.String()); err != nil {
		h.Refused = answered(ctx, err)
	}
	_ = conn.Reset()
	_ = conn.Quit() // all that matters was said
	return h, nil
}

// expires is when the first certificate of the server is over.
func expires(conn *smtp.Client) (first time.Time) {
	state, err := conn.GetTLSConnectionState()
	if err != nil {
		return first
	}
	for _, c := range state.PeerCertificates {
		if first.IsZero() || c.NotAfter.Before(first) {
			first = c.NotAfter
		}
	}
	return first
}

// answered is explain for one command.
func answered(ctx context.Context, err error) error {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return fmt.Errorf("the server answered %d", reply.Code)
	}
	return explain(ctx, err)
}
