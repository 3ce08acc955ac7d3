package auth

import (
	"testing"
)

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestWhoIsRefusedWaitsForThoseWithAPlace(t *testing.T) {
	t.Parallel()
	f := newFlights()
	f.start("a") // has a place
	first := f.refused("a", f.start("a"))
	second := f.refused("a", f.start("a"))
	if first == nil || second == nil || closed(first) || closed(second) {
		t.Fatal("nobody waits for the one with a place, or the refused wake each other")
	}
	f.land("a")
	if !closed(first) || !closed(second) {
		t.Fatal("a landing wakes nobody")
	}
	if f.refused("a", f.start("a")) != nil {
		t.Fatal("the last one waits for nobody")
	}
	if len(f.aloft) != 0 {
		t.Fatalf("%d are left", len(f.aloft))
	}
}

func TestTwoWhoAreRefusedDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	f := newFlights()
	f.start("a")
	first := f.refused("a", f.start("a"))
	if f.refused("a", 0) != nil || !closed(first) {
		t.Fatal("two wait for each other")
	}
}

func TestAPlaceThatCameFreeBetweenIsTriedAgain(t *testing.T) {
	t.Parallel()
	f := newFlights()
	f.start("a") // has a place
	seen := f.start("a")
	f.land("a") // after the second was refused, before it asks whom to wait for
	if wait := f.refused("a", seen); wait == nil || !closed(wait) {
		t.Fatal("it is not tried again")
	}
	if len(f.aloft) != 0 {
		t.Fatalf("%d are left", len(f.aloft))
	}
}
