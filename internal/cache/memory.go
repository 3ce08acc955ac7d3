package cache

import (
	"bytes"
	"context"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"

	"flowxi.app/flowxi/internal/rescue"
)

const (
	defaultMaxEntries = 1_000_000

	// maxShards is how many a bit set of one word can tell apart.
	maxShards = 64

	// minShard keeps small caches in few shards, so that their bound is met
	// where they are full and not where one shard happens to be.
	minShard = 1024

	sweepEvery = time.Second

	// warnEvery is the least between two warnings that a kind has no room.
	warnEvery = time.Minute

	// sweepSteps bounds how long a sweep holds a shard's lock.
	sweepSteps = 256
)

// Options bounds a Memory.
type Options struct {
	// MaxEntries is how many values and windows it holds together;
	// zero or less is 1,000,000.
	MaxEntries int

	// Kind tells of what kind the window of a key is. It is asked where the window is made
	// or comes back, so it goes by the key alone. Nil is Owners of all.
	Kind func(key string) Kind

	Log *slog.Logger // nil is nowhere
}

// Memory is the Cache of a single node.
//
// It is bounded, and each Kind has a share of it that no other takes. Where a new key
// finds no room, expired entries go first. Then a value or a window of Owners takes the
// place of the value that is soonest to expire, and all others fail with ErrFull. A
// window is never dropped before its time, since forgetting one opens a limit: with
// windows alone left, Owners fail with ErrFull too. The bound is kept shard by shard, so a
// cache may be full a little before MaxEntries.
//
// It never waits, and so pays no heed to a context.
type Memory struct {
	clock   *clock
	seed    maphash.Seed
	shards  []shard
	kind    func(key string) Kind
	told    [kinds]told
	journal *journal // nil where there is none
	log     *slog.Logger

	stop    sync.Once
	stopped chan struct{}
	swept   chan struct{}
}

var _ Cache = (*Memory)(nil)

// NewMemory returns an empty cache that sweeps itself until it is closed. It
// asks now for the time, from any goroutine; a time that steps back stands
// still for it.
func NewMemory(now func() time.Time, o Options) *Memory {
	m := newMemory(now, o)
	go m.sweepUntilStopped()
	return m
}

func newMemory(now func() time.Time, o Options) *Memory {
	if o.MaxEntries <= 0 {
		o.MaxEntries = defaultMaxEntries
	}
	if o.Kind == nil {
		o.Kind = func(string) Kind { return Owners }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Memory{
		clock:   newClock(now),
		kind:    o.Kind,
		log:     o.Log,
		seed:    maphash.MakeSeed(),
		shards:  makeShards(o.MaxEntries),
		stopped: make(chan struct{}),
		swept:   make(chan struct{}),
	}
}

func makeShards(entries int) []shard {
	shards := make([]shard, min(maxShards, max(1, entries/minShard)))
	for i := range shards {
		s := &shards[i]
		s.limit = entries / len(shards)
		s.share = s.limit / shares
		s.values = table{byKey: make(map[string]*entry), count: &s.count}
		s.windows = table{byKey: make(map[string]*entry), count: &s.count}
	}
	return shards
}

// Close stops the sweeping, waits for it to end, and closes the journal. The cache
// itself goes on answering.
func (m *Memory) Close() {
	m.stop.Do(func() { close(m.stopped) })
	<-m.swept
	m.journal.close()
}

func (m *Memory) sweepUntilStopped() {
	defer close(m.swept)
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-m.stopped:
			return
		case <-tick.C:
			m.sweepOnce()
		}
	}
}

// sweepOnce leaves what a panic has kept it from to the next turn.
func (m *Memory) sweepOnce() {
	err := rescue.Do(func() error {
		m.sweep()
		m.warnOfFull()
		m.tidyJournal()
		return nil
	})
	if err != nil {
		m.log.Error("cannot sweep the limits, trying again", "error", err, rescue.Stack(err))
	}
}

func (m *Memory) sweep() {
	for i := range m.shards {
		for m.sweepShard(&m.shards[i]) == 0 {
		}
	}
}

func (m *Memory) sweepShard(s *shard) (unused int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sweep(m.clock.read(), sweepSteps)
}

// tidyJournal writes a journal anew that has grown. Where that fails, the old one goes
// on, and the next try comes when it has grown by as much again.
func (m *Memory) tidyJournal() {
	if !m.journal.full() {
		return
	}
	if err := m.rewrite(); err != nil {
		slog.Warn("the journal of limits could not be written anew", "error", err)
	}
}

func (m *Memory) index(key string) int {
	return int(maphash.String(m.seed, key) % uint64(len(m.shards))) //nolint:gosec // less than there are shards
}

// lock returns the shard of key, locked, and the time at which that was.
func (m *Memory) lock(key string) (*shard, int64) {
	s := &m.shards[m.index(key)]
	s.mu.Lock()
	return s, m.clock.read()
}

// Set implements Cache.
func (m *Memory) Set(_ context.Context, key string, value []byte, ttl time.Duration) error {
	if err := checkTTL(ttl); err != nil {
		return err
	}
	s, now := m.lock(key)
	defer s.mu.Unlock()
	return s.set(key, value, now, after(now, ttl))
}

// Add implements Cache.
func (m *Memory) Add(_ context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if err := checkTTL(ttl); err != nil {
		return false, err
	}
	s, now := m.lock(key)
	defer s.mu.Unlock()
	if s.values.live(key, now) != nil {
		return false, nil
	}
	err := s.set(key, value, now, after(now, ttl))
	return err == nil, err
}

// Get implements Cache.
func (m *Memory) Get(_ context.Context, key string) ([]byte, time.Duration, error) {
	s, now := m.lock(key)
	defer s.mu.Unlock()
	e := s.values.live(key, now)
	if e == nil {
		return nil, 0, ErrMiss
	}
	return bytes.Clone(e.value), time.Duration(e.expires - now), nil
}

// Take implements Cache.
func (m *Memory) Take(_ context.Context, key string) ([]byte, error) {
	s, now := m.lock(key)
	defer s.mu.Unlock()
	e := s.values.live(key, now)
	if e == nil {
		return nil, ErrMiss
	}
	s.values.remove(e)
	return e.value, nil
}

// Delete implements Cache.
func (m *Memory) Delete(_ context.Context, key string) error {
	s, _ := m.lock(key)
	defer s.mu.Unlock()
	if e := s.values.byKey[key]; e != nil {
		s.values.remove(e)
	}
	return nil
}

func (s *shard) set(key string, value []byte, now, expires int64) error {
	e := s.values.byKey[key]
	if e == nil {
		if err := s.room(Owners, now); err != nil {
			return err
		}
		e = s.values.add(key, Owners, expires)
	}
	e.value = append([]byte{}, value...)
	s.values.expireAt(e, expires)
	return nil
}
