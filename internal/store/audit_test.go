package store_test

import (
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/store"
)

func (d db) audit(e store.AuditEvent) {
	d.t.Helper()
	d.tx(func(tx *store.Tx) error { return tx.Audit(d.ctx, e) })
}

func (d db) auditOf(id account.UserID, limit int) []store.AuditEvent {
	d.t.Helper()
	list, err := d.AuditOf(d.ctx, id, limit)
	if err != nil {
		d.t.Fatal(err)
	}
	for i := range list {
		list[i].ID, list[i].MAC = 0, nil
	}
	return list
}

func TestAnEventIsReadAsItWasWritten(t *testing.T) {
	each(t, func(d db) {
		full := store.AuditEvent{
			At: noon, Action: "login.succeeded", Actor: "user:17", UserID: 17, SessionID: 125,
			IP: "2001:db8::1", Device: "a1b2", RequestID: "r-1", Detail: "ios",
		}
		bare := store.AuditEvent{At: after(1), Action: "login.failed", Actor: "stranger", UserID: 17}
		d.audit(full)
		d.audit(bare)
		same(d.t, d.auditOf(17, 10), []store.AuditEvent{bare, full})
	})
}

func TestEventsAreListedNewestFirstWithinTheLimit(t *testing.T) {
	each(t, func(d db) {
		for i, action := range []string{"first", "second", "third"} {
			d.audit(store.AuditEvent{At: after(i), Action: action, Actor: "user:1", UserID: 1})
			d.audit(store.AuditEvent{At: after(i), Action: action, Actor: "user:2", UserID: 2})
		}
		list := d.auditOf(1, 2)
		if len(list) != 2 || list[0].Action != "third" || list[1].Action != "second" {
			d.t.Errorf("got %v", list)
		}
		for _, e := range list {
			same(d.t, e.UserID, 1)
		}
	})
}

func TestAnEventOfNobodyBelongsToNobody(t *testing.T) {
	each(t, func(d db) {
		d.audit(store.AuditEvent{At: noon, Action: "login.failed", Actor: "stranger"})
		same(d.t, d.auditOf(0, 10), nil)
		same(d.t, d.number(`SELECT COUNT(*) FROM audit_events WHERE user_id IS NULL AND session_id IS NULL`), 1)
	})
}

func TestAnEventOutlivesItsPerson(t *testing.T) {
	each(t, func(d db) {
		id := d.pending(ada).ID
		d.audit(store.AuditEvent{At: noon, Action: "registration.invited", Actor: "stranger", UserID: id})
		same(d.t, d.dropPending(after(1), 10), 1)
		same(d.t, len(d.auditOf(id, 10)), 1)
	})
}

func TestAnEventIsWrittenWithWhatItRecordsOrNotAtAll(t *testing.T) {
	each(t, func(d db) {
		err := d.Tx(d.ctx, func(tx *store.Tx) error {
			if err := tx.Audit(d.ctx, store.AuditEvent{At: noon, Action: "login.succeeded", UserID: 17}); err != nil {
				return err
			}
			return store.ErrNotFound
		})
		notFound(d.t, err)
		same(d.t, d.auditOf(17, 10), nil)
		d.audit(store.AuditEvent{At: noon, Action: "login.succeeded", UserID: 17})
		d.sound(1) // and nothing is named that is not there
	})
}

func TestOldEventsAreSweptWithinTheLimit(t *testing.T) {
	each(t, func(d db) {
		for i := range 4 {
			d.audit(store.AuditEvent{At: after(i), Action: "a", Actor: "stranger"})
		}
		sweep := func(before time.Time, limit int) int64 {
			return write(d, func(tx *store.Tx) (int64, error) { return tx.SweepAudit(d.ctx, before, after(10), limit) })
		}
		same(d.t, sweep(noon, 10), 0)
		same(d.t, sweep(after(3), 2), 2)
		same(d.t, sweep(after(3), 2), 1)
		same(d.t, sweep(after(3), 2), 0)
		same(d.t, d.number(`SELECT COUNT(*) FROM audit_events WHERE action = 'a'`), 1)
		same(d.t, d.number(`SELECT COUNT(*) FROM audit_events WHERE action = 'audit.swept' AND actor = 'system'`), 2)
	})
}

// A node of 0.1.0 with a clock a year ahead wrote events before everybody else did.
func TestYoungEventsDoNotStopTheSweepOfThoseBehindThem(t *testing.T) {
	each(t, func(d db) {
		old := func(at time.Time, n int) {
			for range n {
				d.set(`INSERT INTO audit_events (at, action, actor, request_id, detail, ip) VALUES ($1, 'old', '', '', '', '')`, at.UnixMicro())
			}
		}
		old(noon.AddDate(1, 0, 0), 25)
		old(noon, 5)
		d.trail(5)
		sweep := func() int64 {
			return write(d, func(tx *store.Tx) (int64, error) { return tx.SweepAudit(d.ctx, after(60), after(70), 4) })
		}
		same(d.t, []int64{sweep(), sweep(), sweep(), sweep()}, []int64{4, 4, 2, 0})
		same(d.t, d.number(`SELECT COUNT(*) FROM audit_events WHERE action <> 'audit.swept'`), 25)
		d.sound(28)
	})
}

// A clock that was put right leaves events whose ids are of a time to come.
func TestASweepKeepsWhatIsYoungByItsID(t *testing.T) {
	each(t, func(d db) {
		ids := d.trail(3)
		d.audit(store.AuditEvent{At: noon.AddDate(1, 0, 0), Action: "ahead"})
		d.audit(store.AuditEvent{At: noon, Action: "put right"})
		other := open(d.t, d.engine, d.at)
		swept := func(before time.Time) int64 {
			return write(other, func(tx *store.Tx) (int64, error) { return tx.SweepAudit(d.ctx, before, before, 10) })
		}
		same(d.t, swept(after(60)), 3)
		same(d.t, d.sound(3).SweptTo, ids[2])
		same(d.t, d.number(`SELECT COUNT(*) FROM audit_events WHERE action IN ('ahead', 'put right')`), 2)
		d.set(`DELETE FROM audit_events WHERE action = 'ahead'`)
		same(d.t, d.verify("").Sound(), false)
		same(d.t, swept(noon.AddDate(1, 0, 1)), 2) // and the first sweep
		d.sound(1)
	})
}
