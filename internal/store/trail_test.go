package store

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestIDsGoUpAndStayWithinTheirBounds(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]time.Time{
		"no time": {}, "before the epoch": time.Unix(0, 0), "now": time.Now(), "the last year": time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
	} {
		var last int64
		for range 1_000 {
			id := nextID(at, last)
			if id < firstChained || id <= last {
				t.Fatalf("%s: %d comes after %d", name, id, last)
			}
			last = id
		}
		if last > math.MaxInt64-1<<39 {
			t.Errorf("%s: %d is too near the end", name, last)
		}
	}
	now := time.Now()
	if id := nextID(now, 0); id <= BeforeAudit(now) || id > BeforeAudit(now.Add(2*time.Microsecond)) {
		t.Errorf("%d is not of its time", id)
	}
}

func TestLinksAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	want := []link{linkTo(1, []byte("0123456789")), linkTo(math.MaxInt64, []byte("abcdefgh"))}
	if got := parseLinks(appendLinks(nil, want)); !slices.Equal(got, want) {
		t.Errorf("%v is read as %v", want, got)
	}
	if got := parseLinks([]byte("0123456")); got != nil {
		t.Errorf("half a link is read as %v", got)
	}
}

// audited writes so many events on a new database.
func auditedStore(t *testing.T, events int) *Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "flowxi.db")
	s, err := Open(t.Context(), Options{Path: path, Keys: testRing(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	writeEvents(t, s, events)
	return s
}

func writeEvents(t *testing.T, s *Store, events int) {
	t.Helper()
	for range events {
		err := s.Tx(t.Context(), func(tx *Tx) error {
			return tx.Audit(t.Context(), AuditEvent{At: time.Now(), Action: "a", Actor: "stranger"})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// An id that another node gave in the same moment costs another try, and no more.
func TestAnEventWhoseIDIsTakenGetsAnother(t *testing.T) {
	t.Parallel()
	s := auditedStore(t, 1)
	// Past the last moment that an id can tell, ids are counted on from there. Every second
	// one of those that can come is taken here.
	_, err := s.db.ExecContext(t.Context(), `
		WITH RECURSIVE taken (id) AS (SELECT $1 UNION ALL SELECT id + 2 FROM taken WHERE id < $1 + $2)
		INSERT INTO audit_events (id, at, action, actor) SELECT id, 0, 'taken', '' FROM taken`, int64(idMaximum), 32<<idRandom)
	if err != nil {
		t.Fatal(err)
	}
	const tries = 8
	for range tries {
		err := s.Tx(t.Context(), func(tx *Tx) error {
			return tx.Audit(t.Context(), AuditEvent{At: time.Date(2400, 1, 1, 0, 0, 0, 0, time.UTC), Action: "late", Actor: "stranger"})
		})
		if err != nil && !errors.Is(err, errNoID) { // once in a thousand times
			t.Fatal(err)
		}
	}
	var late int
	if err := s.row(t.Context(), "count", `SELECT COUNT(*) FROM audit_events WHERE action = 'late' AND id % 2 = 1`, nil, &late); err != nil || late < tries-2 {
		t.Errorf("%d of %d events are there: %v", late, tries, err)
	}
}

// A node whose clock is far ahead goes on writing, and the others keep to their own time.
func TestAClockThatIsFarAheadDragsNoOtherNode(t *testing.T) {
	t.Parallel()
	for name, far := range map[string]time.Time{
		"two days": time.Now().Add(48 * time.Hour), "past the last moment of an id": time.Date(2400, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		s := auditedStore(t, 1)
		ahead := &Store{reader: s.reader, engine: s.engine, db: s.db, ro: s.ro, trail: newTrail(s.trail.ring)}
		for range 20 {
			if err := ahead.Tx(t.Context(), func(tx *Tx) error { return tx.Audit(t.Context(), AuditEvent{At: far, Action: "far"}) }); err != nil {
				t.Fatal(name, err)
			}
		}
		near := &Store{reader: s.reader, engine: s.engine, db: s.db, ro: s.ro, trail: newTrail(s.trail.ring)}
		writeEvents(t, near, 1)
		last := near.trail.last
		for _, node := range []*Store{s, near} {
			if err := node.HoldTrail(t.Context()); err != nil {
				t.Fatal(name, err)
			}
		}
		if !contains(s.trail.others, last) {
			t.Errorf("%s: the last event of the node with the right time is not held", name)
		}
		writeEvents(t, s, 2)
		if soon := BeforeAudit(time.Now().Add(time.Minute)); s.trail.last > soon || near.trail.last > soon {
			t.Errorf("%s: the others are dragged to %d and %d", name, s.trail.last, near.trail.last)
		}
		report, err := s.VerifyAudit(t.Context(), AuditHead{}, func(int64, int64) {})
		if err != nil || !report.Sound() || report.Events != 24 {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
}

// What verify does not remember any more it looks up.
func TestALongTrailIsVerifiedWithLittleMemory(t *testing.T) {
	t.Parallel()
	s := auditedStore(t, 1)
	other := &Store{reader: s.reader, engine: s.engine, db: s.db, ro: s.ro, trail: newTrail(s.trail.ring)}
	writeEvents(t, other, 1)
	named := other.trail.own[0].id // by this store, after its next look
	writeEvents(t, s, 30)
	if err := s.HoldTrail(t.Context()); err != nil {
		t.Fatal(err)
	}
	writeEvents(t, s, 5)
	verify := func() AuditReport {
		t.Helper()
		report, err := s.verifyAudit(t.Context(), AuditHead{}, 4, func(int64, int64) {})
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	if report := verify(); !report.Sound() || report.Events != 37 || report.Unnamed != 1 {
		t.Errorf("%+v", report)
	}
	for _, change := range []struct {
		statement string
		flaw      Flaw
	}{
		{`UPDATE audit_events SET detail = 'x' WHERE id = $1`, FlawChanged},
		{`DELETE FROM audit_events WHERE id = $1`, FlawRemoved},
	} {
		if _, err := s.db.ExecContext(t.Context(), change.statement, named); err != nil {
			t.Fatal(err)
		}
		if report := verify(); len(report.Findings) != 1 || report.Findings[0].Flaw != change.flaw || report.Findings[0].ID != named {
			t.Errorf("%s: %+v", change.flaw, report)
		}
	}
}
