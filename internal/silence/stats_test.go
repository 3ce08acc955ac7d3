package silence_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/silence"
)

// samples are like those of a server: a floor, a spread above it, and now and then a long
// wait.
func samples(r *rand.Rand, n int, more time.Duration) []time.Duration {
	list := make([]time.Duration, n)
	for i := range list {
		list[i] = more + time.Millisecond + time.Duration(r.ExpFloat64()*300)*time.Microsecond
		if r.IntN(30) == 0 {
			list[i] += time.Duration(r.IntN(20)) * time.Millisecond
		}
	}
	return list
}

func TestSamplesOfOneThingDoNotDiffer(t *testing.T) {
	t.Parallel()
	const runs, comparisons = 1000, 20
	r := rand.New(rand.NewPCG(1, 1))
	var ranks, means, differ float64
	for range runs {
		c := silence.Compare(samples(r, 60, 0), samples(r, 60, 0), comparisons, r)
		if c.Differs(comparisons) {
			differ++
		}
		if c.RankP < 0.01 {
			ranks++
		}
		if c.ShuffleP < 0.01 {
			means++
		}
	}
	if differ > 4*runs*silence.Alpha { // by one of the tests, or by medians that are apart
		t.Errorf("%v of %d differ", differ, runs)
	}
	// One in a hundred is below 0.01, give or take four times the spread of that.
	for _, below := range []float64{ranks, means} {
		if spread := math.Sqrt(runs * 0.01 * 0.99); math.Abs(below-runs*0.01) > 4*spread {
			t.Errorf("%v of %d are below 0.01", below, runs)
		}
	}
}

func TestAPlantedDifferenceIsFound(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(2, 2))
	for _, first := range []bool{true, false} {
		a, b := samples(r, 300, 0), samples(r, 300, silence.Planted)
		if !first {
			a, b = b, a
		}
		c := silence.Compare(a, b, 50, r)
		if !c.Differs(50) || c.ShuffleP > silence.Alpha/50 || c.RankP > silence.Alpha/50 {
			t.Errorf("it is not found: %+v", c)
		}
		if c.Power < 0.95 {
			t.Errorf("its power is %v", c.Power)
		}
	}
}

func TestTooFewSamplesSaySo(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 3))
	if c := silence.Compare(samples(r, 20, 0), samples(r, 20, 0), 50, r); c.Power > 0.5 {
		t.Errorf("twenty samples find what was planted in %v of all cases", c.Power)
	}
}

// The expected values are those of a table of the exact distribution and of the normal
// one, worked out by hand: 1 to 10 against 11 to 20 has U = 0, so z = 50/13.229.
func TestTheRankTestIsTheOneOfTheBooks(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(4, 4))
	var a, b []time.Duration
	for i := range 10 {
		a, b = append(a, time.Duration(i+1)), append(b, time.Duration(i+12))
	}
	c := silence.Compare(a, b, 1, r)
	if want := math.Erfc(50 / math.Sqrt(175) / math.Sqrt2); math.Abs(c.RankP-want) > 1e-9 {
		t.Errorf("p = %v, want %v", c.RankP, want)
	}
	if c.Difference != 10 { // 20 and 21 are trimmed
		t.Errorf("the medians differ by %v, want 10 ns", c.Difference)
	}
}
