package mail_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// post is a mail server. Its zero value takes everything from everybody.
type post struct {
	tls            *tls.Config // offers STARTTLS, or speaks TLS from the start where implicit is set
	implicit       bool
	user, password string   // asks for these where they are set
	mechanisms     []string // by which to log in

	// answer, where set, may refuse at a stage: "MAIL", "RCPT" or "DATA".
	answer func(stage string) error

	mu     sync.Mutex
	mails  []string
	logins int
}

// listen starts the server on a loopback address, which it returns.
func (p *post) listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if p.implicit {
		l = tls.NewListener(l, p.tls)
	}
	s := smtp.NewServer(p)
	s.Domain, s.EnableSMTPUTF8 = "mx.example", true
	s.TLSConfig, s.AllowInsecureAuth = p.tls, p.tls == nil
	s.ErrorLog = silent{}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		_ = l.Close() // which Close does not know if Serve has not begun
		<-served
	})
	return l.Addr().String()
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// arrived lists the mails that the server has taken.
func (p *post) arrived() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.mails)
}

func (p *post) loggedIn() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.logins
}

// NewSession implements smtp.Backend.
func (p *post) NewSession(*smtp.Conn) (smtp.Session, error) { return &visit{post: p}, nil }

// visit is one connection to a post.
type visit struct {
	post     *post
	loggedIn bool
}

func (v *visit) Reset()        {}
func (v *visit) Logout() error { return nil }

func (v *visit) stage(name string) error {
	if v.post.answer == nil {
		return nil
	}
	return v.post.answer(name)
}

func (v *visit) Mail(string, *smtp.MailOptions) error {
	if v.post.user != "" && !v.loggedIn {
		return smtp.ErrAuthRequired
	}
	return v.stage("MAIL")
}

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error { return v.stage("RCPT") }

func (v *visit) Data(r io.Reader) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := v.stage("DATA"); err != nil {
		return err
	}
	v.post.mu.Lock()
	defer v.post.mu.Unlock()
	v.post.mails = append(v.post.mails, string(body))
	return nil
}

// AuthMechanisms implements smtp.AuthSession.
func (v *visit) AuthMechanisms() []string { return v.post.mechanisms }

// Auth implements smtp.AuthSession.
func (v *visit) Auth(mechanism string) (sasl.Server, error) {
	if mechanism == sasl.Plain {
		return sasl.NewPlainServer(func(_, user, password string) error { return v.login(user, password) }), nil
	}
	return &loginServer{visit: v}, nil
}

func (v *visit) login(user, password string) error {
	if user != v.post.user || password != v.post.password {
		return &smtp.SMTPError{Code: 535, Message: "no: " + user + " " + password}
	}
	v.loggedIn = true
	v.post.mu.Lock()
	defer v.post.mu.Unlock()
	v.post.logins++
	return nil
}

// loginServer speaks AUTH LOGIN, which asks for the user and then the password.
type loginServer struct {
	visit *visit
	said  []string
}

func (s *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if response != nil {
		s.said = append(s.said, string(response))
	}
	switch len(s.said) {
	case 0:
		return []byte("Username:"), false, nil
	case 1:
		return []byte("Password:"), false, nil
	case 2:
		return nil, true, s.visit.login(s.said[0], s.said[1])
	}
	return nil, false, errors.New("too much said: " + strings.Join(s.said, " "))
}
