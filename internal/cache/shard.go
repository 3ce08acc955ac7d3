package cache

import (
	"container/heap"
	"math"
	"strings"
	"sync"
	"time"
)

// entry is a value or a window.
type entry struct {
	key     string
	kind    Kind
	value   []byte
	expires int64

	// Of a window.
	events   events
	per      time.Duration
	fleeting bool
	full     int64 // until when the window that nodes share is full, as it was told last

	// due orders the heap. It is never later than expires: a later expiry is
	// only noted, and the heap catches up when the entry reaches its top, so
	// that counting an event costs no sorting.
	due   int64
	place int // in the heap
}

// shard is a part of the cache with a lock of its own, held by the caller of
// every method.
type shard struct {
	mu      sync.Mutex
	limit   int // of entries, values and windows together
	share   int // of entries that each kind has to itself
	count   [kinds]int
	refused [kinds]uint64 // for want of room
	values  table
	windows table
}

// room sees to it that one more entry of that kind fits.
func (s *shard) room(k Kind, now int64) error {
	if s.fits(k) {
		return nil
	}
	s.sweep(now, math.MaxInt)
	if s.fits(k) {
		return nil
	}
	if value := s.values.soonest(); k == Owners && value != nil {
		s.values.remove(value)
		return nil
	}
	s.refused[k]++
	return ErrFull
}

// fits tells whether one more of that kind leaves all others their shares. One that has
// not used up its own always does.
func (s *shard) fits(k Kind) bool {
	if s.count[k] < s.share {
		return true
	}
	taken := 0
	for _, n := range s.count {
		taken += max(n, s.share)
	}
	return taken < s.limit
}

// sweep removes expired entries in at most that many steps, and returns the
// steps that it had no use for.
func (s *shard) sweep(now int64, steps int) int {
	return s.windows.sweep(now, s.values.sweep(now, steps))
}

// table finds entries by key and by expiry.
type table struct {
	byKey map[string]*entry
	order order
	count *[kinds]int // of the shard
}

// live returns the entry under key, or nil where it is absent or expired.
func (t *table) live(key string, now int64) *entry {
	e := t.byKey[key]
	if e == nil || e.expires <= now {
		return nil
	}
	return e
}

// add makes an entry under a key that has none. The key is copied, for it may
// be cut from something large.
func (t *table) add(key string, k Kind, expires int64) *entry {
	e := &entry{key: strings.Clone(key), kind: k, expires: expires, due: expires}
	t.byKey[e.key] = e
	t.count[k]++
	heap.Push(&t.order, e)
	return e
}

func (t *table) remove(e *entry) {
	delete(t.byKey, e.key)
	t.count[e.kind]--
	heap.Remove(&t.order, e.place)
}

func (t *table) expireAt(e *entry, expires int64) {
	e.expires = expires
	if expires < e.due {
		t.reorder(e)
	}
}

func (t *table) reorder(e *entry) {
	e.due = e.expires
	heap.Fix(&t.order, e.place)
}

// soonest returns the entry that expires first, or nil where there is none.
func (t *table) soonest() *entry {
	for len(t.order) > 0 {
		e := t.order[0]
		if e.due == e.expires {
			return e
		}
		t.reorder(e)
	}
	return nil
}

func (t *table) sweep(now int64, steps int) int {
	for ; steps > 0 && len(t.order) > 0; steps-- {
		e := t.order[0]
		switch {
		case e.due > now:
			return steps
		case e.expires > now:
			t.reorder(e)
		default:
			t.remove(e)
		}
	}
	return steps
}

// order is a heap of entries by due (container/heap).
type order []*entry

func (o order) Len() int           { return len(o) }
func (o order) Less(i, j int) bool { return o[i].due < o[j].due }

func (o order) Swap(i, j int) {
	o[i], o[j] = o[j], o[i]
	o[i].place, o[j].place = i, j
}

func (o *order) Push(x any) {
	e := x.(*entry) //nolint:forcetypeassert // nothing else is pushed
	e.place = len(*o)
	*o = append(*o, e)
}

func (o *order) Pop() any {
	last := len(*o) - 1
	e := (*o)[last]
	(*o)[last] = nil
	*o = (*o)[:last]
	return e
}
