package attack_test

import (
	"slices"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

var questions = slices.Concat(loginQuestions, mailQuestions, queueQuestions, proofQuestions, privateQuestions, rawQuestions)

// question asks a server about an address, and gives every answer that came.
type question func(c *authtest.Client, email string) []*authtest.Answer

// tellsNothing makes an attempt of a question that has the same answers for addresses of
// several states, from networks that nobody has asked from before.
func tellsNothing(put question, states ...state) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		emails := make([]string, len(states))
		for i, s := range states {
			emails[i] = w.inState(t, s)
		}
		expectAllAlike(t, w, put, states, emails)
	}
}

// tellsNothingLater is the same where what led to a state counts by the same limits, and
// therefore was two hours ago. It steps the clock.
func tellsNothingLater(put question, states ...state) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		emails := make([]string, len(states))
		for i, s := range states {
			if s != isInvited {
				emails[i] = w.inState(t, s)
			}
		}
		w.Advance(2 * time.Hour)
		if i := slices.Index(states, isInvited); i >= 0 {
			emails[i] = w.inState(t, isInvited)
		}
		expectAllAlike(t, w, put, states, emails)
	}
}

func expectAllAlike(t *testing.T, w *world, put question, states []state, emails []string) {
	t.Helper()
	want := put(w.stranger(t), emails[0])
	for i, s := range states[1:] {
		expectAlike(t, s, put(w.stranger(t), emails[i+1]), want)
	}
}

func expectAlike(t *testing.T, s state, got, want []*authtest.Answer) {
	t.Helper()
	for i := range want {
		if told(got[i]) != told(want[i]) {
			t.Errorf("an address that is %s is told from one that is not\n%s\n%s", s, got[i], want[i])
		}
	}
}

// times puts a question that has one answer several times.
func times(n int, put func(c *authtest.Client, email string) *authtest.Answer) question {
	return func(c *authtest.Client, email string) (all []*authtest.Answer) {
		for range n {
			all = append(all, put(c, email))
		}
		return all
	}
}
