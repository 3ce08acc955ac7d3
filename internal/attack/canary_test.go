package attack_test

import (
	"flag"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

var canaries = flag.Bool("attack.canaries", false, "run each attempt without its defence too, where it must succeed")

// TestCanaries runs each attempt against a server without the defence that it names, once
// the same binary with all defences in place has withstood it: an attempt that fails there
// too tells nothing of the defence. That takes minutes, so it is for scripts/attack;
// otherwise it makes sure that each defence still stands where it is said to.
func TestCanaries(t *testing.T) {
	if canary.Taken() {
		t.Skip("this is a canary")
	}
	t.Parallel()
	builds := canary.Plan(t, defences(t))
	if t.Failed() || !*canaries {
		return
	}
	for _, b := range builds {
		b.Make(t)
	}
	turns := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, a := range attempts {
		t.Run(a.name(), func(t *testing.T) {
			t.Parallel()
			turns <- struct{}{}
			defer func() { <-turns }()
			held.catch(a, false)
			if out, err := without(t, builds[a.defence], a, canary.Nothing); err != nil {
				t.Fatalf("with all defences in place the attempt must not succeed: %v\n%s", err, canary.Last(out, 40))
			}
			out, err := without(t, builds[a.defence], a, a.defence.Name)
			caught := err != nil && strings.Contains(out, "--- FAIL: TestAttacks/") && !strings.Contains(out, noServer)
			held.catch(a, caught)
			if !caught || strings.Contains(out, "panic:") {
				t.Errorf("without %q the attempt must succeed, and nothing else may break:\n%s", a.defence.Name, canary.Last(out, 40))
			}
		})
	}
}

// without runs an attempt against a server without a defence.
func without(t *testing.T, b *canary.Build, a attempt, defence string) (out string, err error) {
	t.Helper()
	e := authtest.Embedded
	if a.nodes {
		e = authtest.Scaled
	}
	pattern := "^TestAttacks$/^" + string(e) + "$/^" + regexp.QuoteMeta(strings.ReplaceAll(a.name(), " ", "_")) + "$"
	out, err = b.Run(t, defence, "-test.run", pattern, "-test.timeout", "2m")
	if strings.Contains(out, "no tests to run") {
		t.Fatalf("no test is called %s", pattern)
	}
	return out, err
}

// defences are those that the attempts name.
func defences(t *testing.T) (list []*canary.Defence) {
	t.Helper()
	names := map[string]bool{canary.Nothing: true}
	for _, a := range attempts {
		switch {
		case a.defence == nil:
			t.Fatalf("no defence stands against %q", a.try)
		case slices.Contains(list, a.defence):
			continue
		case names[a.defence.Name]:
			t.Fatalf("two defences are called %q", a.defence.Name)
		}
		names[a.defence.Name] = true
		list = append(list, a.defence)
	}
	return list
}
