package main

import (
	"testing"
	"time"
)

// A thousand requests were answered in a microsecond and more, each a microsecond later.
func TestRequestsThatWereMissedAreTheSlowest(t *testing.T) {
	t.Parallel()
	answered := newHistogram()
	for us := range int64(1000) {
		if err := answered.RecordValue(us + 1); err != nil {
			t.Fatal(err)
		}
	}
	for _, of := range []struct {
		missed int
		want   time.Duration // 0: none
	}{{0, 990 * time.Microsecond}, {5, 995 * time.Microsecond}, {10, 1000 * time.Microsecond}, {11, 0}} {
		w := window{Requests: 1000, Missed: of.missed, Latency: answered}
		got, ok := w.OfAllDue(99)
		if ok != (of.want != 0) || (got-of.want).Abs() > 1*time.Microsecond {
			t.Errorf("%d were missed: %v, %t; want %v", of.missed, got, ok, of.want)
		}
	}
}
