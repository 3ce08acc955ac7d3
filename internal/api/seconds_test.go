package api

import (
	"testing"
	"time"
)

func TestSecondsOfAHeaderAreRoundedUp(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]int{
		-time.Second: 0, 0: 0, 1: 1, time.Second: 1, time.Second + 1: 2, time.Minute - 1: 60, time.Hour: 3600,
	} {
		if got := Seconds(d); got != want {
			t.Errorf("%v is %d seconds, want %d", d, got, want)
		}
	}
}
