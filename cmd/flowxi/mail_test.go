package main

import (
	"io"
	"net"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// mailServer takes every mail from whoever has the password hunter2, and forgets it.
func mailServer(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return hole{}, nil }))
	s.Domain, s.AllowInsecureAuth = "mx.example", true
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return l.Addr().String()
}

// hole is a session of it.
type hole struct{}

func (hole) Reset()                               {}
func (hole) Logout() error                        { return nil }
func (hole) Mail(string, *smtp.MailOptions) error { return nil }
func (hole) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (hole) AuthMechanisms() []string             { return []string{sasl.Plain} }

func (hole) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func (hole) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, password string) error {
		if password != "hunter2" {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}
