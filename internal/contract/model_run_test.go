package contract_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/config"
)

var modelTime = flag.Duration("contract.model", 3*time.Second, "how long scripts are played in each shape, as many as -rapid.checks at the most")

// Whatever people and strangers call in whichever order, every answer is the one that the
// contract says. The scripts are as long as -rapid.steps on average.
func TestModel_EveryAnswerIsThatOfTheContract(t *testing.T) {
	t.Parallel()
	for _, shape := range []struct {
		name    string
		engine  authtest.Engine
		strict  bool
		devices int
		idle    time.Duration
	}{
		{"embedded", authtest.Embedded, false, 3, 12 * time.Hour},
		{"embedded with private registration", authtest.Embedded, true, 3, 12 * time.Hour},
		// When a token was used last is told from node to node within a minute of the wall, in
		// which days pass here: none is logged out for it.
		{"scaled", authtest.Scaled, false, 50, tokenLife},
	} {
		t.Run(shape.name, func(t *testing.T) {
			t.Parallel()
			g := stage{t: t, engine: shape.engine, strict: shape.strict, devices: shape.devices, idle: shape.idle, calls: map[string]int{}}
			rapid.Check(t, g.play)
			g.report()
		})
	}
}

// stage is where scripts are played, one after another.
type stage struct {
	t       *testing.T
	engine  authtest.Engine
	strict  bool
	devices int
	idle    time.Duration

	srv    *authtest.Server
	caller *authtest.Client
	plays  int
	calls  map[string]int // and how they were answered
	until  time.Time
	failed bool
}

// serverPlays is how many scripts one server sees: with them grows what is in its inbox.
const serverPlays = 60

// stranger counts the addresses and people that were given out.
var stranger atomic.Uint32

func (g *stage) play(t *rapid.T) {
	if g.plays > 0 && !g.failed && time.Now().After(g.until) {
		return
	}
	s := g.script(t)
	defer func() { g.failed = g.failed || t.Failed() }()
	s.prepare(rapid.IntRange(0, 4).Draw(t, "prepared people"))
	t.Repeat(map[string]func(*rapid.T){
		"": func(*rapid.T) {},
		"move": func(t *rapid.T) {
			if time.Since(s.sent) < s.slack()-5*time.Second || s.nodes == 1 {
				s.play(drawMove(t))
			}
		},
	})
	s.srv.AwaitMails(s.of)
	s.lookAround()
}

// report tells with -v what was played.
func (g *stage) report() {
	calls := 0
	for _, call := range slices.Sorted(maps.Keys(g.calls)) {
		calls += g.calls[call]
		g.t.Logf("%6d %s", g.calls[call], call)
	}
	g.t.Logf("%d scripts of %d calls, %d kinds of answers", g.plays, calls, len(g.calls))
}

// script begins another script, with people and places that no other has seen.
func (g *stage) script(t *rapid.T) *script {
	if g.plays%serverPlays == 0 {
		g.begin()
	}
	if g.plays++; g.plays == 1 {
		g.until = time.Now().Add(*modelTime)
	}
	// What the last script has counted is over, and a time step begins.
	g.srv.Advance(25 * time.Hour)
	now := g.srv.Now()
	g.srv.Advance(now.Truncate(30 * time.Second).Add(30 * time.Second).Sub(now))
	n := stranger.Add(1)
	network := fmt.Sprintf("10.%d.%d.", n>>8&255, n&255)
	s := &script{
		model: &model{strict: g.strict, devices: g.devices, idle: g.idle, began: g.srv.Now(), events: map[string][]time.Duration{}, rates: map[string][]rate{}},
		t:     steady{t}, of: g.t, calls: g.calls, srv: g.srv, caller: g.caller.For(steady{t}), nodes: 1, sent: time.Now(),
		places: []seat{
			{device: "laptop", network: network + "1", agent: "a browser"},
			{device: "phone", network: network + "2", agent: "an app", language: "en"},
			{device: "tablet", network: fmt.Sprintf("2001:db8:%x:%x::", n>>16, n&0xffff), agent: "an app", language: "fr"},
			{device: "eve", network: network + "4", agent: "un t\xe9l\xe9phone", language: "en"},
		},
	}
	if g.engine == authtest.Scaled {
		s.nodes = 2
	}
	for _, name := range []string{"ana", "ben", "cleo"} {
		s.people = append(s.people, &human{name: name, email: fmt.Sprintf("%s%d@example.com", name, n), profile: Fields{}})
	}
	return s
}

func (g *stage) begin() {
	if g.srv != nil {
		g.srv.Stop()
	}
	g.srv = start(g.t, g.engine, func(c *config.Config) {
		c.TokenTTL, c.TokenIdleTTL, c.Limits.DevicesPerPerson = tokenLife, g.idle, g.devices
		if g.strict {
			c.RegistrationPrivacy = "strict"
		}
	})
	g.caller = g.srv.Client(g.t)
}
