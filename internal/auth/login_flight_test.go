package auth

import "testing"

func TestALineIsForgottenWithItsLast(t *testing.T) {
	t.Parallel()
	f := newFlights()
	one, two := f.join("a"), f.join("a")
	if one == nil || one != two || f.join("b") == one {
		t.Fatal("those of one address, and no others, are in one line")
	}
	f.leave("a", one)
	if f.join("a") != one {
		t.Fatal("the line is forgotten while somebody is in it")
	}
	f.leave("a", one)
	f.leave("a", one)
	if len(f.lines) != 1 {
		t.Fatalf("%d lines are left, want that of b", len(f.lines))
	}
}

func TestALineHasAnEnd(t *testing.T) {
	t.Parallel()
	f := newFlights()
	for range flightLine {
		if f.join("a") == nil {
			t.Fatal("it is shorter")
		}
	}
	if f.join("a") != nil {
		t.Error("it is longer")
	}
}

func TestALandingIsToldOnce(t *testing.T) {
	t.Parallel()
	l := newFlights().join("a")
	l.land()
	l.land() // nobody waits for them meanwhile, and neither waits for anybody
	<-l.landed
	select {
	case <-l.landed:
		t.Error("it is told twice")
	default:
	}
}
