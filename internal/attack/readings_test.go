package attack_test

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
)

var readings = slices.Concat(readingsOfOthers, readingsOfTraces, readingsOfStores, readingsOfPages)

// life is what somebody does with an account, in all its secrets, and where each of them
// must not be seen again.
type life struct {
	code, link, token, challenge, password, wrong, factor string
	email                                                 string
}

// live lives one, mistakes included.
func live(t *testing.T, w *world) life {
	t.Helper()
	c := w.stranger(t)
	l := life{email: w.email(), password: "a canary sings 4 all of us", wrong: "a canary sings 5 times wrong"}
	l.code = c.SendCode(l.email)
	set := authtest.Fields{"email": l.email, "code": l.code, "password": l.password, "password_confirmation": l.password}
	c.Post("/register-email-code/set-password", set.With("password_confirmation", l.wrong)).Invalid("password")
	l.token = c.Post("/register-email-code/set-password", set).Expect(200, "TOKEN_ISSUED").Text("access_token")
	p := &replayPerson{Person: &authtest.Person{Client: c.Token(l.token), Email: l.email}, w: w}
	login := authtest.LoginFields(l.email, "phone")
	c.Post("/auth/login", login.With("password", l.wrong)).Expect(401, "INVALID_CREDENTIALS")
	l.factor = p.Get("/auth/2fa/status").Expect(200, "TWOFA_STATUS").Text("secret")
	p.secret = l.factor
	p.enable(-1).Expect(200, "TWOFA_ENABLED")
	l.challenge = c.Post("/auth/login", login.With("password", l.password)).Expect(200, "TWOFA_REQUIRED").Text("data.challenge_id")
	p.answer(c, l.challenge, "phone", 0).Expect(200, "LOGIN_SUCCESS")
	p.answer(c, l.challenge, "phone", 1).Expect(410, "TWOFA_CHALLENGE_EXPIRED")
	l.link = w.openLink(t)
	return l
}

// openLink is a link of somebody else, whose page was opened.
func (w *world) openLink(t *testing.T) (token string) {
	t.Helper()
	c, email := w.stranger(t), w.email()
	token = c.SendLink(email)
	c.Send("GET", "/register?token="+token+"&email="+email, nil)
	c.Send("GET", "/api/v1/no/such/path?token="+token, nil).Expect(404, "NOT_FOUND")
	return token
}

// secrets are those of a life, by what they are.
func (l life) secrets() map[string]string {
	return map[string]string{
		"code": l.code, "link": l.link, "token": secretOf(l.token), "challenge": l.challenge, "password": l.password,
		"wrong password": l.wrong, "second factor": l.factor,
	}
}

// secretOf is a token without its number.
func secretOf(token string) string {
	_, secret, _ := strings.Cut(token, "|")
	return secret
}

// expectNone demands that no secret stands in a text.
func (l life) expectNone(t *testing.T, where, text string) {
	t.Helper()
	if len(text) < 200 {
		t.Fatalf("%s holds next to nothing: %q", where, text)
	}
	for what, secret := range l.secrets() {
		if secret == "" {
			continue // of a life of which this was no part
		}
		if at := regexp.MustCompile(`\b` + regexp.QuoteMeta(secret) + `\b`).FindStringIndex(text); at != nil {
			t.Errorf("%s holds the %s: …%q…", where, what, text[max(0, at[0]-100):at[0]])
		}
	}
}

// logbook is a log that many write to.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is what was written so far.
func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// logged is a server of its own with the log that it writes.
func logged(t *testing.T, w *world, more ...authtest.Option) (*world, *logbook) {
	t.Helper()
	log := &logbook{}
	return start(t, w.engine, append(more, authtest.WithLog(log))...), log
}

var operatorsAddress = regexp.MustCompile(`msg="listening for operators" addr=(\S+)`)

// operators is where the metrics of a server are.
func (l *logbook) operators(t *testing.T) (url string) {
	t.Helper()
	found := operatorsAddress.FindStringSubmatch(l.String())
	if found == nil {
		t.Fatal("there is no listener for operators")
	}
	return "http://" + found[1]
}
