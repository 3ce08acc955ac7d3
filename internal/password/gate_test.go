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
				if err := g.do(t.Context(), func() {
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
				if err := g.do(t.Context(), func() {
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
				if errors.Is(g.do(t.Context(), mustNotRun(t)), ErrBusy) {
					refused.Add(1)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		if err := g.do(t.Context(), mustNotRun(t)); !errors.Is(err, ErrBusy) || time.Since(start) != 0 {
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
			if err := g.do(ctx, mustNotRun(t)); !errors.Is(err, context.DeadlineExceeded) {
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
		_ = g.do(t.Context(), func() { panic("for the test") })
	}()
	if err := g.do(t.Context(), func() {}); err != nil {
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
	_, _, verify := h.Verify(t.Context(), argon, "x")
	_, _, bcrypt := h.Verify(t.Context(), "$2b$04$eiFfQxGoiKr5uzzHECxfUemqsTpK6LcmOTvYKOVIyqu6UkTVm9f.O", "x")
	for _, err := range []error{hash, verify, bcrypt, h.VerifyNobody(t.Context(), "x")} {
		if !errors.Is(err, ErrBusy) {
			t.Errorf("a busy hasher answered %v", err)
		}
	}
}

func mustNotRun(t *testing.T) func() {
	return func() { t.Error("work was done") }
}
