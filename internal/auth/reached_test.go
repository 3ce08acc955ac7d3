package auth

import (
	"strconv"
	"testing"
)

func TestLimitsThatWereReachedAreCountedWithinABound(t *testing.T) {
	t.Parallel()
	r := newReached()
	nothing := func() reachedLimit { return reachedLimit{} }
	for i := range 3 * maxReached {
		r.note(strconv.Itoa(i), nothing)
		r.note(strconv.Itoa(i%10), nothing)
	}
	list, beyond := r.take()
	if len(list) != maxReached || beyond != 2*maxReached {
		t.Errorf("%d are told apart and %d are not", len(list), beyond)
	}
	sum := 0
	for _, n := range list {
		sum += n.times
	}
	if want := 6*maxReached - beyond; sum != want {
		t.Errorf("%d are counted; want %d", sum, want)
	}
	if list, beyond := r.take(); len(list) != 0 || beyond != 0 {
		t.Error("what was taken is told again")
	}
}
