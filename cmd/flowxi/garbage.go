package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// spareBytes may be garbage while much is asked of a server, however little it holds.
	// What Flowxi holds at rest is so little that the runtime would collect some forty times
	// a second under reads, empty every sync.Pool each time, and take a seventh of the CPU.
	spareBytes = 16 << 20

	// Much is asked where one collection follows the other within busyWithin, and nothing
	// to speak of where none does within restsAfter. The runtime collects every two minutes
	// by itself, and so a server at rest gives its memory back to the system.
	busyWithin, restsAfter = time.Second, 5 * time.Second

	// usualPercent is what the runtime lets gather without a setting, in percent of what
	// is held, and most the percentage of its four megabytes that make spareBytes.
	usualPercent, mostPercent = 100, 400
)

// paceCollections has a busy server collect its garbage once spareBytes of it have
// gathered. While passwords are hashed it does as usual, since each takes more than
// spareBytes for itself. A GOGC of the operator is left alone.
func paceCollections(environ []string) {
	if variable(environ, "GOGC") == "" {
		(&pacer{percent: usualPercent, collected: time.Now()}).arm()
	}
}

// pacer is told of collections one by one, by the one goroutine that runs cleanups.
type pacer struct {
	percent   int
	collected time.Time
	hashed    time.Time // when a collection last met a password that was hashed
}

// arm has the next collection told.
func (p *pacer) arm() {
	sentinel := &struct{ next *pacer }{}
	runtime.AddCleanup(sentinel, func(p *pacer) {
		p.told(time.Now(), held())
		p.arm()
	}, p)
}

func (p *pacer) told(now time.Time, held uint64) {
	since := now.Sub(p.collected)
	p.collected = now
	if held >= spareBytes {
		p.hashed = now
	}
	switch {
	case now.Sub(p.hashed) < busyWithin:
		p.set(usualPercent)
	case since < busyWithin:
		p.set(sparing(held))
	case since > restsAfter && p.set(usualPercent):
		debug.FreeOSMemory()
	}
}

// set tells whether that is a change. The world stops for a moment where it is one.
func (p *pacer) set(percent int) bool {
	if percent == p.percent {
		return false
	}
	debug.SetGCPercent(percent)
	p.percent = percent
	return true
}

// sparing is the percentage of what is held that leaves room for spareBytes.
func sparing(held uint64) int {
	return int(min(max(usualPercent, 100*spareBytes/max(1, held)), mostPercent))
}

// held is what the last collection left, in bytes.
func held() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
