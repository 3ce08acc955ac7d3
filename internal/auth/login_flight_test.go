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
	f.start("a")
	first := f.refused("a")
	f.start("a")
	second := f.refused("a")
	if first == nil || second == nil || closed(first) || closed(second) {
		t.Fatal("nobody waits for the one with a place, or the refused wake each other")
	}
	f.land("a")
	if !closed(first) || !closed(second) {
		t.Fatal("a landing wakes nobody")
	}
	f.start("a")
	if f.refused("a") != nil {
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
	f.start("a")
	first := f.refused("a")
	if f.refused("a") != nil || !closed(first) {
		t.Fatal("two wait for each other")
	}
}
