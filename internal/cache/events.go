package cache

// minEvents is the least room that a log makes once it needs any.
const minEvents = 4

// events is a ring of times in ascending order. It takes as much room as its
// recent events need: it doubles up to its limit and shrinks as they leave.
type events struct {
	ring []int64
	head int
	n    int
}

// at returns the i-th oldest time.
func (e *events) at(i int) int64 { return e.ring[e.index(i)] }

func (e *events) newest() int64 { return e.at(e.n - 1) }

func (e *events) index(i int) int {
	i += e.head
	if i >= len(e.ring) {
		i -= len(e.ring)
	}
	return i
}

// push adds t, which is not before the newest.
func (e *events) push(t int64, limit int) {
	if e.n == len(e.ring) {
		e.resize(max(e.n+1, min(limit, max(minEvents, 2*e.n))))
	}
	e.n++
	e.ring[e.index(e.n-1)] = t
}

// drop forgets every event up to and including t.
func (e *events) drop(t int64) {
	for e.n > 0 && e.at(0) <= t {
		e.head = e.index(1)
		e.n--
	}
	if len(e.ring) > 2*minEvents && e.n <= len(e.ring)/4 {
		e.resize(max(minEvents, 2*e.n))
	}
}

// remove forgets one event at t, and tells whether there was one. It looks from the newest,
// since what is given back was mostly taken a moment ago.
func (e *events) remove(t int64) bool {
	for i := e.n - 1; i >= 0 && e.at(i) >= t; i-- {
		if e.at(i) != t {
			continue
		}
		for ; i < e.n-1; i++ {
			e.ring[e.index(i)] = e.at(i + 1)
		}
		e.n--
		return true
	}
	return false
}

func (e *events) resize(size int) {
	ring := make([]int64, size)
	for i := range e.n {
		ring[i] = e.at(i)
	}
	e.ring, e.head = ring, 0
}
