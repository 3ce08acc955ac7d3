package attack_test

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/canary"
)

// outcomes is what came of the attempts.
type outcomes struct {
	mu     sync.Mutex
	held   map[string]map[authtest.Engine]bool
	caught map[string]bool
}

var held = &outcomes{held: map[string]map[authtest.Engine]bool{}, caught: map[string]bool{}}

func (o *outcomes) note(a attempt, e authtest.Engine, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held[a.try] == nil {
		o.held[a.try] = map[authtest.Engine]bool{}
	}
	o.held[a.try][e] = ok
}

func (o *outcomes) catch(a attempt, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.caught[a.try] = ok
}

// TestMain prints the table of all attempts after them.
func TestMain(m *testing.M) {
	code := m.Run()
	if !canary.Taken() {
		held.print()
	}
	os.Exit(code)
}

func (o *outcomes) print() {
	yes := map[bool]string{true: "yes", false: "no"}
	fmt.Printf("%-26s  %-8s  %-8s  %-6s  %s\n", "kind", "embedded", "scaled", "canary", "attempt")
	for _, a := range attempts {
		at := func(e authtest.Engine) string {
			ok, ran := o.held[a.try][e]
			if !ran {
				return "-"
			}
			return yes[ok]
		}
		canary := "-"
		if ok, ran := o.caught[a.try]; ran {
			canary = yes[ok]
		}
		fmt.Printf("%-26s  %-8s  %-8s  %-6s  %s\n", a.kind, at(authtest.Embedded), at(authtest.Scaled), canary, a.try)
	}
}
