package clustertest_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/clustertest"
)

// racers is how many callers race, spread over the nodes.
const racers = 32

// Fields is a JSON object to send.
type Fields = authtest.Fields

// world is a running cluster, and what its tests know of it.
type world struct {
	*clustertest.Cluster

	nodes int
	met   *atomic.Int64 // people that a test made up
}

// sentence is what holds for a cluster, and its proof.
type sentence struct {
	says  string
	prove func(t *testing.T, w world)
}

// TestManyNodesAreOne starts each shape once, for everything that is said of it: first
// what may be proved at once, then what takes something away from the others.
func TestManyNodesAreOne(t *testing.T) {
	for name, o := range map[string]clustertest.Options{
		"two nodes on PostgreSQL":            {Nodes: 2},
		"three nodes on PgBouncer before it": {Nodes: 3, Pooler: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.Environ = settings
			w := world{clustertest.Start(t, o), o.Nodes, new(atomic.Int64)}
			t.Run("at once", func(t *testing.T) {
				for _, s := range quiet() {
					t.Run(s.says, func(t *testing.T) {
						t.Parallel()
						s.prove(t, w)
					})
				}
			})
			for _, s := range loud {
				t.Run(s.says, func(t *testing.T) { s.prove(t, w) })
			}
			if !o.Pooler { // it would be the same again
				t.Run("no secret is kept or told", func(t *testing.T) { noSecretIsKept(t, w) })
			}
		})
	}
}

// settings keep every limit on. Those that would stop a race before it decides anything
// are higher than they are by themselves; no test of a limit is about one of them.
var settings = []string{
	"FLOWXI_LIMIT_CODE_PER_EMAIL=200/10m", "FLOWXI_LIMIT_CODE_PER_NETWORK=2000/10m",
	"FLOWXI_LIMIT_TWOFA_PER_PERSON=200/1m", "FLOWXI_LIMIT_TWOFA_PER_NETWORK=2000/10m",
	"FLOWXI_LIMIT_LOGIN_PER_EMAIL=200/10m", "FLOWXI_LIMIT_LOGIN_PER_DEVICE=200/10m",
	"FLOWXI_LIMIT_PHOTO_PER_PERSON=100/1h", "FLOWXI_LIMIT_DEVICES_PER_PERSON=8", "FLOWXI_DRAIN_DELAY=2s",
}

// quiet lists what leaves all parts of the cluster as they are.
func quiet() (all []sentence) {
	for _, list := range [][]sentence{spending, factors, revoking, counting, sending} {
		all = append(all, list...)
	}
	return all
}

// loud lists what stops nodes or makes Redis forget.
var loud = []sentence{
	{"what a killed node was at another does within a minute", jobsAreTakenOver},
	{"a Redis that was flushed forgets no limit", flushedLimits},
	{"a node tells that it lives, is ready and has Redis", nodeTellsOfItself},
	{"a node that is stopped gets no new request, fails none, and writes down last uses", drainLosesNothing},
	{"keys come and go node by node", keysComeAndGo},
	{"no mail came twice", noMailTwice},
}

// address is one that no other test uses.
func (w world) address() string {
	n := w.met.Add(1)
	return fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
}

// stranger is a caller over all nodes, from an address of its own, and an e-mail that
// nobody has.
func (w world) stranger(t *testing.T) (c *authtest.Client, email string) {
	t.Helper()
	from := w.address()
	return w.Nodes(t).Client(t).From(from), "someone." + from + "@example.com"
}

// person is somebody with an active account.
func (w world) person(t *testing.T) *authtest.Person {
	t.Helper()
	c, email := w.stranger(t)
	return c.Register(email)
}

// at is the same caller by one node alone: the same token, from the same address.
func (w world) at(t *testing.T, n int, c *authtest.Client, from string) *authtest.Client {
	t.Helper()
	return w.Node(t, n).Client(t).From(from).Token(c.Bearer())
}

// refusedEverywhere demands that no node knows the token of a client any more, however
// many ask.
func (w world) refusedEverywhere(t *testing.T, c *authtest.Client) {
	t.Helper()
	for n := 1; n <= w.nodes; n++ {
		one := w.at(t, n, c, w.address())
		for _, a := range authtest.Race(racers, func(int) *authtest.Answer { return one.Get("/me") }) {
			a.Expect(401, "UNAUTHENTICATED")
		}
	}
}

// knownEverywhere demands that every node knows the token of a client.
func (w world) knownEverywhere(t *testing.T, c *authtest.Client) {
	t.Helper()
	for n := 1; n <= w.nodes; n++ {
		w.at(t, n, c, w.address()).Get("/me").Expect(200, "ME_OK")
	}
}

// onlyOne demands that exactly one of the answers is a success, and that the others are
// refusals with that code.
func onlyOne(t *testing.T, answers []*authtest.Answer, status int, code string) (won *authtest.Answer) {
	t.Helper()
	for _, a := range answers {
		switch {
		case a.Status != 200:
			a.Expect(status, code)
		case won != nil:
			a.Fail("this is a second success, after\n%s", won)
		default:
			won = a
		}
	}
	if won == nil {
		answers[0].Fail("nobody succeeded")
	}
	return won
}
