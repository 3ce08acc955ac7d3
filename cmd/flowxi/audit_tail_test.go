package main

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/store"
)

// busyTrail is a trail of events at a rate, and what a follower made of it.
type busyTrail struct {
	events []store.AuditEvent // by id
	read   int                // rows
	ids    []int64            // that were told
}

func (l *busyTrail) after(_ context.Context, id int64, limit int) ([]store.AuditEvent, error) {
	first, _ := slices.BinarySearchFunc(l.events, id+1, func(e store.AuditEvent, id int64) int { return cmp.Compare(e.ID, id) })
	page := l.events[first:min(first+limit, len(l.events))]
	l.read += len(page)
	return page, nil
}

func (l *busyTrail) happens(at time.Time) int64 {
	id := store.BeforeAudit(at) + 1
	place, taken := slices.BinarySearchFunc(l.events, id, func(e store.AuditEvent, id int64) int { return cmp.Compare(e.ID, id) })
	if taken {
		id, place = id+1, place+1
	}
	l.events = slices.Insert(l.events, place, store.AuditEvent{ID: id})
	return id
}

// TestWhoFollowsReadsLittleAgain follows a busy trail of a hundred events a second, of
// which one becomes visible four minutes late, and stands still for ten minutes in the end.
func TestWhoFollowsReadsLittleAgain(t *testing.T) {
	t.Parallel()
	const rate, seconds = 100, 360
	now, trail := time.Now(), &busyTrail{}
	f := follower{after: trail.after, now: func() time.Time { return now }, seen: make(map[int64]bool)}
	look := func() {
		t.Helper()
		if err := f.next(t.Context(), func(e store.AuditEvent) error { trail.ids = append(trail.ids, e.ID); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	for range seconds {
		for n := range rate {
			trail.happens(now.Add(time.Duration(n) * time.Millisecond))
		}
		now = now.Add(time.Second)
		look()
	}
	if most := rate * seconds * 30; trail.read > most {
		t.Errorf("it read %d rows of %d events; want %d at the most", trail.read, rate*seconds, most)
	}
	late := trail.happens(now.Add(-4 * time.Minute))
	for range 15 {
		now = now.Add(time.Second)
		look()
	}
	if !slices.Contains(trail.ids, late) {
		t.Error("an event that was late is not told")
	}
	trail.happens(now.Add(time.Second))
	now = now.Add(10 * time.Minute)
	look()
	look()
	want := make([]int64, 0, len(trail.events))
	for _, e := range trail.events {
		want = append(want, e.ID)
	}
	slices.Sort(trail.ids)
	if !slices.Equal(trail.ids, want) {
		t.Errorf("%d of %d events were told", len(trail.ids), len(want))
	}
}
