package faults_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// tally is what one test counts over all its rounds.
type tally struct {
	name string
	seed uint64

	mu           sync.Mutex
	rounds       int
	acknowledged int
	lost         []string
	mails        map[string]bool // of which the sending was answered
	mailsLost    int
	doubled      int
	statuses     map[int]int
	bare         int           // refusals of 503 that lack Retry-After or the envelope
	slowest      time.Duration // answer
	lastSuccess  time.Time
	outage       time.Duration // the longest without a success
	recovery     time.Duration // the longest from the mending to a success
	mended       time.Time
}

func newTally(name string, seed uint64) *tally {
	return &tally{name: name, seed: seed, statuses: map[int]int{}, mails: map[string]bool{}}
}

// note counts an answer, of whichever caller.
func (l *tally) note(r reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.statuses[r.Status]++
	l.slowest = max(l.slowest, r.Took)
	if r.Status == 503 && (r.RetryAfter == "" || r.Code != "SERVICE_UNAVAILABLE") {
		l.bare++
	}
	if r.unknown() {
		return
	}
	now := time.Now()
	if !l.lastSuccess.IsZero() {
		l.outage = max(l.outage, now.Sub(l.lastSuccess))
	}
	if !l.mended.IsZero() {
		l.recovery, l.mended = max(l.recovery, now.Sub(l.mended)), time.Time{}
	}
	l.lastSuccess = now
}

// mend notes that what was broken works again.
func (l *tally) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mended = time.Now()
}

// awaitSuccess waits until somebody is answered after the mending. Where that takes too
// long, it goes on: what is left without an answer is judged later.
func (l *tally) awaitSuccess() {
	for deadline := time.Now().Add(20 * time.Second); !l.succeeded() && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
}

func (l *tally) succeeded() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mended.IsZero()
}

// pause keeps what is between two rounds from passing for an outage.
func (l *tally) pause() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastSuccess, l.mended = time.Time{}, time.Time{}
	l.rounds++
}

func (l *tally) ack() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acknowledged++
}

func (l *tally) lose(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = append(l.lost, fmt.Sprintf(format, args...))
}

func (l *tally) expectMail(to string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mails[to] = true
}

// String is the row of the table.
func (l *tally) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var answers []string
	for _, status := range slices.Sorted(maps.Keys(l.statuses)) {
		name := fmt.Sprint(status)
		if status == 0 {
			name = "none"
		}
		answers = append(answers, fmt.Sprintf("%s×%d", name, l.statuses[status]))
	}
	return fmt.Sprintf("FAULT %-42s seed %d, %d rounds, %d acknowledged, %d lost; %d mails, %d lost, %d doubled; %s; slowest answer %.1f s, longest outage %.1f s, recovery %.1f s",
		l.name, l.seed, l.rounds, l.acknowledged, len(l.lost), len(l.mails), l.mailsLost, l.doubled,
		strings.Join(answers, " "), l.slowest.Seconds(), l.outage.Seconds(), l.recovery.Seconds())
}

// judge demands what holds under every fault, and prints the row.
func (l *tally) judge(t *testing.T) {
	t.Helper()
	fmt.Println(l)
	for _, what := range l.lost {
		t.Errorf("lost: %s", what)
	}
	if l.acknowledged == 0 {
		t.Error("nothing was acknowledged: the storm never blew")
	}
	if l.mailsLost > 0 {
		t.Errorf("%d mails were lost", l.mailsLost)
	}
	if n := l.statuses[500]; n > 0 {
		t.Errorf("%d answers of 500 for a fault that is known", n)
	}
	if l.bare > 0 {
		t.Errorf("%d answers of 503 without the envelope or Retry-After", l.bare)
	}
	if l.slowest > 20*time.Second {
		t.Errorf("an answer took %v", l.slowest)
	}
}
