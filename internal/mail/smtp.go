package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"flowxi.app/flowxi/internal/account"
)

const (
	dialTimeout = 10 * time.Second
	sendTimeout = 30 * time.Second // from dialling to the server's last word
)

// SMTP is a Transport that hands each message to a mail server, over a connection
// of its own.
type SMTP struct {
	server   server
	password *account.Secret // by reference, since fmt does not let an unexported field mask itself
	roots    *x509.CertPool  // nil for those of the system
	dial     func(ctx context.Context, network, addr string) (net.Conn, error)
}

var _ Transport = (*SMTP)(nil)

// NewSMTP returns a transport to the server at rawURL, smtp://user:password@host:587
// or smtps://user:password@host:465, credentials and port being optional.
//
// smtps:// speaks TLS from the start and smtp:// insists on STARTTLS, except on a
// loopback host, where it speaks in the clear. Credentials are offered as PLAIN or
// LOGIN. The error never repeats the URL, which may hold a password.
func NewSMTP(rawURL string) (*SMTP, error) {
	s, password, err := parseServer(rawURL)
	if err != nil {
		return nil, fmt.Errorf("SMTP URL: %w", err)
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	return &SMTP{server: s, password: &password, dial: dialer.DialContext}, nil
}

// Send implements Transport. It takes thirty seconds at most.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	msg, err := compose(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	client, err := gomail.NewClient(s.server.host, s.options(ctx, m)...)
	if err != nil {
		return fmt.Errorf("set up SMTP: %w", err)
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if msg.IsDelivered() {
		return nil // an error can only be about the farewell, and the mail must not go out twice
	}
	return explain(ctx, err)
}

func (s *SMTP) options(ctx context.Context, m Message) []gomail.Option {
	options := []gomail.Option{
		gomail.WithPort(s.server.port),
		gomail.WithTimeout(sendTimeout),
		gomail.WithTLSConfig(s.tlsConfig()),
		gomail.WithTLSPolicy(s.server.policy()),
		gomail.WithDialContextFunc(s.dialer(ctx)),
	}
	if s.server.user != "" {
		options = append(options, gomail.WithUsername(s.server.user),
			gomail.WithPassword(string(*s.password)), s.server.auth())
	}
	if ascii(m.To) && ascii(m.From) {
		// Asked for without need, it keeps a relay from passing the mail on to a
		// server that lacks it (RFC 6531 section 3.2).
		options = append(options, gomail.WithoutSMTPUTF8())
	}
	return options
}

func (s *SMTP) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: s.server.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}
}

// dialer connects and, when ctx ends, disconnects: the library itself heeds a
// context only while it dials, and leaves a connection open where a greeting fails.
func (s *SMTP) dialer(ctx context.Context) gomail.DialContextFunc {
	return func(dialCtx context.Context, network, _ string) (net.Conn, error) {
		conn, err := s.dial(dialCtx, network, s.server.addr())
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		if !s.server.implicitTLS {
			return conn, nil
		}
		secure := tls.Client(conn, s.tlsConfig())
		return secure, secure.HandshakeContext(dialCtx)
	}
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 127 })
}

// errDeferred says that the server will not take this one mail now.
var errDeferred = errors.New("mail put off")

// explain says what went wrong without the words of the server or the library,
// which may repeat the recipient.
func explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("send mail: %w", ctx.Err())
	}
	var failed *gomail.SendError
	if errors.As(err, &failed) {
		return explainReply(failed)
	}
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return fmt.Errorf("send mail: server answered %d to the greeting or login", reply.Code)
	}
	return fmt.Errorf("send mail: %w", err)
}

func explainReply(failed *gomail.SendError) error {
	switch code := failed.ErrorCode(); {
	case code == 0:
		return fmt.Errorf("send mail: %s: connection lost", failed.Reason)
	case code >= 500 && aboutMessage(failed.Reason):
		return fmt.Errorf("%w: %s: server answered %d %s", ErrRefused, failed.Reason, code, failed.EnhancedStatusCode())
	case aboutMessage(failed.Reason):
		return fmt.Errorf("%w: %s: server answered %d %s", errDeferred, failed.Reason, code, failed.EnhancedStatusCode())
	default:
		return fmt.Errorf("send mail: %s: server answered %d %s", failed.Reason, code, failed.EnhancedStatusCode())
	}
}

// aboutMessage tells a verdict on this one mail from one on us, such as a sender
// that is not allowed: that is for an operator to mend, and no mail is lost by it.
func aboutMessage(r gomail.SendErrReason) bool {
	return r == gomail.ErrSMTPRcptTo || r == gomail.ErrSMTPData || r == gomail.ErrSMTPDataClose
}
