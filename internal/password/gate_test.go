package password

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheGateBoundsWhatRunsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(3, 100, time.Hour)
		var running, most, done atomic.Int64
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if err := g.do(t.Context(), InTurn, func() {
					most.Store(max(most.Load(), running.Add(1)))
					time.Sleep(time.Second)
					running.Add(-1)
					done.Add(1)
				}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if most.Load() != 3 || done.Load() != 50 {
			t.Errorf("%d ran at once and %d in all", most.Load(), done.Load())
		}
	})
}

func TestTheGateServesInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 10, time.Hour)
		var order []int
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				if err := g.do(t.Context(), InTurn, func() {
					order = append(order, i)
					time.Sleep(time.Second)
				}); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		all.Wait()
		if !slices.IsSorted(order) || len(order) != 10 {
			t.Errorf("served in the order %v", order)
		}
	})
}

func TestThoseWhoGoFirstWaitForOneInItsTurnAtTheMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 10, time.Hour)
		var order []string
		var all sync.WaitGroup
		come := func(turn Turn, name string) {
			all.Go(func() {
				if err := g.do(t.Context(), turn, func() {
					order = append(order, name)
					time.Sleep(time.Second)
				}); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		for _, name := range []string{"a", "b", "c", "d"} {
			come(InTurn, name)
		}
		come(First, "A")
		come(First, "B")
		all.Wait()
		// a is inside, b waits for the slot, and c gets in line behind A and B once b is inside.
		if want := []string{"a", "b", "A", "B", "c", "d"}; !slices.Equal(order, want) {
			t.Errorf("served in the order %v, want %v", order, want)
		}
	})
}

func TestAFullQueueKeepsNobodyOutWhoGoesFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 2, time.Hour)
		var all sync.WaitGroup
		for range 3 { // one inside, two waiting
			all.Go(func() {
				if err := g.do(t.Context(), InTurn, func() { time.Sleep(time.Second) }); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if err := g.do(t.Context(), InTurn, mustNotRun(t)); !errors.Is(err, ErrBusy) {
			t.Errorf("there was room for another: %v", err)
		}
		if err := g.do(t.Context(), First, func() {}); err != nil {
			t.Errorf("whoever goes first is kept out: %v", err)
		}
		all.Wait()
	})
}

// occupied returns a gate of one slot that is held until the test ends.
func occupied(t *testing.T, queue int, wait time.Duration) *gate {
	g := newGate(1, queue, wait)
	g.slots <- struct{}{}
	t.Cleanup(func() { <-g.slots })
	return g
}

func TestPastTheQueueTheGateIsBusyAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := occupied(t, 2, time.Minute)
		var refused atomic.Int64
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if errors.Is(g.do(t.Context(), InTurn, mustNotRun(t)), ErrBusy) {
					refused.Add(1)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		if err := g.do(t.Context(), InTurn, mustNotRun(t)); !errors.Is(err, ErrBusy) || time.Since(start) != 0 {
			t.Errorf("the third in the queue got %v after %v", err, time.Since(start))
		}
		if got := (&Hasher{gate: g}).Load(); got != (Load{Active: 1, Waiting: 2, Refused: 1}) {
			t.Errorf("the load is %+v", got)
		}
		all.Wait()
		if refused.Load() != 2 || time.Since(start) != time.Minute {
			t.Errorf("%d were refused after %v", refused.Load(), time.Since(start))
		}
		if len(g.places) != 0 {
			t.Error("a place is still taken")
		}
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := occupied(t, 1, time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range 2 { // while waiting, and when over already
			if err := g.do(ctx, InTurn, mustNotRun(t)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("do = %v", err)
			}
		}
		if len(g.places) != 0 {
			t.Error("a place is still taken")
		}
	})
}

func TestAPanicGivesTheSlotBack(t *testing.T) {
	t.Parallel()
	g := newGate(1, 1, time.Millisecond)
	func() {
		defer func() { _ = recover() }()
		_ = g.do(t.Context(), InTurn, func() { panic("for the test") })
	}()
	if err := g.do(t.Context(), InTurn, func() {}); err != nil {
		t.Error(err)
	}
}

func TestEveryMethodGoesThroughTheGate(t *testing.T) {
	t.Parallel()
	h := NewHasher(Options{Params: Params{MemoryKiB: 8, Time: 1}})
	argon, err := h.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	h.gate = occupied(t, 1, time.Millisecond)
	_, hash := h.Hash(t.Context(), "x")
	_, _, verify := h.Verify(t.Context(), InTurn, argon, "x")
	_, _, bcrypt := h.Verify(t.Context(), InTurn, "$2b$04$eiFfQxGoiKr5uzzHECxfUemqsTpK6LcmOTvYKOVIyqu6UkTVm9f.O", "x")
	for _, err := range []error{hash, verify, bcrypt, h.VerifyNobody(t.Context(), "x")} {
		if !errors.Is(err, ErrBusy) {
			t.Errorf("a busy hasher answered %v", err)
		}
	}
}

func mustNotRun(t *testing.T) func() {
	return func() { t.Error("work was done") }
}
