package faults_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"flowxi.app/flowxi/internal/backing"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/seal"
)

// onPostgres is one process on a PostgreSQL.
func onPostgres(t *testing.T, database string) *single {
	t.Helper()
	s := newSingle(t, t.TempDir(), "FLOWXI_DATABASE_URL="+database, "FLOWXI_KEYS="+seal.NewKey())
	s.start(t)
	return s
}

// proxied is one process on a PostgreSQL behind a proxy.
func proxied(t *testing.T) (*single, *proxy) {
	t.Helper()
	u, err := url.Parse(dbtest.Blank(t, dbtest.Postgres).URL)
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, u.Host)
	u.Host = p.listener.Addr().String()
	query := u.Query()
	query.Set("default_query_exec_mode", "exec") // the proxy tells by their texts whose commits are whose
	u.RawQuery = query.Encode()
	return onPostgres(t, u.String()), p
}

func TestCommitsThatTakeASecondAreWaitedFor(t *testing.T) {
	s, p := proxied(t)
	s.endure(t, "PostgreSQL takes a second to commit", asTheyAre, func(l *tally) {
		p.delay.Store(int64(time.Second))
		time.Sleep(3 * time.Second)
		p.delay.Store(0)
		l.mend()
	})
}

// TestAHealthCheckGivesUpASilentDatabase is contract section 11: unavailable is whose
// database does not answer within a second.
func TestAHealthCheckGivesUpASilentDatabase(t *testing.T) {
	s, p := proxied(t)
	t.Cleanup(func() { p.mute.Store(false) })
	health := func() int {
		resp, err := http.Get(s.url() + "/api/v1/health")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	p.mute.Store(true)
	began := time.Now()
	if status := health(); status != http.StatusServiceUnavailable {
		t.Errorf("it is answered %d", status)
	}
	if took := time.Since(began); took < time.Second || took > 5*time.Second {
		t.Errorf("it is answered after %v, want a second", took)
	}
	p.mute.Store(false)
	eventually(t, "it is well again", func() bool { return health() == http.StatusOK })
}

// TestAnAnswerThatIsCutOffAfterACommitIsNoHarm cuts background jobs off too where there
// is time: a mail whose claim went unheard waits for a minute.
func TestAnAnswerThatIsCutOffAfterACommitIsNoHarm(t *testing.T) {
	s, p := proxied(t)
	p.jobs.Store(rounds(t) > 2)
	s.endure(t, "PostgreSQL's answer to commits is cut off", asTheyAre, func(l *tally) {
		for range 6 {
			p.cutNext(0, 4)
			time.Sleep(250 * time.Millisecond)
		}
		p.cutNext(0, 0)
		l.mend()
	})
}

// TestARetryAfterAnUnheardCommitIsHarmless cuts each commit of each call in turn.
func TestARetryAfterAnUnheardCommitIsHarmless(t *testing.T) {
	s, p := proxied(t)
	l := newTally("a retry after an unheard commit", seed(t))
	for skip := range 2 {
		email := fmt.Sprintf("retry.%d@example.com", skip)
		c, token := resident(t, s, l, email)
		newcomer := fmt.Sprintf("newcomer.%d@example.com", skip)
		send := func() reply {
			return c.call("POST", "/register-email-code/send", "", map[string]any{"email": newcomer})
		}
		p.unheard(t, 0, 2, send) // its retry is lost, too
		l.expectMail(newcomer)
		code := ""
		// The code that counts is that of the last request, and the mails may still come, in
		// any order. None is tried twice: a few wrong ones end the right one.
		tried := map[string]bool{}
		eventually(t, "the newest code is right", func() bool {
			for _, m := range s.inbox(newcomer) {
				if tried[m.ID] {
					continue
				}
				tried[m.ID] = true
				r := c.call("POST", "/register-email-code/verify", "", map[string]any{"email": newcomer, "code": m.Code})
				if r.Code == "OTP_VALID" {
					code = m.Code
					return true
				}
			}
			return false
		})
		again := p.unheard(t, skip, 1, func() reply {
			return c.call("POST", "/register-email-code/set-password", "", map[string]any{
				"email": newcomer, "code": code, "password": password, "password_confirmation": password,
			})
		})
		activated := skip == 1 // by the commit that was not heard: its code is spent
		if activated && again.Code != "OTP_INVALID" || !activated && again.Code != "TOKEN_ISSUED" {
			t.Errorf("a second registration is answered %d %s", again.Status, again.Code)
		}
		if r := send(); r.Code != "EMAIL_ALREADY_USED" {
			t.Errorf("a new code for them is answered %d %s", r.Status, r.Code)
		}
		login := func() reply { return c.call("POST", "/auth/login", "", loginOf(newcomer, password, "phone")) }
		r := p.unheard(t, 0, 1, login)
		if me := c.call("GET", "/me", r.text("data", "access_token"), nil); me.Status != 200 {
			t.Errorf("the token of a second login is answered %d", me.Status)
		}
		name := fmt.Sprintf("Twice %d", skip)
		p.unheard(t, 0, 2, func() reply { return c.edit(token, name) })
		if got := c.call("GET", "/me", token, nil).text("data", "last_name"); got != name {
			t.Errorf("the name is %q", got)
		}
		l.ack()
	}
	newStorm(s, l).verifyMails()
	l.judge(t)
}

// unheard makes a call while commits are cut and then again until it is answered. It
// demands a 503 first.
func (p *proxy) unheard(t *testing.T, skip, n int, call func() reply) (last reply) {
	t.Helper()
	p.cutNext(skip, n)
	defer p.cutNext(0, 0)
	if r := call(); r.Status != 503 {
		t.Errorf("without an answer to its commit a call is answered %d %s", r.Status, r.Code)
	}
	for range n + 3 {
		if last = call(); !last.unknown() {
			break
		}
	}
	if last.unknown() || p.heard.Load() == 0 {
		t.Errorf("%d commits were cut, and in the end it is answered %d %s", p.heard.Load(), last.Status, last.Code)
	}
	return last
}

// TestPostgresOutOfConnectionsIsWaitedFor takes every connection from a server and leaves
// it none.
func TestPostgresOutOfConnectionsIsWaitedFor(t *testing.T) {
	server, err := backing.Start("postgres")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	do(t, server.URL, "CREATE ROLE flowxi LOGIN", "GRANT ALL ON SCHEMA public TO flowxi")
	s := onPostgres(t, strings.Replace(server.URL, "postgres@", "flowxi@", 1))
	s.endure(t, "PostgreSQL is out of connections", asTheyAre, func(l *tally) {
		do(t, server.URL, "ALTER ROLE flowxi CONNECTION LIMIT 0",
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'flowxi'")
		time.Sleep(2 * time.Second)
		do(t, server.URL, "ALTER ROLE flowxi CONNECTION LIMIT -1")
		l.mend()
	})
}

func do(t *testing.T, server string, statements ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(ctx) }()
	for _, statement := range statements {
		if _, err := c.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}
