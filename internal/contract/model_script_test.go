package contract_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flowxi.app/flowxi/internal/authtest"
)

// script plays one sequence of calls to a server and to the model side by side, and fails
// at the first answer that is not that of the model.
type script struct {
	*model
	t      steady
	of     *testing.T // that the server is of
	srv    *authtest.Server
	caller *authtest.Client // of nobody and nowhere
	nodes  int
	places []seat
	lines  []string
	calls  map[string]int // of all scripts, by what was asked and answered
	sent   time.Time      // when the script began, by the clock on the wall
}

// steady fails with one sentence whatever was answered, so that rapid knows the same
// failure again while it looks for the shortest way to it.
type steady struct{ *rapid.T }

func (s steady) Fatalf(format string, args ...any) {
	s.Logf(format, args...)
	s.T.Fatalf("an answer was not that of the model")
}

// move is what one step draws: who, to whom, and how. The server's state gives the rest
// its meaning, so that a move means something wherever shrinking leaves it.
type move struct {
	what             string
	at, person, pick int
	twist            int // 0 is the plain way, and others are not
}

// GoString implements fmt.GoStringer: rapid shows what it has drawn.
func (m move) GoString() string {
	return fmt.Sprintf("%s (%d %d %d %d)", m.what, m.at, m.person, m.pick, m.twist)
}

// moves are those that there are, by how often each is made.
var moves = func() (list []string) {
	for what, times := range map[string]int{
		"join": 3, "send": 3, "verify": 2, "register by code": 2, "register by link": 3,
		"login": 8, "finish": 6, "me": 2, "patch": 2, "devices": 2, "logout": 1, "logout device": 2,
		"factor status": 2, "factor on": 3, "enable": 2, "disable": 2, "step up": 2, "operator": 3, "wait": 4, "look around": 1, "storm": 2, "begin again": 3,
	} {
		list = append(list, slices.Repeat([]string{what}, times)...)
	}
	slices.Sort(list)
	return list
}()

func drawMove(t *rapid.T) move {
	return rapid.Custom(func(t *rapid.T) move {
		return move{
			what: rapid.SampledFrom(moves).Draw(t, "what"), at: rapid.IntRange(0, 3).Draw(t, "at"),
			person: rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2}).Draw(t, "person"),
			pick:   rapid.IntRange(0, 11).Draw(t, "pick"), twist: rapid.IntRange(0, 11).Draw(t, "twist"),
		}
	}).Draw(t, "move")
}

// one of some ways: the first is the plain one.
func one[T any](twist int, ways ...T) T { return ways[twist%len(ways)] }

func (s *script) play(m move) {
	at, h := s.places[m.at], s.people[m.person]
	switch m.what {
	case "join":
		s.join(at, h, m)
	case "send":
		s.send(at, h, m.pick%2 == 1, m.pick%3 == 2, m)
	case "verify":
		s.verifyCode(at, s.pending(h, m.pick), m)
	case "register by code":
		s.byCode(at, s.pending(h, m.pick), m)
	case "register by link":
		s.byLink(at, s.pending(h, m.pick), m)
	case "login":
		s.logIn(at, h, m)
	case "finish":
		s.finishLogin(at, h, m)
	case "operator":
		s.operate(h, m)
	case "wait":
		s.wait(m)
	case "begin again":
		s.beginAgain(at, s.pending(h, 0), m)
	case "storm":
		s.storm(at, h, m)
	case "look around":
		s.lookAround()
	default:
		s.bear(at, h, m)
	}
}

// prepare brings people so far that most calls have something to work on.
func (s *script) prepare(much int) {
	ana, ben := s.people[0], s.people[1]
	if much >= 1 {
		s.join(s.places[0], ana, move{pick: 1})
	}
	if much >= 2 {
		s.join(s.places[1], ben, move{pick: 2})
		s.logIn(s.places[2], ana, move{})
	}
	if much >= 3 {
		s.turnOn(s.places[0], s.tokens[0])
	}
	if much >= 4 {
		s.send(s.places[1], s.people[2], false, false, move{})
	}
}

// pending is mostly somebody who has begun to register, where there is anybody.
func (s *script) pending(h *human, pick int) *human {
	i := slices.IndexFunc(s.people, func(h *human) bool { return h.status == "pending" })
	if i < 0 || pick > 8 || h.status == "pending" {
		return h
	}
	return s.people[i]
}

// spelled is an address as its owner, or somebody else, may write it.
func (h *human) spelled(pick int) string {
	return one(pick, h.email, h.email, " "+h.email, strings.ToUpper(h.email), strings.ToUpper(h.email[:1])+h.email[1:]+" ")
}

// client is a seat as the server sees it.
func (s *script) client(at seat, t *token) *authtest.Client {
	c := s.caller.From(at.address(len(s.lines))).Header("User-Agent", at.agent).Locale(at.language)
	if t != nil {
		c = c.Token(t.text)
	}
	return c
}

// address is one of the network: an IPv6 address changes from call to call.
func (p seat) address(call int) string {
	if strings.Contains(p.network, ":") {
		return fmt.Sprintf("%s%x", p.network, call+1)
	}
	return p.network
}

// tell writes down a call, and how it was answered.
func (s *script) tell(who, what string, a *authtest.Answer, want verdict, language string) *authtest.Answer {
	got := verdict{status: a.Status, code: a.Code()}
	line := fmt.Sprintf("%s: %s → %d %s", who, what, got.status, got.code)
	if got.status != want.status || got.code != want.code {
		s.fail("%s, model says %d %s\n%s", line, want.status, want.code, a)
	}
	s.lines = append(s.lines, line)
	s.calls[strings.Join(strings.Fields(what)[:2], " ")+" "+got.code]++
	if got.status == http.StatusTooManyRequests {
		// One of several nodes that has counted up to a rule itself asks nobody how far the
		// others of the call are, and may tell the time of that rule alone.
		least := want.after
		if s.nodes > 1 {
			least = want.least
		}
		if after := a.RetryAfter(); after < least-s.slack() || after > want.after+time.Second {
			s.fail("%s, to try again after %s, model says %s to %s", line, after, least, want.after)
		}
	}
	if got := a.Header.Get("Content-Language"); got != language {
		s.fail("%s, in %q, model says %q", line, got, language)
	}
	if challenge := a.Header.Get("WWW-Authenticate"); (a.Status == http.StatusUnauthorized) != (challenge == "Bearer") {
		s.fail("%s, with WWW-Authenticate %q", line, challenge)
	}
	return a
}

// fail shows the script so far and ends it.
func (s *script) fail(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.t.Fatalf("the script:\n  %s", strings.Join(append(s.lines, text), "\n  "))
}

// slack is how much time may pass on the wall while a script plays, which on a server with
// Redis is not the clock's alone to say.
func (s *script) slack() time.Duration {
	if s.nodes > 1 {
		return 30 * time.Second
	}
	return time.Second
}

func (s *script) wait(m move) {
	edges := slices.DeleteFunc(s.edges(), func(e time.Duration) bool { return e <= s.now })
	d := one(m.pick, 30*time.Second, time.Minute, 30*time.Second, 10*time.Minute, time.Hour, time.Second, 11*time.Hour, 5*time.Minute)
	if len(edges) > 0 && m.pick >= 8 { // just before or after something ends
		edge := edges[m.twist%len(edges)]
		d = max(0, edge-s.now-s.slack()-time.Second)
		if m.pick%2 == 1 {
			d = edge - s.now + time.Second
		}
	}
	s.pass(d)
}

// pass lets time go by, and a little more where it would be unclear whether something has
// ended.
func (s *script) pass(d time.Duration) {
	to := s.now + d
	for _, e := range s.edges() { // in their order
		if e-s.slack() <= to && to < e+time.Second {
			to = e + time.Second
		}
	}
	if to == s.now {
		return
	}
	s.lines = append(s.lines, fmt.Sprintf("time: %s pass", to-s.now))
	s.srv.Advance(to - s.now)
	s.now = to
}
