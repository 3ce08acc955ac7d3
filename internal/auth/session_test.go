package auth

import (
	"maps"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
)

func TestAUseDuringAFlushWaitsForTheNext(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l := newLastUse()
	l.note(1, 10, noon)
	l.note(2, 20, noon)
	flushing := l.all()
	l.note(1, 10, noon.Add(time.Second)) // while it is written
	l.note(3, 30, noon)
	l.flushed(flushing)
	want := map[account.SessionID]time.Time{1: noon.Add(time.Second), 3: noon}
	if left := l.all(); !maps.EqualFunc(left, want, time.Time.Equal) {
		t.Errorf("%v is left, want %v", left, want)
	}
}

func TestAnEarlierUseMovesNothingBack(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l := newLastUse()
	l.note(1, 10, noon)
	l.note(1, 10, noon.Add(-time.Second))
	if at := l.at(1); !at.Equal(noon) {
		t.Errorf("the last use is %v", at)
	}
	if mine := l.of(10); len(mine) != 1 || len(l.of(20)) != 0 {
		t.Errorf("of one person: %v; of another: %v", mine, l.of(20))
	}
}
