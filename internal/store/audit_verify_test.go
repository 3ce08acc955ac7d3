package store_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
)

func (d db) verify(head string) store.AuditReport {
	d.t.Helper()
	var held store.AuditHead
	if head != "" {
		var err error
		if held, err = store.ParseAuditHead(head); err != nil {
			d.t.Fatal(err)
		}
	}
	report, err := d.VerifyAudit(d.ctx, held, func(int64, int64) {})
	if err != nil {
		d.t.Fatal(err)
	}
	return report
}

// sound wants a trail of so many events in which nothing is found.
func (d db) sound(events int64) store.AuditReport {
	d.t.Helper()
	report := d.verify("")
	if !report.Sound() || report.Events != events {
		d.t.Fatalf("of %d events, %d are there: %+v", events, report.Events, report)
	}
	return report
}

// trail writes events, one in each transaction, and returns their ids.
func (d db) trail(n int) (ids []int64) {
	d.t.Helper()
	for i := range n {
		d.audit(store.AuditEvent{
			At: after(i), Action: "login.succeeded", Actor: "user:17", UserID: account.UserID(i % 3), SessionID: account.SessionID(i % 2),
			IP: "192.0.2.1", Device: "d1", RequestID: fmt.Sprint("r-", i), Detail: "ios",
		})
	}
	return d.ids()
}

func (d db) ids() (ids []int64) {
	d.t.Helper()
	list, err := d.AuditAfter(d.ctx, 0, 10_000)
	if n, err := d.CountAuditBetween(d.ctx, time.Time{}, time.Time{}); err != nil || n != int64(len(list)) {
		d.t.Errorf("%d events are counted, want %d: %v", n, len(list), err)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	for _, e := range list {
		ids = append(ids, e.ID)
	}
	return ids
}

func TestATrailThatNobodyTouchedIsSound(t *testing.T) {
	each(t, func(d db) {
		d.sound(0)
		d.trail(50)
		same(d.t, d.sound(50).Unnamed, 1)
		d.tx(func(tx *store.Tx) error {
			for range 3 {
				if err := tx.Audit(d.ctx, store.AuditEvent{At: noon, Action: "a"}); err != nil {
					return err
				}
			}
			return nil
		})
		same(d.t, d.sound(53).Unnamed, 1)
	})
}

// change is what somebody with the database may do to events, and what must be found.
type change struct {
	name string
	do   func(d db, r *rand.Rand, ids []int64) (flaw store.Flaw, of []int64)
}

var changes = []change{
	{"a column is changed", func(d db, r *rand.Rand, ids []int64) (store.Flaw, []int64) {
		id := ids[r.IntN(len(ids)-1)]
		edits := []string{
			"at = at + 1", "action = 'login.refused'", "actor = 'user:18'", "user_id = 99", "user_id = CASE WHEN user_id IS NULL THEN 0 END",
			"session_id = 99", "ip = '192.0.2.2'", "device = 'd2'", "request_id = request_id || 'x'", "detail = ''",
			"key_id = 2", "key_id = NULL", "parents = NULL", "parents = mac", "mac = NULL", "mac = parents", "key_id = NULL, parents = NULL, mac = NULL",
		}
		d.set(`UPDATE audit_events SET `+edits[r.IntN(len(edits))]+` WHERE id = $1`, id)
		return store.FlawChanged, []int64{id}
	}},
	{"an event is removed", func(d db, r *rand.Rand, ids []int64) (store.Flaw, []int64) {
		id := ids[r.IntN(len(ids)-1)]
		d.set(`DELETE FROM audit_events WHERE id = $1`, id)
		return store.FlawRemoved, []int64{id}
	}},
	{"a stretch is removed", func(d db, r *rand.Rand, ids []int64) (store.Flaw, []int64) {
		first := r.IntN(len(ids) - 5)
		last := first + r.IntN(4)
		d.set(`DELETE FROM audit_events WHERE id BETWEEN $1 AND $2`, ids[first], ids[last])
		return store.FlawRemoved, []int64{ids[last]} // its end tells
	}},
	{"a copy is inserted", func(d db, r *rand.Rand, ids []int64) (store.Flaw, []int64) {
		at := r.IntN(len(ids))
		id := ids[at] + 1
		d.set(`INSERT INTO audit_events (id, at, action, actor, user_id, session_id, ip, device, request_id, detail, key_id, parents, mac)
			SELECT $1, at, action, actor, user_id, session_id, ip, device, request_id, detail, key_id, parents, mac FROM audit_events WHERE id = $2`,
			id, ids[r.IntN(len(ids))])
		return store.FlawInserted, []int64{id}
	}},
	{"an event without a MAC is inserted", func(d db, r *rand.Rand, ids []int64) (store.Flaw, []int64) {
		id := ids[r.IntN(len(ids))] + 1
		d.set(`INSERT INTO audit_events (id, at, action, actor) VALUES ($1, 1, 'login.succeeded', 'user:1')`, id)
		return store.FlawInserted, []int64{id}
	}},
	{"two events change places", func(d db, r *rand.Rand, ids []int64) (store.Flaw, []int64) {
		a := r.IntN(len(ids) - 5)
		b := a + 2 + r.IntN(2) // so that an event which nobody touched names each
		for _, step := range [][2]int64{{-1, ids[a]}, {ids[a], ids[b]}, {ids[b], -1}} {
			d.set(`UPDATE audit_events SET id = $1 WHERE id = $2`, step[0], step[1])
		}
		return store.FlawChanged, []int64{ids[a], ids[b]}
	}},
	{"an event moves to the end", func(d db, r *rand.Rand, ids []int64) (store.Flaw, []int64) {
		id := ids[r.IntN(len(ids)-1)]
		d.set(`UPDATE audit_events SET id = $1 WHERE id = $2`, ids[len(ids)-1]+1_000, id)
		return store.FlawRemoved, []int64{id}
	}},
	{"the newest event is changed", func(d db, _ *rand.Rand, ids []int64) (store.Flaw, []int64) {
		id := ids[len(ids)-1]
		d.set(`UPDATE audit_events SET detail = 'android' WHERE id = $1`, id)
		return store.FlawInserted, []int64{id}
	}},
}

func TestEveryChangeOfATrailIsFoundAndNamed(t *testing.T) {
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(d db) {
				ids := d.trail(30)
				r := rand.New(rand.NewPCG(rand.Uint64(), 1))
				keep := d.all(d.snapshot(), d.trailTable(), nil)
				for range 8 {
					flaw, of := c.do(d, r, ids)
					report := d.verify("")
					for _, id := range of {
						if !slices.ContainsFunc(report.Findings, func(f store.Finding) bool { return f.Flaw == flaw && f.ID == id }) {
							d.t.Fatalf("%s: %d is not found to be %s: %+v", c.name, id, flaw, report)
						}
					}
					for _, f := range report.Findings { // and nobody else is accused
						if f.Flaw != store.FlawInserted && !slices.Contains(of, f.ID) {
							d.t.Fatalf("%s: %d is found to be %s: %+v", c.name, f.ID, f.Flaw, report)
						}
					}
					d.set(`DELETE FROM audit_events`)
					d.insert(d.trailTable(), keep)
					d.sound(30)
				}
			})
		})
	}
}

func (d db) trailTable() store.Table {
	d.t.Helper()
	list := d.tables()
	return list[slices.IndexFunc(list, func(t store.Table) bool { return t.Name == "audit_events" })]
}

func TestATrailThatWasCutOffIsFoundByAnEarlierHead(t *testing.T) {
	each(t, func(d db) {
		ids := d.trail(10)
		head := d.sound(10).Head
		d.trail(3)
		if report := d.verify(head); !report.Sound() {
			d.t.Fatalf("%+v", report)
		}
		d.set(`DELETE FROM audit_events WHERE id >= $1`, ids[9])
		d.sound(9) // which nobody can tell without
		same(d.t, d.verify(head).Findings, []store.Finding{{Flaw: store.FlawRemoved, ID: ids[9]}})
	})
}

func TestAHeadIsReadAsItIsTold(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "1", ":", "1:00", "99999999999999999999:00112233445566778899aabbccddeeff", "17:00112233445566778899aabbccddeeff", "8589934592000000:0011"} {
		if head, err := store.ParseAuditHead(text); err == nil {
			t.Errorf("%q is read as %v", text, head)
		}
	}
	if _, err := store.ParseAuditHead("8589934592000000:00112233445566778899aabbccddeeff"); err != nil {
		t.Error(err)
	}
}

// Three nodes write at once, and some of their transactions fail.
func TestNodesThatWriteAtOnceMakeASoundTrail(t *testing.T) {
	each(t, func(d db) {
		stores := []db{d, open(d.t, d.engine, d.at), open(d.t, d.engine, d.at)}
		var wrote sync.WaitGroup
		for _, node := range stores {
			for w := range 4 {
				wrote.Go(func() {
					for i := range 25 {
						err := node.Tx(d.ctx, func(tx *store.Tx) error {
							if err := tx.Audit(d.ctx, store.AuditEvent{At: time.Now(), Action: fmt.Sprint("a", w), Actor: "stranger"}); err != nil {
								return err
							}
							if i%5 == 4 {
								return store.ErrNotFound
							}
							return nil
						})
						if err != nil && !errors.Is(err, store.ErrNotFound) {
							d.t.Error(err)
						}
						if i%10 == 9 {
							if err := node.HoldTrail(d.ctx); err != nil {
								d.t.Error(err)
							}
						}
					}
				})
			}
		}
		wrote.Wait()
		report := d.sound(3 * 4 * 20)
		if report.Unnamed > 3*4 {
			d.t.Errorf("%d of 240 events are named by none", report.Unnamed)
		}
		same(d.t, d.number(`SELECT COUNT(*) FROM audit_keys`), 1)
	})
}

// What a process wrote that died is held by the others.
func TestTheLastEventsOfADeadProcessAreHeldByTheOthers(t *testing.T) {
	each(t, func(d db) {
		d.trail(3)
		other := open(d.t, d.engine, d.at)
		other.audit(store.AuditEvent{At: after(10), Action: "last"})
		last := d.number(`SELECT id FROM audit_events WHERE action = 'last'`)
		if err := d.HoldTrail(d.ctx); err != nil {
			d.t.Fatal(err)
		}
		d.audit(store.AuditEvent{At: after(1), Action: "next"}) // by a clock that is behind
		d.sound(5)
		d.set(`DELETE FROM audit_events WHERE id = $1`, last)
		report := d.verify("")
		if len(report.Findings) != 1 || report.Findings[0].ID != last || report.Findings[0].Flaw != store.FlawRemoved {
			d.t.Errorf("%+v", report)
		}
	})
}

// A process does not take what somebody forged for an event that is to be named, under the
// key of the trail or under one that is not there, be its id of now or the last of all.
func TestAForgedEventIsNamedByNone(t *testing.T) {
	each(t, func(d db) {
		soon := store.BeforeAudit(time.Now().Add(time.Hour))
		for i, forged := range []struct{ id, key int64 }{{soon, 1}, {soon, 7}, {math.MaxInt64, 1}, {math.MaxInt64, 7}} {
			ids := d.trail(3)
			d.set(`INSERT INTO audit_events (id, at, action, actor, key_id, parents, mac)
				SELECT $1, at, action, actor, $2, parents, mac FROM audit_events WHERE id = $3`, forged.id, forged.key, ids[len(ids)-1])
			other := open(d.t, d.engine, d.at)
			other.trail(3)
			same(d.t, d.verify("").Findings, []store.Finding{{Flaw: store.FlawInserted, ID: forged.id}})
			d.set(`DELETE FROM audit_events WHERE id = $1`, forged.id)
			d.sound(int64(6 * (i + 1)))
			if low, high := d.number(`SELECT MIN(id) FROM audit_events`), d.number(`SELECT MAX(id) FROM audit_events`); low < 0 || high >= soon {
				d.t.Errorf("after %+v, ids are from %d to %d", forged, low, high)
			}
		}
	})
}

func TestASweptTrailIsSoundAndOneThatWasCutIsNot(t *testing.T) {
	each(t, func(d db) {
		ids := d.trail(20)
		swept := write(d, func(tx *store.Tx) (int64, error) { return tx.SweepAudit(d.ctx, after(10), after(30), 100) })
		same(d.t, swept, 10)
		same(d.t, d.sound(11).SweptTo, ids[9])
		d.set(`DELETE FROM audit_events WHERE id = $1`, ids[10])
		same(d.t, d.verify("").Findings, []store.Finding{{Flaw: store.FlawRemoved, ID: ids[10], NamedBy: ids[11]}})
		// What a sweep tells is protected like the rest.
		d.set(`UPDATE audit_events SET detail = '10 events up to ` + fmt.Sprint(ids[15]) + `' WHERE action = 'audit.swept'`)
		if report := d.verify(""); report.SweptTo != 0 || report.Sound() {
			d.t.Errorf("%+v", report)
		}
	})
}

// A node of 0.1.0 writes events that have no MAC.
func TestEventsOfTheReleaseBeforeAreCountedAndNotAccused(t *testing.T) {
	each(t, func(d db) {
		old := func(n int) {
			for i := range n {
				d.set(`INSERT INTO audit_events (at, action, actor, user_id, session_id, ip, request_id, detail) VALUES ($1, 'login.succeeded', 'user:1', 1, 1, '', '', '')`, after(i).UnixMicro())
			}
		}
		old(3)
		if d.engine == dbtest.Postgres { // beside this one; SQLite is of one process
			d.trail(2)
			old(2)
		} else {
			old(2)
			d.trail(2)
		}
		report := d.sound(7)
		same(d.t, report.Unsigned, 5)
		same(d.t, report.LastSuch, after(2))
		same(d.t, write(d, func(tx *store.Tx) (int64, error) { return tx.SweepAudit(d.ctx, after(60), after(60), 100) }), 7)
		d.sound(1)
	})
}

func TestKeysAreExchangedUnderATrail(t *testing.T) {
	each(t, func(d db) {
		before, after := seal.NewKey(), seal.NewKey()
		rings := make([]*seal.KeyRing, 3)
		for i, text := range []string{before, after + "," + before, after} {
			var err error
			if rings[i], err = seal.Parse(text); err != nil {
				d.t.Fatal(err)
			}
		}
		with := func(ring *seal.KeyRing) db {
			at := d.at
			at.Keys = ring
			return open(d.t, d.engine, at)
		}
		with(rings[0]).trail(3)
		with(rings[1]).trail(3)
		sealed, err := d.SealedAuditKeys(d.ctx, 0, 10)
		if err != nil || len(sealed) != 1 {
			d.t.Fatalf("%d keys: %v", len(sealed), err)
		}
		secret, err := rings[1].Open(sealed[0].Value, store.AuditKeyContext(sealed[0].ID))
		if err != nil {
			d.t.Fatal(err)
		}
		d.tx(func(tx *store.Tx) error {
			return tx.ResealAuditKey(d.ctx, sealed[0], rings[1].Seal(secret, store.AuditKeyContext(sealed[0].ID)))
		})
		last := with(rings[2])
		last.trail(3)
		last.sound(9)

		// Whoever lost the ring starts anew, and is told what cannot be proved any more.
		lost := with(newRing())
		lost.trail(1)
		report := lost.verify("")
		same(d.t, report.Events, 10)
		same(d.t, len(report.Findings), 9)
		for _, f := range report.Findings {
			same(d.t, f.Flaw, store.FlawUnproved)
		}
	})
}

func TestATrailTravels(t *testing.T) {
	t.Parallel()
	for _, way := range [][2]dbtest.Engine{{dbtest.SQLite, dbtest.Postgres}, {dbtest.Postgres, dbtest.SQLite}} {
		from, to := fresh(t, way[0]), fresh(t, way[1])
		ids := from.trail(5)
		from.copyTo(to)
		to.sound(5)
		to.trail(2)
		to.sound(7)
		to.set(`DELETE FROM audit_events WHERE id = $1`, ids[4])
		if report := to.verify(""); report.Sound() || report.Findings[0].ID != ids[4] {
			t.Errorf("%+v", report)
		}
	}
}

// Where a trail of SQLite has come to PostgreSQL, a node of 0.1.0 goes on with its own ids.
func TestATrailThatTravelledLeavesLowIDsToTheReleaseBefore(t *testing.T) {
	t.Parallel()
	from, to := fresh(t, dbtest.SQLite), fresh(t, dbtest.Postgres)
	const old = `INSERT INTO audit_events (at, action, actor) VALUES (1, 'old', '')`
	from.set(old)
	from.set(old)
	from.trail(3)
	from.copyTo(to)
	to.set(old)
	same(t, to.number(`SELECT MAX(id) FROM audit_events WHERE action = 'old'`), 3)
	same(t, to.sound(6).Unsigned, 3)
}

func TestAStoreWithoutAKeyRingWritesNoEvent(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), dbtest.Database(t, dbtest.SQLite))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.Tx(t.Context(), func(tx *store.Tx) error { return tx.Audit(t.Context(), store.AuditEvent{At: noon, Action: "a"}) })
	if err == nil || !strings.Contains(err.Error(), "key ring") {
		t.Errorf("it ended with %v", err)
	}
}

// BenchmarkAudit writes events as requests do, each in a transaction of its own, with the
// chain and without it.
func BenchmarkAudit(b *testing.B) {
	for _, e := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		for _, how := range []string{"plain", "chained"} {
			b.Run(string(e)+"/"+how, func(b *testing.B) {
				d := open(b, e, dbtest.Database(b, e))
				table, n := d.trailTable(), int64(0)
				d.audit(store.AuditEvent{At: time.Now(), Action: "first"})
				for b.Loop() {
					n++
					e := store.AuditEvent{At: time.Now(), Action: "login.succeeded", Actor: "user:17", UserID: 17, SessionID: account.SessionID(n), IP: "192.0.2.1", RequestID: "0123456789abcdef", Detail: "ios"}
					d.tx(func(tx *store.Tx) error {
						if how == "chained" {
							return tx.Audit(d.ctx, e)
						}
						_, err := tx.Insert(d.ctx, table, []store.Row{plain(table, e, n)})
						return err
					})
				}
			})
		}
	}
}

// BenchmarkAuditOfThreeNodes has three nodes write at once, each by several requests.
func BenchmarkAuditOfThreeNodes(b *testing.B) {
	for _, how := range []string{"plain", "chained"} {
		b.Run(how, func(b *testing.B) {
			d := open(b, dbtest.Postgres, dbtest.Database(b, dbtest.Postgres))
			nodes, table := []db{d, open(b, d.engine, d.at), open(b, d.engine, d.at)}, d.trailTable()
			for _, node := range nodes {
				node.audit(store.AuditEvent{At: time.Now(), Action: "first"})
			}
			var ids atomic.Int64
			retries := func() (n uint64) {
				for _, node := range nodes {
					n += node.Retries()
				}
				return n
			}
			before := retries()
			b.SetParallelism(6)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					n := ids.Add(1)
					e := store.AuditEvent{At: time.Now(), Action: "login.succeeded", Actor: "user:17", UserID: 17, SessionID: account.SessionID(n), IP: "192.0.2.1", RequestID: "0123456789abcdef", Detail: "ios"}
					err := nodes[n%3].Tx(d.ctx, func(tx *store.Tx) error {
						if how == "chained" {
							return tx.Audit(d.ctx, e)
						}
						_, err := tx.Insert(d.ctx, table, []store.Row{plain(table, e, n)})
						return err
					})
					if err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(retries()-before)/float64(b.N), "retries/op")
		})
	}
}

// plain is an event as a row without what makes it part of the chain.
func plain(t store.Table, e store.AuditEvent, id int64) store.Row {
	values := map[string]any{
		"id": id, "at": e.At.UnixMicro(), "action": e.Action, "actor": e.Actor, "user_id": int64(e.UserID), "session_id": int64(e.SessionID),
		"ip": e.IP, "device": e.Device, "request_id": e.RequestID, "detail": e.Detail,
	}
	row := make(store.Row, len(t.Columns))
	for i, c := range t.Columns {
		row[i] = values[c.Name]
	}
	return row
}
