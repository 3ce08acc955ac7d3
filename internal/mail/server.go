package mail

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"flowxi.app/flowxi/internal/account"
)

// The ports of mail submission (RFC 8314 section 3).
const (
	submissionPort  = 587
	submissionsPort = 465
)

// server is what an SMTP URL says, but for the password.
type server struct {
	host        string
	port        int
	user        string // empty for none
	implicitTLS bool
}

func parseServer(rawURL string) (s server, password account.Secret, err error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return s, "", errors.New("not a URL") // err would repeat it
	}
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return s, "", errors.New("nothing may follow the host and port")
	}
	s = server{host: u.Hostname(), implicitTLS: u.Scheme == "smtps"}
	if s.port, err = port(u); err != nil {
		return s, "", err
	}
	s.user, password, err = credentials(u.User)
	return s, password, err
}

func port(u *url.URL) (int, error) {
	switch {
	case u.Scheme != "smtp" && u.Scheme != "smtps":
		return 0, errors.New("must begin with smtp:// or smtps://")
	case u.Hostname() == "":
		return 0, errors.New("has no host")
	case strings.Contains(u.Hostname(), ":") && !strings.HasPrefix(u.Host, "["):
		return 0, errors.New("an IPv6 address stands in brackets")
	case u.Port() == "" && u.Scheme == "smtps":
		return submissionsPort, nil
	case u.Port() == "":
		return submissionPort, nil
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || n == 0 {
		return 0, errors.New("the port is not a number from 1 to 65535")
	}
	return int(n), nil
}

func credentials(u *url.Userinfo) (user string, password account.Secret, err error) {
	if u == nil {
		return "", "", nil
	}
	p, _ := u.Password()
	if u.Username() == "" || p == "" {
		return "", "", errors.New("credentials need a user and a password")
	}
	return u.Username(), account.Secret(p), nil
}

func (s server) addr() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

// clear tells whether nothing is encrypted, since nothing leaves the machine.
func (s server) clear() bool {
	if s.implicitTLS {
		return false
	}
	ip, err := netip.ParseAddr(s.host)
	return s.host == "localhost" || err == nil && ip.IsLoopback()
}

// policy is about STARTTLS, which a connection that is encrypted already does
// without.
func (s server) policy() gomail.TLSPolicy {
	if s.implicitTLS || s.clear() {
		return gomail.NoTLS
	}
	return gomail.TLSMandatory
}

func (s server) auth() gomail.Option {
	if s.clear() {
		return gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc)
	}
	return gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthPlain, gomail.SMTPAuthLogin)
}
