package silence_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/silence"
)

var (
	rounds = flag.Int("silence.rounds", 0, "samples of each call for each state; none: time is not judged")
	costly = flag.Bool("silence.costly", false, "hash passwords as in production")
	only   = flag.String("silence.only", "", "the one call to take the time of; none: all")
	shape  = flag.String("silence.shape", "embedded", "the shape of the server: embedded or scaled")
)

// state is what a person is in the eyes of the server.
type state string

const (
	unknown state = "unknown"
	pending state = "pending"
	active  state = "active"
	twoFA   state = "active, 2FA"
	blocked state = "blocked"
	closed  state = "closed"
)

// call is a public call, and the states that it answers alike (contract sections 4 to 7).
// The first is what the others are compared with.
type call struct {
	name   string
	path   string
	states []state
	body   func(email string) authtest.Fields
	code   string // of the answer
	tries  bool   // counts a try of a code, which is renewed after some
}

var (
	everybody = []state{unknown, pending, active, twoFA, blocked, closed}
	noAccount = []state{unknown, pending, blocked, closed} // where the contract tells of an active one
)

// calls are those that say nothing about anybody. strict is what else they are where
// registration is private.
func calls(strict bool) []call {
	invited := noAccount
	if strict {
		invited = everybody
	}
	address := func(email string) authtest.Fields { return authtest.Fields{"email": email} }
	wrong := func(email string) authtest.Fields {
		return authtest.LoginFields(email, "stranger").With("password", "Not the right 1")
	}
	return []call{
		{"login", "/auth/login", everybody, wrong, "INVALID_CREDENTIALS", false},
		{"code send", "/register-email-code/send", invited, address, "OTP_SENT", false},
		{"code resend", "/register-email-code/resend", invited, address, "OTP_SENT", false},
		{"code verify", "/register-email-code/verify", everybody, func(email string) authtest.Fields {
			return authtest.Fields{"email": email, "code": wrongCode}
		}, "OTP_INVALID", true},
		{"code set-password", "/register-email-code/set-password", everybody, func(email string) authtest.Fields {
			return authtest.Fields{"email": email, "code": wrongCode, "password": authtest.Password, "password_confirmation": authtest.Password}
		}, "OTP_INVALID", true},
		{"link send", "/auth/register-email", invited, address, "MAGIC_LINK_SENT", false},
		{"link resend", "/register-email/resend", invited, address, "MAGIC_LINK_SENT", false},
		{"link set-password", "/auth/register/set-password", everybody, func(email string) authtest.Fields {
			return authtest.Fields{"email": email, "token": strings.Repeat("a", 64), "password": authtest.Password, "password_confirmation": authtest.Password}
		}, "MAGIC_LINK_INVALID", false},
	}
}

// wrongCode is the code of nobody here but for one in a million.
const wrongCode = "482915"

// people of each state that take turns.
const people = 12

// listener takes samples from one server over one connection.
type listener struct {
	server *authtest.Server
	header http.Header
	http   *http.Client
	emails map[state][]string
	next   int
}

// listenOn starts a server with people of all states. Its limits are on, and so wide that
// none is met: they are a part of the work.
func listenOn(t *testing.T, shape authtest.Engine, strict bool, environ ...string) *listener {
	t.Helper()
	options := []authtest.Option{authtest.WithLimits(), authtest.WithEnv(environ...)}
	for _, name := range []string{
		"MAIL_PER_EMAIL", "MAIL_PER_NETWORK", "CODE_PER_EMAIL", "CODE_PER_NETWORK", "LOGIN_PER_EMAIL_NETWORK", "LOGIN_PER_EMAIL",
		"LOGIN_PER_NETWORK", "LOGIN_PER_DEVICE", "TWOFA_PER_PERSON", "TWOFA_PER_NETWORK", "REQUESTS_PER_NETWORK", "REQUESTS_PER_TOKEN",
	} {
		options = append(options, authtest.WithEnv("FLOWXI_LIMIT_"+name+"=100000/10s"))
	}
	if strict {
		options = append(options, authtest.WithEnv("FLOWXI_REGISTRATION_PRIVACY=strict"))
	}
	if !*costly {
		options = append(options, authtest.FastHash())
	}
	srv := authtest.Start(t, shape, options...)
	l := &listener{server: srv, header: http.Header{"Content-Type": {"application/json"}}, http: &http.Client{Transport: &http.Transport{DisableCompression: true}}, emails: map[state][]string{}}
	c := srv.Client(t)
	for _, s := range everybody[1:] {
		for i := range people {
			l.emails[s] = append(l.emails[s], populate(t, srv, c, s, i))
		}
	}
	return l
}

func populate(t *testing.T, srv *authtest.Server, c *authtest.Client, s state, i int) (email string) {
	t.Helper()
	email = fmt.Sprintf("%s.%d@example.com", strings.ReplaceAll(string(s), ", ", "-"), i)
	if s == pending {
		c.SendCode(email)
		c.SendLink(email)
		return email
	}
	p := c.Register(email)
	switch s {
	case blocked:
		srv.Block(t, srv.UserID(t, email))
	case closed:
		srv.CloseAccount(t, srv.UserID(t, email))
	case twoFA:
		secret := p.Get("/auth/2fa/status").Text("secret")
		p.Post("/auth/2fa/enable", authtest.Fields{"code": authtest.TOTP(secret, srv.Now())}).Expect(200, "TWOFA_ENABLED")
	}
	return email
}

// email is the address that a state's turn has. Nobody has met an unknown one before.
func (l *listener) email(s state) string {
	l.next++
	if s == unknown {
		return fmt.Sprintf("unknown-%d@example.com", l.next)
	}
	return l.emails[s][l.next%people]
}

// samples times a call for all of its states in turn, in an order that chance makes anew
// each time.
func (l *listener) samples(t *testing.T, c call, n int, random *rand.Rand) map[state][]time.Duration {
	t.Helper()
	taken := map[state][]time.Duration{}
	for round := range n {
		if c.tries && round%(people*maxTries) == 0 {
			l.renew(t)
		}
		for _, i := range random.Perm(len(c.states)) {
			s := c.states[i]
			email := l.email(s)
			taken[s] = append(taken[s], l.time(t, c, email))
		}
	}
	return taken
}

// maxTries is after how many wrong tries those who have a code get another.
const maxTries = 4

func (l *listener) renew(t *testing.T) {
	t.Helper()
	for _, email := range l.emails[pending] {
		l.post(t, "/register-email-code/send", authtest.Fields{"email": email})
	}
	for range 3 * people { // by then the mails have gone
		l.post(t, "/register-email-code/verify", authtest.Fields{"email": "nobody@example.com", "code": wrongCode})
	}
}

func (l *listener) time(t *testing.T, c call, email string) time.Duration {
	t.Helper()
	answer, took := l.post(t, c.path, c.body(email))
	if !bytes.Contains(answer, []byte(`"code":"`+c.code+`"`)) {
		t.Fatalf("%s for %s: %s, want %s", c.name, email, answer, c.code)
	}
	return took
}

func (l *listener) post(t *testing.T, path string, fields authtest.Fields) (answer []byte, took time.Duration) {
	t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.server.URL+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = l.header
	began := time.Now()
	resp, err := l.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer, err = io.ReadAll(resp.Body)
	took = time.Since(began)
	_ = resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	return answer, took
}

// TestNoCallTellsByItsTimeWhoHasAnAccount needs a machine that does nothing else, which
// scripts/silence asks for.
func TestNoCallTellsByItsTimeWhoHasAnAccount(t *testing.T) {
	if *rounds == 0 {
		t.Skip("time is judged by scripts/silence")
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "registration\tcall\tstate\tsamples\tmedian\tdifference\tpart\tp (ranks)\tp (shuffles)\tpower\t")
	for _, privacy := range []string{"open", "strict"} {
		t.Run(privacy, func(t *testing.T) { listenTo(t, privacy, table) })
	}
	_ = table.Flush()
}

func listenTo(t *testing.T, privacy string, table io.Writer) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, seed))
	l := listenOn(t, authtest.Engine(*shape), privacy == "strict")
	all, comparisons := calls(privacy == "strict"), 0
	for _, c := range slices.Concat(calls(false), calls(true)) {
		comparisons += len(c.states) - 1
	}
	for _, c := range all {
		if *only != "" && c.name != *only {
			continue
		}
		l.samples(t, c, *rounds/20+1, random) // warms up
		judge(t, l, c, comparisons, random, func(s state, found silence.Comparison) {
			fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%v\t%v\t%.1f %%\t%.2g\t%.2g\t%.2f\t\n", privacy, c.name, s, *rounds, found.Median[0],
				found.Difference, 100*float64(found.Difference)/float64(found.Median[0]), found.RankP, found.ShuffleP, found.Power)
		})
	}
}

// enough is from how many rounds on a measurement must be able to find what is planted.
// Fewer find less, which they tell.
const enough = 300

// judge fails the test where the times of a call tell a state from the first, in two
// measurements one after the other: a machine that did something else for a while does
// not do it again.
func judge(t *testing.T, l *listener, c call, comparisons int, random *rand.Rand, tell func(state, silence.Comparison)) {
	t.Helper()
	before := map[state]silence.Comparison{}
	for turn := 1; ; turn++ {
		taken, found := l.samples(t, c, *rounds, random), map[state]silence.Comparison{}
		again := false
		for _, s := range c.states[1:] {
			found[s] = silence.Compare(taken[c.states[0]], taken[s], comparisons, random)
			tell(s, found[s])
			again = again || found[s].Differs(comparisons)
		}
		if turn == 1 && again {
			before = found
			continue
		}
		for _, s := range c.states[1:] {
			if turn == 2 && before[s].Differs(comparisons) && found[s].Differs(comparisons) {
				t.Errorf("%s tells a person who is %s from one who is %s: %+v", c.name, s, c.states[0], found[s])
			}
			if *rounds >= enough && found[s].Power < 0.95 {
				t.Errorf("%s, %s: a difference of %v would be found in %.0f %% of all cases only", c.name, s, silence.Planted, 100*found[s].Power)
			}
		}
		return
	}
}
