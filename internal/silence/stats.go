// Package silence judges whether the time of an answer tells who has an account: it takes
// samples of one call for people in different states, in turn, and tests whether they may
// be samples of one and the same thing. Its one rule: a measurement that would not have
// found a planted difference proves nothing, so each tells what it would have found.
package silence

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Alpha is the chance, over all comparisons of a measurement together and over both of
// their tests, that times which do not differ are said to.
const Alpha = 0.001

// Tolerance is by how much the medians may differ, as a part of the larger one.
const Tolerance = 0.05

// Planted is the difference that a measurement must be able to find.
const Planted = 200 * time.Microsecond

// trimmed is the part of the slowest samples, of both lists together, that the medians and
// the test of means leave out: what the machine did besides, such as collecting garbage,
// says nothing about a call. To cut each list at a point of its own would make lists that
// are alike look different. The rank test needs no cut.
const trimmed = 0.1

// shuffles bounds the permutations of one test. The smallest p that they can tell, 5e-6,
// is below Alpha spread over both tests of ninety comparisons.
const shuffles = 200_000

// Comparison is the judgement of two lists of samples.
type Comparison struct {
	Median     [2]time.Duration
	Difference time.Duration // of the medians: the second less the first
	RankP      float64       // of the Mann-Whitney test, two-sided
	ShuffleP   float64       // of the permutation test of the means, two-sided; no less than it can tell
	Power      float64       // chance that Planted is found, in two measurements one after the other
}

// Compare judges two lists of samples, of which it is one of so many comparisons.
func Compare(first, second []time.Duration, comparisons int, random *rand.Rand) Comparison {
	a, b := trim(first, second)
	c := Comparison{Median: [2]time.Duration{median(a), median(b)}, RankP: rankP(first, second), ShuffleP: shuffleP(a, b, comparisons, random)}
	c.Difference = c.Median[1] - c.Median[0]
	c.Power = min(power(first, comparisons, random), power(second, comparisons, random))
	return c
}

// Differs tells whether the comparison finds a difference, as one of so many: by one of
// the tests at Alpha after Bonferroni, or by medians that are apart and of which the rank
// test at Alpha says that it is no chance.
func (c Comparison) Differs(comparisons int) bool {
	limit := each(comparisons)
	if c.RankP < limit || c.ShuffleP < limit {
		return true
	}
	apart := math.Abs(float64(c.Difference)) > Tolerance*float64(max(c.Median[0], c.Median[1]))
	return apart && c.RankP < Alpha
}

// each is what one test of one comparison is judged by.
func each(comparisons int) float64 { return Alpha / float64(2*comparisons) }

// trim returns both lists in order, without what is among the slowest of both.
func trim(first, second []time.Duration) (a, b []time.Duration) {
	all := slices.Sorted(slices.Values(slices.Concat(first, second)))
	most := all[len(all)-1-int(trimmed*float64(len(all)))]
	kept := func(list []time.Duration) []time.Duration {
		return slices.DeleteFunc(slices.Sorted(slices.Values(list)), func(d time.Duration) bool { return d > most })
	}
	return kept(first), kept(second)
}

// median of samples in order.
func median(sorted []time.Duration) time.Duration {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// rankP is the two-sided p of the Mann-Whitney test, by the normal distribution with the
// correction for ties: good from some twenty samples on.
func rankP(a, b []time.Duration) float64 {
	type sample struct {
		at    time.Duration
		first bool
	}
	all := make([]sample, 0, len(a)+len(b))
	for _, d := range a {
		all = append(all, sample{d, true})
	}
	for _, d := range b {
		all = append(all, sample{d, false})
	}
	slices.SortFunc(all, func(x, y sample) int { return cmp.Compare(x.at, y.at) })
	var rankSum, ties float64
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].at == all[i].at {
			j++
		}
		rank, same := float64(i+j+1)/2, float64(j-i)
		ties += same*same*same - same
		for ; i < j; i++ {
			if all[i].first {
				rankSum += rank
			}
		}
	}
	m, n := float64(len(a)), float64(len(b))
	u, total := rankSum-m*(m+1)/2, m+n
	deviation := math.Sqrt(m * n / 12 * (total + 1 - ties/(total*(total-1))))
	if deviation == 0 {
		return 1
	}
	return math.Erfc(math.Abs(u-m*n/2) / deviation / math.Sqrt2)
}

// shuffleP is the two-sided p of the difference of means among shuffled labels. It stops
// as soon as p is far above what any comparison is judged by.
func shuffleP(a, b []time.Duration, comparisons int, random *rand.Rand) float64 {
	all := slices.Concat(a, b)
	var total, first float64
	for i, d := range all {
		total += float64(d)
		if i < len(a) {
			first += float64(d)
		}
	}
	m, n := float64(len(a)), float64(len(b))
	gap := func(sum float64) float64 { return math.Abs(sum/m - (total-sum)/n) }
	found, times := gap(first), min(shuffles, int(100/each(comparisons)))
	few := len(a) // of which the sum is taken
	wider := 1
	for k := 1; k <= times; k++ {
		var sum float64
		for i := range few {
			j := i + random.IntN(len(all)-i)
			all[i], all[j] = all[j], all[i]
			sum += float64(all[i])
		}
		if gap(sum) >= found {
			wider++
		}
		if wider > 20 {
			return float64(wider) / float64(k+1)
		}
	}
	return float64(wider) / float64(times+1)
}

// power resamples one list twice, plants the difference in one of them, and tells how
// often the rank test finds it in two measurements.
func power(samples []time.Duration, comparisons int, random *rand.Rand) float64 {
	const times = 100
	found := 0
	for range times {
		a, b := make([]time.Duration, len(samples)), make([]time.Duration, len(samples))
		for i := range samples {
			a[i] = samples[random.IntN(len(samples))]
			b[i] = samples[random.IntN(len(samples))] + Planted
		}
		if rankP(a, b) < each(comparisons) {
			found++
		}
	}
	once := float64(found) / times
	return once * once
}
