package doctor

import (
	"context"
	"crypto/tls"
	"io"
	"maps"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"golang.org/x/net/dns/dnsmessage"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/store"
)

// post is a mail server that takes everything, but for what it is told to refuse.
type post struct {
	tls      *tls.Config // speaks TLS from the start, where it is set
	password string      // asks for it, where it is set
	refuse   string      // a command

	mu    sync.Mutex
	mails []string
}

func (p *post) listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if p.tls != nil {
		l = tls.NewListener(l, p.tls)
	}
	s := smtp.NewServer(p)
	s.Domain, s.AllowInsecureAuth, s.ErrorLog = "mx.flowxi.test", true, silent{}
	go s.Serve(l)
	t.Cleanup(func() { s.Close(); l.Close() })
	return l.Addr().String()
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// NewSession implements smtp.Backend.
func (p *post) NewSession(*smtp.Conn) (smtp.Session, error) { return visit{p}, nil }

type visit struct{ *post }

func (v visit) Reset()        {}
func (v visit) Logout() error { return nil }

func (v visit) at(command string) error {
	if v.refuse == command {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no"}
	}
	return nil
}

func (v visit) Mail(string, *smtp.MailOptions) error { return v.at("MAIL") }
func (v visit) Rcpt(string, *smtp.RcptOptions) error { return v.at("RCPT") }

func (v visit) Data(r io.Reader) error {
	if err := v.at("DATA"); err != nil {
		return err
	}
	text, err := io.ReadAll(r)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.mails = append(v.mails, string(text))
	return err
}

func (v visit) AuthMechanisms() []string {
	if v.password == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (v visit) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, password string) error {
		if password != v.password {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (p *post) arrived() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mails
}

func posted(t *testing.T, p *post, environ ...string) *instance {
	t.Helper()
	return embedded(t, append([]string{"FLOWXI_SMTP_URL=smtp://" + p.listen(t)}, environ...)...)
}

func TestAMailServerThatTakesMailIsFoundWellWithoutAMail(t *testing.T) {
	t.Parallel()
	p := &post{}
	posted(t, p).expect()
	if len(p.arrived()) != 0 {
		t.Error("a mail was sent that nobody asked for")
	}
}

func TestAMailServerThatRefusesIsTold(t *testing.T) {
	t.Parallel()
	for refuse, want := range map[string]string{
		"MAIL": "mail failure the server takes no mail from FLOWXI_MAIL_FROM: the server answered 550",
		"RCPT": "mail warning no mail for the sender itself: the server answered 550",
	} {
		posted(t, &post{refuse: refuse}).expect(want)
	}
}

func TestAMailServerThatIsGoneIsTold(t *testing.T) {
	t.Parallel()
	embedded(t, "FLOWXI_SMTP_URL=smtp://joe:hunter2@127.0.0.1:1").expect("mail failure connection refused")
}

func TestAWrongPasswordOfTheMailServerIsToldAndNotShown(t *testing.T) {
	t.Parallel()
	i := embedded(t, "FLOWXI_SMTP_URL=smtp://joe:hunter2@"+(&post{password: "another"}).listen(t))
	i.expect("mail failure server answered 535")
	if text := told(i.findings()); strings.Contains(text, "hunter2") {
		t.Error(text)
	}
}

func TestAMailServerWhoseCertificateNobodyKnowsIsTold(t *testing.T) {
	t.Parallel()
	cert, key := newAuthority(t).issue(t, "127.0.0.1", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	server := &post{tls: &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}}
	embedded(t, "FLOWXI_SMTP_URL=smtps://"+server.listen(t)).expect("mail failure certificate")
}

func TestATestMailIsInTheLanguageOfItsReader(t *testing.T) {
	t.Parallel()
	p := &post{}
	i := posted(t, p)
	i.operate(func(a *node.Admin) error {
		return a.Store.Tx(t.Context(), func(tx *store.Tx) error {
			_, err := tx.EnsureApplicant(t.Context(), "ada@flowxi.test", account.Locale("fr"), time.Now())
			return err
		})
	})
	i.o.MailTo = "ada@flowxi.test"
	i.expect()
	if got := p.arrived(); len(got) != 1 || !strings.Contains(got[0], "Content-Language: fr") || !strings.Contains(got[0], "<ada@flowxi.test>") {
		t.Errorf("this arrived: %q", got)
	}
	i.o.MailTo = "nobody"
	i.expect("mail failure its recipient is not an address")
}

func TestATestMailThatIsRefusedIsTold(t *testing.T) {
	t.Parallel()
	i := posted(t, &post{refuse: "DATA"})
	i.o.MailTo = "ada@flowxi.test"
	i.expect("mail failure server answered 550")
}

func TestATestMailThatCannotLeaveIsTold(t *testing.T) {
	t.Parallel()
	i := embedded(t)
	i.o.MailTo = "ada@flowxi.test"
	i.expect("mail failure no mail leaves this instance")
	for settings, do := range map[string]string{
		"FLOWXI_LOG_LEVEL=info":      "Set FLOWXI_SMTP_URL.",
		"FLOWXI_ENVIRONMENT=sandbox": "Set FLOWXI_SMTP_URL, and FLOWXI_ENVIRONMENT to production.",
		"FLOWXI_ENVIRONMENT=sandbox FLOWXI_SMTP_URL=smtps://127.0.0.1:1": "Set FLOWXI_ENVIRONMENT to production.",
	} {
		i := embedded(t, strings.Fields(settings)...)
		i.o.MailTo = "ada@flowxi.test"
		if f := i.findings()[slot("mail")]; f.Level != Failure || f.Do != do {
			t.Errorf("%s: %s", settings, told([]Finding{f}))
		}
	}
}

// names is a resolver that knows these records, by their name and kind. Of what else it is
// asked it says there is no such domain, or that it fails.
type names struct {
	records  map[string]string
	fails    bool
	failsFor string // a kind of records, or those of a name, where it fails for them alone
}

func (n names) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			size, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer, err := n.answer(buf[:size]); err == nil {
				conn.WriteTo(answer, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func (n names) answer(query []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	q := m.Questions[0]
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	kind := strings.TrimPrefix(q.Type.String(), "Type")
	asked := strings.TrimSuffix(q.Name.String(), ".") + " " + kind
	text, known := n.records[asked]
	header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60}
	switch {
	case n.fails, n.failsFor == kind, n.failsFor == asked:
		m.RCode = dnsmessage.RCodeServerFailure
	case !known:
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeMX:
		m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.MXResource{Pref: 10, MX: dnsmessage.MustNewName(text)}}}
	default:
		m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.TXTResource{TXT: []string{text}}}}
	}
	return m.Pack()
}

func TestRecordsThatADomainLacksAreTold(t *testing.T) {
	t.Parallel()
	all := map[string]string{"mail.flowxi.test MX": "mx.flowxi.test.", "mail.flowxi.test TXT": "v=spf1 mx -all", "_dmarc.flowxi.test TXT": "v=DMARC1; p=none"}
	i := posted(t, &post{}, "FLOWXI_MAIL_FROM=Flowxi <no-reply@mail.flowxi.test>")
	i.o.Resolver = names{records: all}.resolver(t)
	i.expect()
	if leftOut := leftOut(i.findings()); strings.Contains(strings.Join(leftOut, " "), "dns") {
		t.Error("the domain was not asked for")
	}
	i.o.Resolver = names{records: map[string]string{"mail.flowxi.test TXT": "some other text"}}.resolver(t)
	i.expect("dns warning has no MX record", "dns warning has no SPF record", "dns warning has no DMARC record")
	i.o.Resolver = names{failsFor: "TXT"}.resolver(t)
	i.expect("dns warning has no MX record")
	some := maps.Clone(all) // the resolver of all may still answer a question that came twice
	delete(some, "_dmarc.flowxi.test TXT")
	i.o.Resolver = names{records: some, failsFor: "_dmarc.mail.flowxi.test TXT"}.resolver(t)
	i.expect()
	i.o.Resolver = names{fails: true}.resolver(t)
	i.expect()
	if f := i.findings()[slot("dns")]; f.Level != Skipped || !strings.Contains(f.Found, "does not tell") {
		t.Errorf("a resolver that fails: %s", told([]Finding{f}))
	}
}

// slot is the place of a check among all.
func slot(name string) int {
	for n, c := range checks() {
		if c.name == name {
			return n
		}
	}
	return -1
}

// mute is the address of somebody who takes connections and never says a word.
func mute(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var held []net.Conn
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			held = append(held, c)
			mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range held {
			c.Close()
		}
	})
	return l.Addr().String()
}
