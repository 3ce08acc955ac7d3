package store

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"flowxi.app/flowxi/internal/seal"
)

// The audit trail is a chain of many strands. Each event names, under its MAC, the events
// that its process has committed and that no event has named before, so that one which is
// changed or removed later is missed by those that name it. Nothing is written but the
// event itself, and no two transactions wait for each other: what is to be named next is
// in the memory of each process. At intervals a process also names what others have
// written lately, so that the events of one that died are held by those that live.

const (
	// firstChained is the lowest id of an event with a MAC. Lower ones were counted up by
	// the database, for version 0.1.0.
	firstChained = 1 << 40

	idEpoch   = 1_577_836_800_000_000 // 2020 in microseconds since 1970
	idRandom  = 12                    // bits of an id that are not time
	idMaximum = 1<<63 - 1<<40         // that a clock makes: far from the end, so that one may count on

	maxParents = 64 // that one event names
)

// link names an event: by its id, and by enough of its MAC that no other event fits.
type link struct {
	id  int64
	mac [linkMAC]byte
}

const (
	linkMAC  = 8
	linkSize = 8 + linkMAC
)

func linkTo(id int64, mac []byte) link {
	l := link{id: id}
	copy(l.mac[:], mac)
	return l
}

func appendLinks(b []byte, list []link) []byte {
	for _, l := range list {
		b = append(binary.BigEndian.AppendUint64(b, uint64(l.id)), l.mac[:]...) //nolint:gosec // the same bits
	}
	return b
}

func parseLinks(b []byte) (list []link) {
	for ; len(b) >= linkSize; b = b[linkSize:] {
		list = append(list, linkTo(int64(binary.BigEndian.Uint64(b)), b[8:linkSize])) //nolint:gosec // the same bits
	}
	return list
}

// trail is what a process knows of the chain. It is safe for concurrent use.
type trail struct {
	ring *seal.KeyRing

	opening sync.Mutex

	mu     sync.Mutex
	key    auditKey
	last   int64  // the highest id that was given or named here
	own    []link // events of this process that no committed event names
	others []link // the same of other processes, as of the last look
	newest int64  // the highest id of the last look
}

func newTrail(ring *seal.KeyRing) *trail { return &trail{ring: ring} }

// errSealed says that the key of the trail has yet to be read.
var errSealed = errors.New("store: the key of the audit trail is not open")

// chained is an event on its way into the chain.
type chained struct {
	link

	named []link // which it stands for once it is committed
}

// chain gives an event its id, its parents and its MAC. It comes after those of the same
// transaction, of which the last one names what they all follow.
func (t *trail) chain(e AuditEvent, same []chained) (Row, chained, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.key.secret == nil {
		return nil, chained{}, errSealed
	}
	var c chained
	if len(same) > 0 {
		c.named = []link{same[len(same)-1].link}
	} else {
		c.named = append(append(c.named, t.own...), t.others...)
		c.named = c.named[:min(len(c.named), maxParents)]
	}
	t.last = nextID(e.At, t.last)
	row := e.row(t.last, t.key.id, appendLinks(nil, c.named))
	mac := t.key.mac(row)
	c.link = linkTo(t.last, mac)
	return append(row, mac), c, nil
}

// nextID is an id for an event at a time, above any that it may name.
func nextID(at time.Time, last int64) int64 {
	noise := rand.Int64N(1 << idRandom) //nolint:gosec // keeps processes apart, guards nothing
	id := idOf(at) + noise
	if id <= last {
		id = last + 1 + noise
	}
	return id
}

// idOf is the lowest id of an event at a time.
func idOf(at time.Time) int64 {
	sinceEpoch := at.UnixMicro() - idEpoch
	return max(firstChained, min(max(0, sinceEpoch), idMaximum>>idRandom)<<idRandom)
}

// committed takes the events of a transaction into the chain: the last of them stands for
// all that it and those before it name.
func (t *trail) committed(list []chained) {
	if len(list) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range list {
		t.own, t.others = without(t.own, c.named), without(t.others, c.named)
	}
	t.own = append(t.own, list[len(list)-1].link)
}

// without returns what is in list and not in gone, in place.
func without(list, gone []link) []link {
	kept := list[:0]
	for _, l := range list {
		if !contains(gone, l.id) {
			kept = append(kept, l)
		}
	}
	return kept
}

func contains(list []link, id int64) bool {
	for _, l := range list {
		if l.id == id {
			return true
		}
	}
	return false
}

const (
	firstLook = 1_000            // events that a process looks through at its start
	laterLook = 20_000           // and later, where so many have come
	lookSlack = 60 * time.Second // an event may be committed that much later than its id tells, or by a clock that is behind

	// lookAhead is how far the clock of another process may be ahead for its events to be
	// named: whoever names one gives higher ids from then on, and so do those that name it.
	lookAhead = 24 * time.Hour
)

// HoldTrail has the next event of this process name the events that nobody has named yet,
// whoever wrote them. A process that writes does it at intervals.
func (s *Store) HoldTrail(ctx context.Context) error {
	if err := s.openTrail(ctx); err != nil {
		return err
	}
	s.trail.mu.Lock()
	since, limit := s.trail.newest-int64(lookSlack/time.Microsecond)<<idRandom, laterLook
	if s.trail.newest == 0 {
		since, limit = 0, firstLook
	}
	s.trail.mu.Unlock()
	recent, err := rows(ctx, s.reader, "look for unnamed audit events", `
		SELECT id, mac, parents FROM audit_events WHERE id > $1 AND id <= $2 AND mac IS NOT NULL ORDER BY id DESC LIMIT $3`,
		[]any{max(since, firstChained-1), BeforeAudit(time.Now().Add(lookAhead)), limit}, scanNaming)
	if err != nil {
		return err
	}
	return s.holdUnnamed(ctx, recent)
}

// naming is an event and those that it names.
type naming struct {
	link

	parents []link
}

func scanNaming(row scanner) (n naming, err error) {
	var mac, parents []byte
	err = row.Scan(&n.id, &mac, &parents)
	copy(n.mac[:], mac)
	n.parents = parseLinks(parents)
	return n, err
}

// holdUnnamed keeps those of the recent events, newest first, that none of them names and
// that are what they seem.
func (s *Store) holdUnnamed(ctx context.Context, recent []naming) error {
	named := make(map[int64]bool, len(recent))
	var list []link
	for _, n := range recent { // an event names only lower ids
		for _, p := range n.parents {
			named[p.id] = true
		}
		if named[n.id] || s.trail.holds(n.id) || len(list) >= maxParents {
			continue
		}
		genuine, err := s.genuine(ctx, n.link)
		if err != nil {
			return err
		}
		if genuine {
			list = append(list, n.link)
		}
	}
	s.trail.look(list)
	return nil
}

// genuine tells whether an event may be named. One under a key that is not there no server
// wrote.
func (s *Store) genuine(ctx context.Context, l link) (bool, error) {
	list, err := rows(ctx, s.reader, "read audit event",
		readAudited+`WHERE id = $1 AND EXISTS (SELECT 1 FROM audit_keys k WHERE k.id = key_id)`, []any{l.id}, scanAudited)
	if err != nil || len(list) == 0 {
		return false, err
	}
	s.trail.mu.Lock()
	defer s.trail.mu.Unlock()
	// Those under another key of the trail are held too: this process cannot tell, and verify can.
	return list[0].key != s.trail.key.id || list[0].genuine(s.trail.key), nil
}

func (t *trail) holds(id int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return contains(t.own, id)
}

// look replaces what others have written and nobody has named.
func (t *trail) look(list []link) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.others = list
	t.newest = max(t.newest, firstChained)
	for _, l := range list {
		t.newest, t.last = max(t.newest, l.id), max(t.last, l.id)
	}
	for _, l := range t.own {
		t.newest = max(t.newest, l.id)
	}
}
