package blob

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// scene is a breaker and its time.
type scene struct {
	*breaker
	t   *testing.T
	now time.Time
}

func newScene(t *testing.T) *scene {
	s := &scene{t: t, now: time.Unix(0, 0)}
	s.breaker = &breaker{now: func() time.Time { return s.now }}
	return s
}

func (s *scene) admits(want bool) {
	s.t.Helper()
	if got := s.admit(); got != want {
		s.t.Fatalf("admit() = %v; want %v", got, want)
	}
}

func (s *scene) calls(err error) {
	s.t.Helper()
	s.admits(true)
	s.settle(context.Background(), err)
}

// silent brings the breaker to where it lets nobody through.
func (s *scene) silent() {
	s.t.Helper()
	for range tolerated {
		s.calls(ErrUnavailable)
	}
	s.admits(false)
}

func TestTheBreakerCountsCallsInARow(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for range 10 {
		s.calls(ErrUnavailable)
		s.calls(ErrUnavailable)
		s.calls(nil)
		s.calls(ErrUnavailable)
		s.calls(ErrUnavailable)
		s.calls(errors.New("the server answered 500 InternalError"))
	}
	s.silent()
}

func TestTheBreakerLetsOneSeeWhetherTheServerIsBack(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.silent()
	s.now = s.now.Add(breakerPause - 1)
	s.admits(false)
	s.now = s.now.Add(1)
	s.calls(ErrUnavailable)
	s.admits(false)
	s.now = s.now.Add(breakerPause)

	s.admits(true)
	s.now = s.now.Add(longestCall - 1)
	s.admits(false)
	s.settle(context.Background(), nil)
	s.admits(true)
	s.admits(true)
}

func TestTheBreakerIsNotShutByCallersWhoGoAway(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for range 10 {
		s.admits(true)
		s.settle(gone, ErrUnavailable)
	}
	s.silent()
	s.now = s.now.Add(breakerPause)
	s.admits(true)
	s.settle(gone, ErrUnavailable)
	s.admits(true) // the next one looks in its place
	s.admits(false)
}

func TestTheBreakerOutlivesACallThatIsNeverSettled(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.silent()
	s.now = s.now.Add(breakerPause)
	s.admits(true)
	s.now = s.now.Add(longestCall)
	s.admits(true)
}

func TestOneOfManyIsLetThrough(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.silent()
	s.now = s.now.Add(breakerPause)
	var through atomic.Int32
	var racing sync.WaitGroup
	for range 100 {
		racing.Go(func() {
			if s.admit() {
				through.Add(1)
			}
		})
	}
	racing.Wait()
	if n := through.Load(); n != 1 {
		t.Errorf("%d went through; want 1", n)
	}
}
