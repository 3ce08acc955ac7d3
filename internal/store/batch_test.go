package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"
)

// crowd has one piece of work keep the turn until all others stand in line, and returns
// what came of each. The first is number 0.
func crowd(t *testing.T, s *Store, count int, do func(i int, tx *Tx) error) []error {
	t.Helper()
	all := make([]error, count)
	ready, open := make(chan struct{}), make(chan struct{})
	var done sync.WaitGroup
	work := func(i int, begun func()) {
		done.Go(func() {
			defer func() {
				if cause := recover(); cause != nil {
					all[i] = fmt.Errorf("a panic: %v", cause)
				}
			}()
			all[i] = s.Tx(t.Context(), func(tx *Tx) error {
				begun()
				return do(i, tx)
			})
		})
	}
	before := s.turns.waits.Load()
	work(0, sync.OnceFunc(func() { close(ready); <-open }))
	<-ready
	for i := 1; i < count; i++ {
		work(i, func() {})
	}
	for s.turns.waits.Load() < before+uint64(count)-1 {
		time.Sleep(time.Millisecond)
	}
	close(open)
	done.Wait()
	return all
}

func writeUser(tx *Tx, i int) error {
	_, err := tx.EnsureApplicant(context.Background(), nameOf(i), "fr", time.Unix(1000, 0))
	return err
}

func nameOf(i int) string { return fmt.Sprintf("person-%d@example.org", i) }

// isThere holds people to whether they were written.
func isThere(t *testing.T, s *Store, want func(i int) bool, count int) {
	t.Helper()
	for i := range count {
		_, err := s.UserByEmail(t.Context(), nameOf(i))
		if there := err == nil; there != want(i) || err != nil && !errors.Is(err, ErrNotFound) {
			t.Errorf("number %d: there %v, %v", i, there, err)
		}
	}
}

// commits counts those in the journal of a database. The header of a frame tells the size
// of the database where it ends a transaction (https://sqlite.org/fileformat.html, 4.1).
func commits(t *testing.T, s *Store) (n int) {
	t.Helper()
	var path string
	if err := s.row(t.Context(), "path", `SELECT file FROM pragma_database_list WHERE name = 'main'`, nil, &path); err != nil {
		t.Fatal(err)
	}
	journal, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	const head, frame = 32, 24
	page := int(binary.BigEndian.Uint32(journal[8:]))
	for at := head; at+frame+page <= len(journal); at += frame + page {
		if binary.BigEndian.Uint32(journal[at+4:]) > 0 {
			n++
		}
	}
	return n
}

func TestThoseWhoWriteAtOnceShareACommit(t *testing.T) {
	t.Parallel()
	s := auditedStore(t, 1)
	before := commits(t, s)
	const count = 40
	for i, err := range crowd(t, s, count, func(i int, tx *Tx) error {
		if err := writeUser(tx, i); err != nil {
			return err
		}
		return tx.Audit(t.Context(), AuditEvent{At: time.Now(), Action: "a", Actor: "stranger"})
	}) {
		if err != nil {
			t.Errorf("number %d: %v", i, err)
		}
	}
	if n := commits(t, s) - before; n != 1 {
		t.Errorf("%d commits for all of them", n)
	}
	isThere(t, s, func(int) bool { return true }, count)
	if n := len(s.trail.own); n != 1 {
		t.Errorf("the next event has %d to name: those of a batch are no chain", n)
	}
	if report, err := s.VerifyAudit(t.Context(), AuditHead{}, func(int64, int64) {}); err != nil || !report.Sound() || report.Events != count+1 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestWhoFailsInABatchTakesBackTheirOwnWorkAlone(t *testing.T) {
	t.Parallel()
	s := auditedStore(t, 1)
	const count = 30
	failure := errors.New("the caller's own")
	fails := func(i int) bool { return i%3 == 0 } // and so the first
	for i, err := range crowd(t, s, count, func(i int, tx *Tx) error {
		err := errors.Join(writeUser(tx, i), tx.Audit(t.Context(), AuditEvent{At: time.Now(), Action: "a", Actor: "stranger"}))
		switch {
		case err != nil:
			return err
		case i%6 == 3:
			panic("in the middle")
		case fails(i):
			return failure
		}
		return nil
	}) {
		if i%6 == 0 && !errors.Is(err, failure) || i%6 == 3 && err == nil || !fails(i) && err != nil {
			t.Errorf("number %d: %v", i, err)
		}
	}
	isThere(t, s, func(i int) bool { return !fails(i) }, count)
	if report, err := s.VerifyAudit(t.Context(), AuditHead{}, func(int64, int64) {}); err != nil || !report.Sound() || report.Events != count-count/3+1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// A full disk or the end of somebody's time in the middle of a statement has SQLite roll
// the whole transaction back.
func TestAFaultThatEndsABatchIsNobodyElsesLoss(t *testing.T) {
	t.Parallel()
	s := auditedStore(t, 1)
	const count, culprit = 20, 10
	failure := errors.New("the culprit's own")
	var mu sync.Mutex
	runs := 0
	for i, err := range crowd(t, s, count, func(i int, tx *Tx) error {
		mu.Lock()
		runs++
		mu.Unlock()
		if err := writeUser(tx, i); err != nil || i != culprit {
			return err
		}
		if _, err := tx.exec(t.Context(), "end all", `ROLLBACK`); err != nil {
			t.Error(err)
		}
		return failure
	}) {
		if i == culprit && !errors.Is(err, failure) || i != culprit && err != nil {
			t.Errorf("number %d: %v", i, err)
		}
	}
	if runs <= count {
		t.Error("nobody was run again: the fault came before there was a batch")
	}
	isThere(t, s, func(i int) bool { return i != culprit }, count)
}

func TestACommitThatFailsIsToldToAllWhoReliedOnIt(t *testing.T) {
	t.Parallel()
	s := auditedStore(t, 1)
	const count = 10
	for i, err := range crowd(t, s, count, func(i int, tx *Tx) error {
		if i > 0 {
			return writeUser(tx, i)
		}
		if _, err := tx.exec(t.Context(), "defer", `PRAGMA defer_foreign_keys = ON`); err != nil {
			return err
		}
		_, err := tx.exec(t.Context(), "break", `INSERT INTO known_devices (user_id, device_hash, first_used_at, last_used_at) VALUES (999, x'00', 0, 0)`)
		return err
	}) {
		if !errors.Is(err, ErrUncertain) {
			t.Errorf("number %d: %v; want that nobody knows", i, err)
		}
	}
	isThere(t, s, func(int) bool { return false }, count)
	writeEvents(t, s, 1) // and others can write
}

// What was told to have been done is there, and nothing else, whatever others do.
func TestBatchesHoldWhatTheyPromise(t *testing.T) {
	t.Parallel()
	s := auditedStore(t, 1)
	const writers, each = 16, 40
	var mu sync.Mutex
	done := map[int]bool{}
	failure := errors.New("the caller's own")
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := w * each; i < (w+1)*each; i++ {
				fate := rand.N(10)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				if fate == 0 {
					ctx, cancel = context.WithTimeout(t.Context(), rand.N(3*time.Millisecond))
				}
				err := s.Tx(ctx, func(tx *Tx) error {
					if _, err := tx.EnsureApplicant(ctx, nameOf(i), "fr", time.Unix(1000, 0)); err != nil {
						return err
					}
					if err := tx.Audit(ctx, AuditEvent{At: time.Now(), Action: "a", Actor: "stranger"}); err != nil {
						return err
					}
					if fate == 1 {
						return failure
					}
					return nil
				})
				cancel()
				if fate == 1 && err == nil || fate > 1 && err != nil {
					t.Errorf("number %d: %v", i, err)
				}
				mu.Lock()
				done[i] = err == nil
				mu.Unlock()
			}
		})
	}
	all.Wait()
	isThere(t, s, func(i int) bool { return done[i] }, writers*each)
	var people, events int
	if err := s.row(t.Context(), "count", `SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM audit_events)`, nil, &people, &events); err != nil || events != people+1 {
		t.Errorf("%d people, %d events, %v", people, events, err)
	}
	if report, err := s.VerifyAudit(t.Context(), AuditHead{}, func(int64, int64) {}); err != nil || !report.Sound() {
		t.Errorf("%+v, %v", report, err)
	}
}
