package api

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAnAnswerTakesItsTimeAndThenWholeSteps(t *testing.T) {
	for work, want := range map[time.Duration]time.Duration{
		0:                                     paceTime,
		paceTime - 1:                          paceTime,
		paceTime:                              paceTime,
		paceTime + 1:                          paceTime + paceStep,
		paceTime + paceStep:                   paceTime + paceStep,
		paceTime + paceStep + time.Nanosecond: paceTime + 2*paceStep,
	} {
		if got := paced(work); got != want {
			t.Errorf("work of %v is answered after %v, want %v", work, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		work := time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "work"))
		got := paced(work)
		if got < work || got < paceTime || got%paceStep != 0 || got >= work+paceStep && got != paceTime {
			t.Fatalf("work of %v is answered after %v", work, got)
		}
	})
}

func TestHeldAnswersGoOnceTheirTimeIsOver(t *testing.T) {
	var p pace
	type gone struct{ began, at time.Time }
	answers := make(chan gone)
	for i := range 50 {
		began := time.Now().Add(-time.Duration(i) * paceTime / 40) // the last has had its time already
		go func() {
			p.hold(context.Background(), began)
			answers <- gone{began, time.Now()}
		}()
	}
	for range 50 {
		if a := <-answers; a.at.Sub(a.began) < paceTime {
			t.Errorf("an answer went after %v", a.at.Sub(a.began))
		}
	}
	if p.mu.Lock(); len(p.held) > 0 || p.running {
		t.Errorf("%d answers are held still, running: %v", len(p.held), p.running)
	}
	p.mu.Unlock()
}

func TestAnAnswerThatNobodyWaitsForIsNotHeld(t *testing.T) {
	var p pace
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	later := time.Now().Add(time.Second)
	p.hold(ctx, later)
	if now := time.Now(); now.After(later) {
		t.Errorf("held for %v too long", now.Sub(later))
	}
}
