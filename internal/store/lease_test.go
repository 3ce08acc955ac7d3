package store_test

import (
	"fmt"
	"testing"
	"time"
)

// lease asks for a duty for ten seconds.
func (d db) lease(name, holder string, now time.Time) bool {
	d.t.Helper()
	held, err := d.Lease(d.ctx, name, holder, now, now.Add(10*time.Second))
	if err != nil {
		d.t.Fatal(err)
	}
	return held
}

func TestALeaseIsRenewedByItsHolderAndPassesOnWhenItEnds(t *testing.T) {
	each(t, func(d db) {
		for _, c := range []struct {
			holder string
			at     time.Time
			want   bool
		}{
			{"node 1", noon, true},
			{"node 2", noon, false},
			{"node 1", after(5), true},
			{"node 2", after(15).Add(-tick), false},
			{"node 2", after(15), true},
			{"node 1", after(15), false},
		} {
			if got := d.lease("sweep", c.holder, c.at); got != c.want {
				d.t.Errorf("%s at %s: %t; want %t", c.holder, c.at, got, c.want)
			}
		}
	})
}

func TestALeaseOfAClockThatWasAheadPassesOn(t *testing.T) {
	each(t, func(d db) {
		same(d.t, d.lease("sweep", "node 1", after(10)), true)
		same(d.t, d.lease("sweep", "node 2", noon), false) // clocks are never quite alike
		same(d.t, d.lease("sweep", "node 1", after(1800)), true)
		same(d.t, d.lease("sweep", "node 2", noon), false) // it is alive, and so is its sweep
		same(d.t, d.lease("sweep", "node 1", after(3610)), true)
		same(d.t, d.lease("sweep", "node 2", noon), true)
		same(d.t, d.lease("sweep", "node 3", noon), false)
	})
}

func TestEachDutyHasALeaseOfItsOwn(t *testing.T) {
	each(t, func(d db) {
		same(d.t, d.lease("sweep", "node 1", noon), true)
		same(d.t, d.lease("mail", "node 2", noon), true)
	})
}

func TestALeaseIsHeldByOneOfManyCallers(t *testing.T) {
	each(t, func(d db) {
		d.lease("sweep", "before", after(-10))
		for _, duty := range []string{"new", "sweep"} {
			held := newClaims()
			for _, err := range crowd(func(i int) error {
				mine, err := d.Lease(d.ctx, duty, fmt.Sprint("node ", i), noon, after(10))
				if mine && err == nil {
					held.note(duty)
				}
				return err
			}) {
				if err != nil {
					d.t.Error(err)
				}
			}
			held.eachOnce(d.t, 1)
		}
	})
}
