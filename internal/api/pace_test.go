package api

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAnAnswerTakesItsTimeOnceOrSeveralTimes(t *testing.T) {
	for work, want := range map[time.Duration]time.Duration{
		0: paceLeast, paceLeast - 1: paceLeast, paceLeast: paceLeast,
		paceLeast + 1: 2 * paceLeast, 2 * paceLeast: 2 * paceLeast, 2*paceLeast + 1: 3 * paceLeast,
	} {
		if got := timeOf(work, paceLeast); got != want {
			t.Errorf("work of %v is answered after %v, want %v", work, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		work := time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "work"))
		held := paceLeast << rapid.IntRange(0, 4).Draw(t, "doublings")
		if got := timeOf(work, held); got < work || got < held || got%held != 0 || got >= work+held && got != held {
			t.Fatalf("work of %v is answered after %v", work, got)
		}
	})
}

func TestAnswersAreHeldForLongerWhereTheyTakeLonger(t *testing.T) {
	var p pace
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nobody waits
	for _, step := range []struct {
		work  time.Duration
		times int
		whole bool
		want  time.Duration
	}{
		{0, paceLast, true, paceLeast},
		{time.Second, paceSlower, true, paceLeast}, // few are no rule
		{time.Second, 1, true, paceMost},
		{0, paceLast, false, paceMost},
		{0, paceLast, true, paceLeast},
		{2 * paceLeast, paceLast, true, 8 * paceLeast}, // a little over twice
	} {
		for range step.times {
			p.hold(ctx, time.Now().Add(-step.work), step.whole)
		}
		if got := p.time(); got != step.want {
			t.Errorf("after %d answers that took %v (whole: %v) others are held for %v, want %v", step.times, step.work, step.whole, got, step.want)
		}
	}
}

func TestHeldAnswersGoOnceTheirTimeIsOver(t *testing.T) {
	var p pace
	type gone struct{ began, at time.Time }
	answers := make(chan gone)
	for i := range 50 {
		began := time.Now().Add(-time.Duration(i) * paceLeast / 40) // the last has had its time already
		go func() {
			p.hold(context.Background(), began, true)
			answers <- gone{began, time.Now()}
		}()
	}
	for range 50 {
		if a := <-answers; a.at.Sub(a.began) < paceLeast {
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
	p.hold(ctx, later, true)
	if now := time.Now(); now.After(later) {
		t.Errorf("held for %v too long", now.Sub(later))
	}
}
