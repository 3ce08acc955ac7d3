package mail_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"flowxi.app/flowxi/internal/mail"
)

func newSMTP(t *testing.T, url string) *mail.SMTP {
	t.Helper()
	s, err := mail.NewSMTP(url)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// certificate returns one for example.com, with the pool that vouches for it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12}, pool
}

func TestAnswersOfTheServer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		stage   string
		code    int
		refused bool
	}{
		{"a recipient that does not exist", "RCPT", 550, true},
		{"a recipient whose server is busy", "RCPT", 451, false},
		{"greylisting", "RCPT", 450, false},
		{"a full mailbox", "RCPT", 452, false},
		{"content that is spam", "DATA", 554, true},
		{"a disk that is full", "DATA", 452, false},
		{"a sender that is not allowed, which is our fault", "MAIL", 550, false},
		{"a server that is closing", "MAIL", 421, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := &post{answer: func(stage string) error {
				if stage != tt.stage {
					return nil
				}
				return &smtp.SMTPError{Code: tt.code, EnhancedCode: smtp.EnhancedCode{tt.code / 100, 1, 1}, Message: "not " + reader}
			}}
			err := newSMTP(t, "smtp://"+p.listen(t)).Send(t.Context(), message(1))
			if err == nil || errors.Is(err, mail.ErrRefused) != tt.refused {
				t.Fatalf("got error %v, want one that is final: %t", err, tt.refused)
			}
			if text := err.Error(); strings.Contains(text, reader) || !strings.Contains(text, fmt.Sprint(tt.code)) {
				t.Errorf("the error should tell the code and not the address: %s", text)
			}
			if len(p.arrived()) != 0 {
				t.Error("the mail arrived all the same")
			}
		})
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	const secret = "p@ss:wörd/+%"
	const escaped = "p%40ss%3Aw%C3%B6rd%2F%2B%25"
	for _, mechanism := range []string{"PLAIN", "LOGIN"} {
		t.Run(mechanism, func(t *testing.T) {
			t.Parallel()
			p := &post{user: "mailer", password: secret, mechanisms: []string{mechanism}}
			addr := p.listen(t)
			if err := newSMTP(t, "smtp://mailer:"+escaped+"@"+addr).Send(t.Context(), message(1)); err != nil {
				t.Fatal(err)
			}
			if p.loggedIn() != 1 || len(p.arrived()) != 1 {
				t.Errorf("%d logins, %d mails", p.loggedIn(), len(p.arrived()))
			}
			err := newSMTP(t, "smtp://mailer:hunter2@"+addr).Send(t.Context(), message(2))
			if err == nil || errors.Is(err, mail.ErrRefused) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("with a wrong password: got error %v", err)
			}
		})
	}
}

func TestAServerThatOffersNoLoginGetsNoMail(t *testing.T) {
	t.Parallel()
	p := &post{}
	err := newSMTP(t, "smtp://mailer:hunter2@"+p.listen(t)).Send(t.Context(), message(1))
	if err == nil || errors.Is(err, mail.ErrRefused) || len(p.arrived()) != 0 {
		t.Errorf("got error %v, %d mails", err, len(p.arrived()))
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	config, roots := certificate(t)
	for _, tt := range []struct {
		name   string
		url    string
		server *post
		roots  *x509.CertPool
		ok     bool
	}{
		{"STARTTLS", "smtp://u:p@example.com", &post{tls: config, user: "u", password: "p", mechanisms: []string{"PLAIN"}}, roots, true},
		{"STARTTLS and LOGIN", "smtp://u:p@example.com", &post{tls: config, user: "u", password: "p", mechanisms: []string{"LOGIN"}}, roots, true},
		{"STARTTLS is not offered", "smtp://example.com", &post{}, roots, false},
		{"STARTTLS is not offered, and a login is", "smtp://u:p@example.com", &post{user: "u", password: "p", mechanisms: []string{"PLAIN"}}, roots, false},
		{"STARTTLS by a stranger", "smtp://example.com", &post{tls: config}, x509.NewCertPool(), false},
		{"STARTTLS under another name", "smtp://mail.example.org", &post{tls: config}, roots, false},
		{"TLS", "smtps://u:p@example.com", &post{tls: config, implicit: true, user: "u", password: "p", mechanisms: []string{"PLAIN"}}, roots, true},
		{"TLS on loopback", "smtps://127.0.0.1", &post{tls: config, implicit: true}, roots, true},
		{"TLS by a stranger", "smtps://example.com", &post{tls: config, implicit: true}, x509.NewCertPool(), false},
		{"TLS under another name", "smtps://mail.example.org", &post{tls: config, implicit: true}, roots, false},
		{"TLS to a server that speaks in the clear", "smtps://example.com", &post{}, roots, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			s := newSMTP(t, tt.url).Through(tt.server.listen(t), tt.roots)
			err := s.Send(ctx, message(1))
			if (err == nil) != tt.ok || errors.Is(err, mail.ErrRefused) || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got error %v", err)
			}
			if arrived := len(tt.server.arrived()) == 1; arrived != tt.ok {
				t.Errorf("the mail arrived: %t", arrived)
			}
			if !tt.ok && tt.server.loggedIn() != 0 {
				t.Error("the password was told")
			}
		})
	}
}

func TestAStallingServerIsLeft(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	defer close(stop)
	stallsAt := func(want string) string {
		p := &post{answer: func(stage string) error {
			if stage == want {
				<-stop
			}
			return nil
		}}
		return p.listen(t)
	}
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mute.Close() }()
	for name, addr := range map[string]string{"greeting": mute.Addr().String(), "RCPT": stallsAt("RCPT"), "DATA": stallsAt("DATA")} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		err := newSMTP(t, "smtp://"+addr).Send(ctx, message(1))
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, mail.ErrRefused) {
			t.Errorf("%s: got error %v", name, err)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%s: it took %v", name, took)
		}
	}
}

func TestAServerThatIsNotThereIsATemporaryFault(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := newSMTP(t, "smtp://"+addr).Send(t.Context(), message(1)); err == nil || errors.Is(err, mail.ErrRefused) {
		t.Errorf("got error %v", err)
	}
}

func TestAServerThatHangsUp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		after string
		ok    bool
	}{
		{"EHLO", false},
		{"RCPT", false},
		{"body", false},
		{"acceptance", true}, // a second try would be a second mail
	} {
		t.Run(tt.after, func(t *testing.T) {
			t.Parallel()
			err := newSMTP(t, "smtp://"+hangUp(t, tt.after)).Send(t.Context(), message(1))
			if (err == nil) != tt.ok || errors.Is(err, mail.ErrRefused) {
				t.Fatalf("got error %v", err)
			}
			if err != nil && strings.Contains(err.Error(), reader) {
				t.Errorf("the error tells the address: %v", err)
			}
		})
	}
}

// hangUp is a server that takes one mail and hangs up after a stage of it.
func hangUp(t *testing.T, after string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		converse(conn, after)
	}()
	return l.Addr().String()
}

func converse(conn io.ReadWriter, after string) {
	lines := bufio.NewScanner(conn)
	say := func(s string) { _, _ = io.WriteString(conn, s+"\r\n") }
	say("220 mx.example")
	for body := false; lines.Scan(); {
		verb, _, _ := strings.Cut(lines.Text(), " ")
		switch {
		case body && lines.Text() == ".":
			if after == "body" {
				return
			}
			say("250 accepted")
			return
		case body:
		case verb == after:
			return
		case verb == "DATA":
			body = true
			say("354 go on")
		default:
			say("250 fine")
		}
	}
}

func TestSMTPURLs(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"smtp://localhost", "smtp://127.0.0.1:2525", "smtp://[::1]:25", "smtp://mail.example/",
		"smtps://u:p@mail.example", "smtp://u%40x:p%2F@mail.example:587",
	} {
		if _, err := mail.NewSMTP(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	const secret = "hunter2"
	for _, url := range []string{
		"", "mail.example:25", "http://u:hunter2@mail.example", "smtp:u:hunter2@mail.example", "smtp://u:hunter2@",
		"smtp://u:hunter2@mail.example:0", "smtp://u:hunter2@mail.example:99999", "smtp://u:hunter2@mail.example:x",
		"smtp://:hunter2@mail.example", "smtp://hunter2@mail.example", "smtp://u:hunter2@mail.example/path",
		"smtp://u:hunter2@mail.example?tls=off", "smtp://u:hunter2@mail.example#x", "smtp://u:hunter2%@mail.example",
		"smtp://u:hunter2\n@mail.example",
	} {
		_, err := mail.NewSMTP(url)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: got error %v", url, err)
		}
	}
}

func TestTheTransportPrintsWithoutItsPassword(t *testing.T) {
	t.Parallel()
	s := newSMTP(t, "smtps://u:hunter2@mail.example")
	if text := fmt.Sprintf("%v %+v %#v", s, s, *s); strings.Contains(text, "hunter2") {
		t.Errorf("it prints as %s", text)
	}
}
