package attack_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

// kind is a kind of attack.
type kind string

// The kinds.
const (
	whoHasAnAccount kind = "who has an account"
	guessing        kind = "guessing"
	replay          kind = "replay and race"
	takingOver      kind = "taking over early"
	lockingOut      kind = "locking out"
	confusing       kind = "confusing the parser"
	reading         kind = "reading what is not yours"
	wearing         kind = "wearing it down"
)

// attempt is one thing that a stranger tries. It fails its test where the stranger
// succeeds, and where anything else is not as it should be.
type attempt struct {
	kind    kind
	try     string          // a sentence of what the stranger tries, of no other attempt and without a slash
	defence *canary.Defence // what stands against it
	run     func(t *testing.T, w *world)
	own     []authtest.Option // has a server of its own, set up so beside what all have
	alone   bool              // has a server of its own, for it steps the clock or stops the server
	nodes   bool              // is about more nodes than one
}

// attempts are all of them.
var attempts = slices.Concat(questions, guesses, replays, takeovers, lockouts, confusions, readings, floods)

// world is the server that is attacked. Other attempts may be under way on it, so each
// takes addresses and people of its own.
type world struct {
	*authtest.Server
	engine authtest.Engine
	given  *atomic.Uint32
}

// address returns an IPv4 address of a network that nobody else comes from.
func (w *world) address() string {
	n := w.given.Add(1)
	return fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
}

// email returns an address that nobody else uses.
func (w *world) email() string { return fmt.Sprintf("person%d@example.com", w.given.Add(1)) }

// stranger returns a client from a network of its own.
func (w *world) stranger(t *testing.T) *authtest.Client { return w.Client(t).From(w.address()) }

// person registers somebody from a network of their own.
func (w *world) person(t *testing.T) *authtest.Person { return w.stranger(t).Register(w.email()) }

// noServer is said of an attempt that was never made.
const noServer = "there is no server to attack"

func start(t *testing.T, e authtest.Engine, more ...authtest.Option) (w *world) {
	t.Helper()
	defer func() {
		if w == nil {
			t.Log(noServer)
		}
	}()
	all := []authtest.Option{authtest.WithLimits(), authtest.FastHash(), authtest.WithEnv("FLOWXI_TRUSTED_PROXIES=127.0.0.1")}
	return &world{Server: authtest.Start(t, e, append(all, more...)...), engine: e, given: new(atomic.Uint32)}
}

// shared is a server of many attempts, which is started for the first of them.
type shared struct {
	of     *testing.T // the test that it ends with
	engine authtest.Engine
	once   sync.Once
	world  *world
}

// get returns the server. Each attempt fails where it did not start, not the first alone,
// whose goroutine the failing of the other test ends.
func (s *shared) get(t *testing.T) *world {
	t.Helper()
	defer func() {
		if s.world == nil {
			t.Fatal(noServer)
		}
	}()
	s.once.Do(func() { s.world = start(s.of, s.engine) })
	return s.world
}

func TestAttacks(t *testing.T) {
	t.Parallel()
	for _, e := range []authtest.Engine{authtest.Embedded, authtest.Scaled} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			all := &shared{of: t, engine: e}
			if e == authtest.Embedded && !canary.Taken() {
				walkMeanwhile(t, all.get(t))
			}
			for _, a := range attempts {
				if a.nodes && e == authtest.Embedded {
					continue
				}
				t.Run(a.name(), func(t *testing.T) {
					t.Parallel()
					t.Cleanup(func() { held.note(a, e, !t.Failed()) })
					if a.alone || a.own != nil {
						a.run(t, start(t, e, a.own...))
						return
					}
					a.run(t, all.get(t))
				})
			}
		})
	}
}

// walkPause leaves most of the machine to the attempts.
const walkPause = 3 * time.Second

// walkMeanwhile has one person after another walk as the README says, until all attempts on
// the server have been made. None of them may notice.
func walkMeanwhile(t *testing.T, w *world) {
	t.Helper()
	attempted, walked := make(chan struct{}), make(chan error, 1)
	go func() {
		for walks := 1; ; walks++ {
			err := authtest.Walk{Server: w.URL, Email: w.email(), From: w.address()}.Take(context.Background())
			if err == nil {
				select {
				case <-attempted:
				case <-time.After(walkPause):
					continue
				}
			}
			t.Logf("%d people walked meanwhile", walks)
			walked <- err
			return
		}
	}()
	t.Cleanup(func() {
		close(attempted)
		if err := <-walked; err != nil {
			t.Errorf("somebody who walked as the README says noticed the attempts: %v", err)
		}
	})
}

// name is the name of its test.
func (a attempt) name() string { return string(a.kind) + ": " + a.try }

func TestAttemptsAreNamedOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, a := range attempts {
		if seen[a.try] {
			t.Errorf("there are two attempts called %q", a.try)
		}
		seen[a.try] = true
	}
}
