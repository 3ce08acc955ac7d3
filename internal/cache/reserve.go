package cache

import (
	"context"
	"fmt"
	"math/bits"
	"slices"
	"time"
)

// slot is a window that has a limit, and where it is kept.
type slot struct {
	Window
	index int // of its shard
	shard *shard
	entry *entry // nil where no event is counted yet
}

// Reserve implements Cache.
func (m *Memory) Reserve(_ context.Context, windows []Window) (Reservation, error) {
	var few [6]slot // on the stack, for this runs on every request
	slots, err := m.slots(few[:0], windows)
	if err != nil {
		return Reservation{}, err
	}
	var held uint64
	for i := range slots {
		held |= 1 << slots[i].index
	}
	m.lockAll(held)
	defer m.unlockAll(held)

	now := m.clock.read()
	if retry := judge(slots, now); retry > 0 {
		r := Reservation{RetryAfter: max(retry, heard(slots, now))}
		r.measure(slots, now)
		return r, nil
	}
	if err := m.take(slots, now); err != nil {
		if fleeting(windows) { // the flood that fills the cache must not shut it
			return Reservation{Allowed: true}, nil
		}
		return Reservation{}, err
	}
	m.journal.counted(slots, now)
	r := Reservation{Allowed: true, taken: newTaken(slots, now)}
	r.measure(slots, now)
	return r, nil
}

// fleeting tells whether all of the windows are.
func fleeting(windows []Window) bool {
	for i := range windows {
		if !windows[i].Fleeting {
			return false
		}
	}
	return true
}

// slots appends to slots one for each window that has a limit.
func (m *Memory) slots(slots []slot, windows []Window) ([]slot, error) {
	for _, w := range windows {
		if w.Limit <= 0 {
			continue
		}
		if err := checkWindow(w, slots); err != nil {
			return nil, err
		}
		i := m.index(w.Key)
		slots = append(slots, slot{Window: w, index: i, shard: &m.shards[i]})
	}
	return slots, nil
}

func checkWindow(w Window, before []slot) error {
	if w.Per <= 0 {
		return fmt.Errorf("cache: window %q cannot last %v", w.Key, w.Per)
	}
	for i := range before {
		if before[i].Key == w.Key {
			return fmt.Errorf("cache: window %q is given twice", w.Key)
		}
	}
	return nil
}

// lockAll locks a set of shards in ascending order, so that no two callers wait for each
// other.
func (m *Memory) lockAll(set uint64) {
	for ; set != 0; set &= set - 1 {
		m.shards[bits.TrailingZeros64(set)].mu.Lock()
	}
}

func (m *Memory) unlockAll(held uint64) {
	for ; held != 0; held &= held - 1 {
		m.shards[bits.TrailingZeros64(held)].mu.Unlock()
	}
}

// judge finds the slots' entries, and returns how long until each slot would
// admit one event: zero where all of them do.
func judge(slots []slot, now int64) (retry time.Duration) {
	for i := range slots {
		s := &slots[i]
		s.entry = s.shard.windows.byKey[s.Key]
		if s.entry == nil {
			continue
		}
		events := &s.entry.events
		events.drop(now - int64(s.Per))
		if full := events.n - s.Limit; full >= 0 {
			retry = max(retry, s.until(full, now))
		}
	}
	return retry
}

// heard is how long the shared windows of slots stay full, as far as is known here.
func heard(slots []slot, now int64) (wait time.Duration) {
	for i := range slots {
		if e := slots[i].entry; e != nil {
			wait = max(wait, time.Duration(e.full-now))
		}
	}
	return wait
}

// hear notes how long the shared window of a key stays full. Of a window without an event
// here it notes nothing: such a one is never full here, and so the server is asked again.
func (m *Memory) hear(key string, full time.Duration) {
	s, now := m.lock(key)
	defer s.mu.Unlock()
	if e := s.windows.byKey[key]; e != nil {
		e.full = after(now, full)
	}
}

// until is how long the i-th oldest event stays.
func (s *slot) until(i int, now int64) time.Duration {
	return s.Per - time.Duration(now-s.entry.events.at(i))
}

// take counts one event in every slot, or in none where it fails.
func (m *Memory) take(slots []slot, now int64) error {
	if err := m.open(slots, now); err != nil {
		discardEmpty(slots)
		return err
	}
	for i := range slots {
		slots[i].entry.events.push(now, slots[i].Limit)
	}
	return nil
}

// open gives every slot an entry that lasts as long as an event of now. Those
// that have one come first: making room drops what is expired.
func (m *Memory) open(slots []slot, now int64) error {
	for i := range slots {
		s := &slots[i]
		if s.entry != nil {
			s.shard.windows.expireAt(s.entry, after(now, s.Per))
		}
	}
	for i := range slots {
		s := &slots[i]
		if s.entry != nil {
			continue
		}
		kind := m.kind(s.Key)
		if err := s.shard.room(kind, now); err != nil {
			return err
		}
		s.entry = s.shard.windows.add(s.Key, kind, after(now, s.Per))
		s.entry.per, s.entry.fleeting = s.Per, s.Fleeting
	}
	return nil
}

func discardEmpty(slots []slot) {
	for i := range slots {
		s := &slots[i]
		if s.entry != nil && s.entry.events.n == 0 {
			s.shard.windows.remove(s.entry)
		}
	}
}

func newTaken(slots []slot, now int64) *taken {
	if len(slots) == 0 {
		return nil
	}
	t := &taken{at: now}
	t.keys = t.few[:0]
	for i := range slots {
		t.keys = append(t.keys, slots[i].Key)
		if slots[i].Pending {
			t.pending = append(t.pending, slots[i].Key)
		}
	}
	return t
}

// measure fills in what r tells of the windows.
func (r *Reservation) measure(slots []slot, now int64) {
	var g gauge
	for i := range slots {
		s := &slots[i]
		if s.entry == nil || s.entry.events.n == 0 {
			g.tell(r, &s.Window, 0, 0)
			continue
		}
		g.tell(r, &s.Window, s.entry.events.n, s.until(0, now))
	}
}

// gauge makes a Reservation tell of its windows, one after the other.
type gauge struct {
	full bool // one of those since the last Pending window
}

func (g *gauge) tell(r *Reservation, w *Window, events int, reset time.Duration) {
	if w.Pending {
		if g.full {
			r.Pending += events
		}
		g.full = false
		return
	}
	g.full = g.full || !r.Allowed && events >= w.Limit
	remaining := max(0, w.Limit-events)
	if r.Limit == 0 || remaining < r.Remaining || remaining == r.Remaining && reset > r.Reset {
		r.Limit, r.Remaining, r.Reset = w.Limit, remaining, reset
	}
}

// Release implements Cache.
func (m *Memory) Release(_ context.Context, r Reservation) error {
	if r.taken == nil || r.taken.released.Swap(true) {
		return nil
	}
	m.withdraw(r.taken.left(), r.taken.at)
	return nil
}

// left are the windows in which the event still is, as far as its taker goes. Another may
// have an event of the same time there.
func (t *taken) left() []string {
	if !t.settled.Load() {
		return t.keys
	}
	return slices.DeleteFunc(slices.Clone(t.keys), func(key string) bool { return slices.Contains(t.pending, key) })
}

// Settle implements Cache.
func (m *Memory) Settle(_ context.Context, r Reservation) error {
	if !r.taken.settles() {
		return nil
	}
	m.withdraw(r.taken.pending, r.taken.at)
	return nil
}

// settles tells once, and of what was not released, that there is something to settle.
func (t *taken) settles() bool {
	return t != nil && len(t.pending) > 0 && !t.released.Load() && !t.settled.Swap(true)
}

// withdraw takes an event out of all of the windows at once: who sees it in one of them sees
// it in each, so that what is full only of what is under way is not taken for full.
func (m *Memory) withdraw(keys []string, at int64) {
	var held uint64
	for _, key := range keys {
		held |= 1 << m.index(key)
	}
	m.lockAll(held)
	defer m.unlockAll(held)
	for _, key := range keys {
		m.release(key, at)
	}
}

// release takes the event out of one window, whose shard is locked.
func (m *Memory) release(key string, at int64) {
	s := &m.shards[m.index(key)]
	e := s.windows.byKey[key]
	if e == nil {
		return
	}
	if !e.events.remove(at) {
		return
	}
	m.journal.released(e, m.index(key), at)
	if e.events.n == 0 {
		s.windows.remove(e)
		return
	}
	s.windows.expireAt(e, after(e.events.newest(), e.per))
}
