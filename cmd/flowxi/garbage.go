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

	// Much is asked where one collection follows the other within busyWithin, or where
	// spareBytes are held, as for the next hash by default. Where neither is so and none has
	// followed within restsAfter, next to no garbage is made, and little is asked but hashes
	// in less memory, which lose nothing by it. The runtime collects every two minutes by
	// itself, and so a server at rest gives its memory back to the system.
	busyWithin, restsAfter = time.Second, 5 * time.Second

	// usualPercent is what the runtime lets gather without a setting, in percent of what
	// is held, and most the percentage of its four megabytes that make spareBytes.
	usualPercent, mostPercent = 100, 400
)

// paceCollections has a busy server collect its garbage once spareBytes of it have
// gathered. Where more is held than that it does as usual, and so while passwords are hashed:
// one hash holds more, by default. A GOGC of the operator is left alone.
func paceCollections(environ []string) {
	if variable(environ, "GOGC") == "" {
		(&pacer{percent: usualPercent, collected: time.Now()}).arm()
	}
}

// pacer is told of collections one at a time: the next is armed once it was told of the one
// before.
type pacer struct {
	percent   int
	collected time.Time
	heavy     time.Time // when a collection last left spareBytes or more
	busy      bool      // since the server last was at rest
}

// arm has the next collection told.
func (p *pacer) arm() {
	sentinel := new(*pacer) // with a pointer in it, or it would share its place with others
	runtime.AddCleanup(sentinel, func(p *pacer) {
		p.told(time.Now(), held())
		p.arm()
	}, p)
}

func (p *pacer) told(now time.Time, held uint64) {
	since := now.Sub(p.collected)
	p.collected = now
	if held >= spareBytes {
		p.heavy = now
	}
	switch {
	case now.Sub(p.heavy) < busyWithin: // however long since: hashes leave next to no garbage
		p.busy = true
		p.set(usualPercent)
	case since > restsAfter:
		if p.busy {
			p.busy = false
			p.set(usualPercent)
			debug.FreeOSMemory()
		}
	case since < busyWithin:
		p.busy = true
		p.set(sparing(held))
	}
}

// set stops the world for a moment where it changes something.
func (p *pacer) set(percent int) {
	if percent != p.percent {
		debug.SetGCPercent(percent)
		p.percent = percent
	}
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
