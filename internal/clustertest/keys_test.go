package clustertest_test

import (
	"fmt"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
)

// rotation is a change of keys, and who watches it.
type rotation struct {
	world

	people  []*authtest.Person // from before it, each good for two logins
	apps    []*app
	checks  int
	waiting *authtest.Client // who was mailed a code before it
	email   string
	code    string // until the key that it was made with is gone
}

// keysComeAndGo gives all nodes a new key, one after the other as deploy/README.md tells,
// and takes the old one from them.
func keysComeAndGo(t *testing.T, w world) {
	before := w.Setting(t, "FLOWXI_KEYS")
	fresh := strings.TrimSpace(w.Operate(t, "keys", "new"))
	w.Set(t, "FLOWXI_DRAIN_DELAY", "100ms") // nobody comes by the proxy
	checks := 1 + 3*w.nodes
	r := rotation{world: w, people: make([]*authtest.Person, checks*w.nodes/2+1)}
	r.apps = make([]*app, len(r.people))
	together(t, "people", len(r.people), func(t *testing.T, i int) { r.people[i], r.apps[i] = w.guarded(t) })
	r.waiting, r.email = w.stranger(t)
	r.code = r.waiting.SendCode(r.email)

	r.check(t)
	r.roll(t, before+","+fresh)
	r.roll(t, fresh+","+before)
	id, _, _ := strings.Cut(before, ":")
	w.Operate(t, "keys", "retire", id, "-y")
	r.waiting.SetPassword(r.email, r.code).Expect(200, "TOKEN_ISSUED")
	r.code = ""
	r.roll(t, fresh)
}

// roll gives the nodes another ring, one after the other.
func (r *rotation) roll(t *testing.T, ring string) {
	t.Helper()
	r.Set(t, "FLOWXI_KEYS", ring)
	for n := 1; n <= r.nodes; n++ {
		name := fmt.Sprintf("node%d", n)
		r.Stop(t, name)
		r.Start(t, name)
		r.awaitReady(t, n)
		r.check(t)
	}
}

// check demands of every node that it opens what was sealed before, and that the others
// open what it seals now.
func (r *rotation) check(t *testing.T) {
	t.Helper()
	first := r.checks * r.nodes
	r.checks++
	together(t, fmt.Sprint("check ", r.checks), r.nodes, func(t *testing.T, i int) {
		n, other, from := i+1, (i+1)%r.nodes+1, r.address()
		p, a := r.people[(first+i)%len(r.people)], r.apps[(first+i)%len(r.people)]
		id := challenge(r.at(t, n, p.Client, from), p.Email, "phone")
		finish(r.at(t, other, p.Client, from), id, a.next(), "phone").Expect(200, "LOGIN_SUCCESS")

		if r.code != "" {
			r.at(t, n, r.waiting, from).VerifyCode(r.email, r.code).Expect(200, "OTP_VALID")
		}
		c, email := r.stranger(t)
		code := r.at(t, n, c, from).SendCode(email)
		person := r.at(t, other, c, from).SetPassword(email, code).Expect(200, "TOKEN_ISSUED")
		c = c.Token(person.Text("access_token"))
		twoFA(r.at(t, other, c, from), "enable", pending(r.at(t, n, c, from)).next()).Expect(200, "TWOFA_ENABLED")
	})
}

// together does something so many times at once, and ends the test where any of it fails.
func together(t *testing.T, what string, times int, do func(t *testing.T, i int)) {
	t.Helper()
	if !t.Run(what, func(t *testing.T) {
		for i := range times {
			t.Run(fmt.Sprint(i+1), func(t *testing.T) {
				t.Parallel()
				do(t, i)
			})
		}
	}) {
		t.FailNow()
	}
}
