package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// shot makes the i-th request of a window and says what is wrong with its answer.
type shot func(ctx context.Context, i int) error

// window is what a server did while it was under load. Requests that failed are among all,
// with the time that they took. Those missed were never made.
type window struct {
	Requests, Errors int
	Missed           int // that were due in an open loop while no connection was free, and as many waited for one
	FirstError       error
	Elapsed          time.Duration
	Latency          *hdrhistogram.Histogram // in microseconds
	Late             *hdrhistogram.Histogram // in microseconds, that an open loop came to its requests after they were due
	Server           time.Duration           // of CPU
	Behind           time.Duration           // of CPU of the database and of Redis; none where they are in the server
	Cores            cores                   // of the machine, meanwhile
}

// Rate is how many requests were answered as they should be in a second.
func (w window) Rate() float64 { return float64(w.Requests-w.Errors) / w.Elapsed.Seconds() }

// CPU is what one request cost the server, and what is behind it.
func (w window) CPU() time.Duration {
	return (w.Server + w.Behind) / time.Duration(max(1, w.Requests))
}

// At is the time within which that many percent were answered.
func (w window) At(percent float64) time.Duration { return percentile(w.Latency, percent) }

func percentile(h *hdrhistogram.Histogram, percent float64) time.Duration {
	return time.Duration(h.ValueAtPercentile(percent)) * time.Microsecond
}

// OfAllDue is the time within which that many percent of the requests of an open loop were
// answered. Those missed count as slower than any that was made: where they are more than the
// rest, there is no such time.
func (w window) OfAllDue(percent float64) (time.Duration, bool) {
	ofMade := percent * float64(w.Requests+w.Missed) / float64(max(1, w.Requests))
	if ofMade > 100 {
		return 0, false
	}
	return w.At(ofMade), true
}

func newWindow() window { return newTally().window(0) }

// add takes what another window saw of the same server as seen by this one.
func (w *window) add(other window) {
	w.Requests += other.Requests
	w.Errors += other.Errors
	w.Missed += other.Missed
	w.Elapsed += other.Elapsed
	w.Server += other.Server
	w.Behind += other.Behind
	w.Cores = w.Cores.plus(other.Cores)
	w.Latency.Merge(other.Latency)
	w.Late.Merge(other.Late)
	if w.FirstError == nil {
		w.FirstError = other.FirstError
	}
}

// newHistogram tells times from a microsecond to a minute apart by a thousandth.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, time.Minute.Microseconds(), 3)
}

// tally collects the answers of a window.
type tally struct {
	mu      sync.Mutex
	latency *hdrhistogram.Histogram
	late    *hdrhistogram.Histogram
	errors  int
	first   error
	missed  int
}

func newTally() *tally { return &tally{latency: newHistogram(), late: newHistogram()} }

func (t *tally) add(took time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.errors++
		if t.first == nil {
			t.first = err
		}
	}
	record(t.latency, took)
}

// lateBy is for the goroutine of an open loop.
func (t *tally) lateBy(d time.Duration) { record(t.late, d) }

func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(1, d.Microseconds()), time.Minute.Microseconds()))
}

func (t *tally) window(elapsed time.Duration) window {
	return window{
		Requests: int(t.latency.TotalCount()), Errors: t.errors, Missed: t.missed, FirstError: t.first, Elapsed: elapsed,
		Latency: t.latency, Late: t.late,
	}
}

// closed has a number of clients make one request after the other. What ctx cuts off counts for
// nothing.
func closed(ctx context.Context, clients int, d time.Duration, next *atomic.Int64, fire shot) window {
	t := newTally()
	began := time.Now()
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for time.Since(began) < d && ctx.Err() == nil {
				asked := time.Now()
				err := fire(ctx, int(next.Add(1)-1))
				if ctx.Err() != nil {
					break // was cut off, which says nothing of the server
				}
				t.add(time.Since(asked), err)
			}
		})
	}
	all.Wait()
	return t.window(time.Since(began))
}

// quiet waits until a server has done what it does after it has answered, such as sending
// mails, so that it is not charged for another's requests.
func (t *target) quiet(ctx context.Context) error {
	const look, most = 200 * time.Millisecond, 2 * time.Second
	for began := time.Now(); time.Since(began) < most && ctx.Err() == nil; {
		server, behind, err := t.charged()
		if err != nil {
			return err
		}
		time.Sleep(look)
		server2, behind2, err := t.charged()
		if err != nil {
			return err
		}
		if server2-server+behind2-behind <= 2*tick {
			break
		}
	}
	return ctx.Err()
}

// measure charges what happens meanwhile to who did it.
func (t *target) measure(load func() window) (window, error) {
	server, behind, err := t.charged()
	if err != nil {
		return window{}, err
	}
	before, err := machine()
	if err != nil {
		return window{}, err
	}
	w := load()
	after, err := machine()
	if err != nil {
		return window{}, err
	}
	server2, behind2, err := t.charged()
	if err != nil {
		return window{}, err
	}
	w.Server, w.Behind, w.Cores = server2-server, behind2-behind, after.since(before)
	if w.FirstError != nil {
		return w, fmt.Errorf("%s: %d of %d requests failed: %w", t.name, w.Errors, w.Requests, w.FirstError)
	}
	if w.Server < 0 || w.Behind < 0 {
		return w, fmt.Errorf("%s: its CPU went back, by %v and %v: a process has ended", t.name, w.Server, w.Behind)
	}
	return w, nil
}

func (t *target) charged() (server, behind time.Duration, err error) {
	for _, p := range t.nodes() {
		used, err := p.CPU()
		if err != nil {
			return 0, 0, err
		}
		server += used
	}
	for _, c := range t.behind {
		used, err := c.CPU()
		if err != nil {
			return 0, 0, err
		}
		behind += used
	}
	return server, behind, nil
}
