package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/auth"
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
		{2*paceLeast + 1, paceLast, true, 8 * paceLeast},
	} {
		var all sync.WaitGroup
		for range step.times {
			if step.whole {
				p.note(step.work) // whatever the machine does meanwhile
				continue
			}
			all.Go(func() { p.hold(time.Now(), false) })
		}
		all.Wait()
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
			p.hold(began, true)
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

func TestRefusalsAreHeldAndNothingElse(t *testing.T) {
	for _, c := range []struct {
		err   error
		held  bool
		whole bool // it says how long others take
	}{
		{nil, false, false},
		{account.ErrInvalidCredentials, true, true},
		{account.ErrOTPInvalid, true, true},
		{account.ErrOTPExpired, true, true},
		{account.ErrMagicLinkInvalid, true, true},
		{account.ErrMagicLinkExpired, true, true},
		{account.ErrInvalidCredentials.After(time.Second), true, true},
		{account.ErrTooManyRequests.After(time.Second), true, false},
		{account.ErrServiceUnavailable, true, false},
		{errors.New("a fault of ours"), true, false},
	} {
		if got := isUnproved(c.err); got != c.whole {
			t.Errorf("%v counts for the time of others: %v", c.err, got)
		}
		e := refusesAlike(func(*exchange, auth.EmailInput) (Answer, error) { return &Done{}, c.err })
		least := time.Hour // of some, since one may be late by itself
		for range 5 {
			least = min(least, timeToAnswer(t, e, c.err))
		}
		if held := least >= paceLeast; held != c.held {
			t.Errorf("%v is answered after %v", c.err, least)
		}
	}
}

func timeToAnswer(t *testing.T, e endpoint, want error) time.Duration {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"email":"ada@example.com"}`))
	r.Header.Set("Content-Type", "application/json")
	x := newServer(t).begin(httptest.NewRecorder(), r)
	began := time.Now()
	if _, err := e.verb(x); !errors.Is(err, want) {
		t.Fatalf("answered %v, want %v", err, want)
	}
	return time.Since(began)
}
