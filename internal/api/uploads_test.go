package api

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
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
	u := NewUploads()
	var most, inside atomic.Int32
	var all sync.WaitGroup
	for range maxUploadsPerPerson + maxWaitingPerPerson {
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
	if most.Load() > maxUploadsPerPerson || u.waiting.all != 0 {
		t.Errorf("%d were let in at once, and %d still wait", most.Load(), u.waiting.all)
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
		u := NewUploads()
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
		if in := &u.inside; in.all != 0 || len(in.ofPerson) != 0 || len(in.ofNetwork) != 0 {
			t.Errorf("%s: of those who left %d, %v and %v are kept", tt.name, in.all, in.ofPerson, in.ofNetwork)
		}
	}
}

// TestTheOthersAreLetInBesideWhoTakesAll has one network take all that it gets.
func TestTheOthersAreLetInBesideWhoTakesAll(t *testing.T) {
	t.Parallel()
	u := NewUploads()
	for i := range 100 {
		_, _ = u.enter(impatient(t), account.UserID(i), "192.0.2.1")
	}
	if _, err := u.enter(impatient(t), 1000, "192.0.2.2"); err != nil {
		t.Errorf("an owner from elsewhere is refused: %v", err)
	}
}

// TestThePlacesToWaitAreSharedOut has all of somebody's uploads wait, until the others have
// had theirs.
func TestThePlacesToWaitAreSharedOut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		who  func(i int) (account.UserID, string)
		want int
	}{
		{"everybody from everywhere", func(i int) (account.UserID, string) { return account.UserID(i), fmt.Sprint(i) }, maxWaiting},
		{"one person from everywhere", func(i int) (account.UserID, string) { return 1, fmt.Sprint(i) }, maxWaitingPerPerson},
		{"everybody from one network", func(i int) (account.UserID, string) { return account.UserID(i), "192.0.2.1" }, maxWaitingPerNetwork},
	} {
		synctest.Test(t, func(t *testing.T) {
			u := NewUploads()
			for i := range maxUploads {
				if _, err := u.enter(t.Context(), account.UserID(-1-i), fmt.Sprint("before ", i)); err != nil {
					t.Fatal(err)
				}
			}
			atOnce := 0
			for i := range 2 * maxWaiting {
				person, network := tt.who(i)
				go func() {
					began := time.Now()
					if _, err := u.enter(t.Context(), person, network); err != nil && time.Since(began) == 0 {
						u.mu.Lock()
						atOnce++
						u.mu.Unlock()
					}
				}()
			}
			synctest.Wait()
			u.mu.Lock()
			if waiting := u.waiting.all; waiting != tt.want || atOnce != 2*maxWaiting-tt.want {
				t.Errorf("%s: %d wait, want %d, and %d are refused at once", tt.name, waiting, tt.want, atOnce)
			}
			u.mu.Unlock()
			time.Sleep(2 * uploadWait)
			u.mu.Lock()
			defer u.mu.Unlock()
			if w := &u.waiting; w.all != 0 || len(w.ofPerson) != 0 || len(w.ofNetwork) != 0 {
				t.Errorf("%s: of those who waited %d, %v and %v are kept", tt.name, w.all, w.ofPerson, w.ofNetwork)
			}
		})
	}
}

// TestWhoIsSentAwayIsCounted has more wait than may, and one of them hang up.
func TestWhoIsSentAwayIsCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		u := NewUploads()
		for range maxUploadsPerPerson {
			if _, err := u.enter(t.Context(), 1, "192.0.2.1"); err != nil {
				t.Fatal(err)
			}
		}
		client, hangUp := context.WithCancel(t.Context())
		go u.enter(client, 1, "192.0.2.1")
		for range maxWaitingPerPerson {
			go u.enter(t.Context(), 1, "192.0.2.1")
			synctest.Wait()
		}
		if waiting, refused := u.Load(); waiting != maxWaitingPerPerson || refused != 1 {
			t.Errorf("%d wait and %d were sent away at once, want %d and 1", waiting, refused, maxWaitingPerPerson)
		}
		hangUp()
		time.Sleep(2 * uploadWait)
		synctest.Wait()
		if waiting, refused := u.Load(); waiting != 0 || refused != maxWaitingPerPerson {
			t.Errorf("%d wait and %d were sent away in the end, want 0 and %d", waiting, refused, maxWaitingPerPerson)
		}
	})
}
