package api

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
)

// impatient is who waits for nothing.
func impatient(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// TestUploadsHaveTheirTurns has one person send many at once.
func TestUploadsHaveTheirTurns(t *testing.T) {
	t.Parallel()
	u := newUploads()
	var most, inside atomic.Int32
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			leave, err := u.enter(t.Context(), 1, "192.0.2.1")
			if err != nil {
				t.Error(err)
				return
			}
			defer leave()
			most.Store(max(most.Load(), inside.Add(1)))
			time.Sleep(2 * time.Millisecond)
			inside.Add(-1)
		})
	}
	all.Wait()
	if most.Load() > maxUploadsPerPerson || u.waiting != 0 {
		t.Errorf("%d were let in at once, and %d still wait", most.Load(), u.waiting)
	}
}

func TestUploadsAreSharedOut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		who  func(i int) (account.UserID, string)
		want int
	}{
		{"everybody from everywhere", func(i int) (account.UserID, string) { return account.UserID(i), fmt.Sprint(i) }, maxUploads},
		{"one person from everywhere", func(i int) (account.UserID, string) { return 1, fmt.Sprint(i) }, maxUploadsPerPerson},
		{"everybody from one network", func(i int) (account.UserID, string) { return account.UserID(i), "192.0.2.1" }, maxUploadsPerNetwork},
	} {
		u := newUploads()
		for round := range 2 {
			var inside []func()
			for i := range 100 {
				person, network := tt.who(i)
				leave, err := u.enter(impatient(t), person, network)
				switch {
				case err == nil:
					inside = append(inside, leave)
				case !errors.Is(err, account.ErrServiceUnavailable):
					t.Fatalf("%s: %v", tt.name, err)
				}
			}
			if len(inside) != tt.want {
				t.Errorf("%s, round %d: %d are let in, want %d", tt.name, round, len(inside), tt.want)
			}
			for _, leave := range inside {
				leave()
			}
		}
		if u.all != 0 || len(u.ofPerson) != 0 || len(u.ofNetwork) != 0 {
			t.Errorf("%s: of those who left %d, %v and %v are kept", tt.name, u.all, u.ofPerson, u.ofNetwork)
		}
	}
}

// TestTheOthersAreLetInBesideWhoTakesAll has one network take all that it gets.
func TestTheOthersAreLetInBesideWhoTakesAll(t *testing.T) {
	t.Parallel()
	u := newUploads()
	for i := range 100 {
		_, _ = u.enter(impatient(t), account.UserID(i), "192.0.2.1")
	}
	if _, err := u.enter(impatient(t), 1000, "192.0.2.2"); err != nil {
		t.Errorf("an owner from elsewhere is refused: %v", err)
	}
}
