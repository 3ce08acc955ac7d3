package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"flowxi.app/flowxi/internal/account"
)

// AuditEvent is one thing that happened to an account. It holds no secret and no
// e-mail address.
type AuditEvent struct {
	ID        int64 // by time; given by Audit
	At        time.Time
	Action    string            // what happened, such as "login.succeeded"
	Actor     string            // who did it: "user:17", "stranger", "operator:root"
	UserID    account.UserID    // whose account, 0 where none is known
	SessionID account.SessionID // by which session, 0 where there is none
	IP        string
	Device    string // the beginning of the device's hash, as hex; empty where there is none
	RequestID string
	Detail    string // a device type, a reason; short, never a secret
	MAC       []byte // given by Audit; nil where a node of 0.1.0 wrote it
}

const auditTable = "audit_events"

// auditFields are the columns that the MAC covers, in its order. One that is added later
// goes to the end, and counts where it is not null.
const auditFields = `id, at, action, actor, user_id, session_id, ip, device, request_id, detail, key_id, parents`

// row is the event as its MAC covers it.
func (e AuditEvent) row(id, key int64, parents []byte) Row {
	var user, session any
	if e.UserID != 0 {
		user = int64(e.UserID)
	}
	if e.SessionID != 0 {
		session = int64(e.SessionID)
	}
	if parents == nil {
		parents = []byte{}
	}
	return Row{id, micros(e.At), e.Action, e.Actor, user, session, e.IP, e.Device, e.RequestID, e.Detail, key, parents}
}

// auditTries is how often an event gets another id. Two that come in the same microsecond
// have the same one once in four thousand times.
const auditTries = 10

var errNoID = errors.New("write audit event: every id was taken")

// Audit writes an event in the transaction that it records, and chains it to those before.
func (tx *Tx) Audit(ctx context.Context, e AuditEvent) error {
	for range auditTries {
		row, c, err := tx.trail.chain(e, tx.audited)
		if err != nil {
			return err
		}
		n, err := tx.exec(ctx, "write audit event", `
			INSERT INTO audit_events (`+auditFields+`, mac) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			ON CONFLICT (id) DO NOTHING`, row...)
		if err != nil {
			return err
		}
		if n == 1 {
			tx.audited = append(tx.audited, c)
			return nil
		}
	}
	return errNoID
}

const readEvent = `
	SELECT id, at, action, actor, COALESCE(user_id, 0), COALESCE(session_id, 0), ip, device, request_id, detail, mac FROM audit_events `

func scanEvent(row scanner) (e AuditEvent, err error) {
	err = row.Scan(&e.ID, stamp{&e.At}, &e.Action, &e.Actor, &e.UserID, &e.SessionID, &e.IP, &e.Device, &e.RequestID, &e.Detail, &e.MAC)
	return e, err
}

// AuditOf lists the newest events of a person, newest first.
func (r reader) AuditOf(ctx context.Context, id account.UserID, limit int) ([]AuditEvent, error) {
	return rows(ctx, r, "list audit events", readEvent+`WHERE user_id = $1 ORDER BY id DESC LIMIT $2`, []any{id, limit}, scanEvent)
}

// AuditAfter lists the events that follow an id, in the order of their ids, which is that
// of time but for a moment. Those that nodes of 0.1.0 wrote come first.
func (r reader) AuditAfter(ctx context.Context, id int64, limit int) ([]AuditEvent, error) {
	return rows(ctx, r, "read audit events", readEvent+`WHERE id > $1 ORDER BY id LIMIT $2`, []any{id, limit}, scanEvent)
}

// AuditLatest lists the newest events of all, oldest first.
func (r reader) AuditLatest(ctx context.Context, limit int) ([]AuditEvent, error) {
	list, err := rows(ctx, r, "read newest audit events", readEvent+`WHERE id > 0 ORDER BY id DESC LIMIT $1`, []any{limit}, scanEvent)
	slices.Reverse(list)
	return list, err
}

// CountAuditBetween is how many events AuditBetween yields.
func (s *Store) CountAuditBetween(ctx context.Context, since, until time.Time) (n int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	last := int64(math.MaxInt64)
	if !until.IsZero() {
		last = micros(until) - 1
	}
	err = s.row(ctx, "count audit events", `SELECT COUNT(*) FROM audit_events WHERE id > 0 AND at >= $1 AND at <= $2`,
		[]any{micros(since), last}, &n)
	return n, err
}

// AuditBetween yields the events from a time on and before another, zero for no bound, in
// the order of their ids.
func (s *Store) AuditBetween(ctx context.Context, since, until time.Time) iter.Seq2[AuditEvent, error] {
	return func(yield func(AuditEvent, error) bool) {
		for last := int64(0); ; {
			page, err := s.AuditAfter(ctx, last, MaxInsert)
			if err != nil {
				yield(AuditEvent{}, err)
				return
			}
			for _, e := range page {
				last = e.ID
				within := (since.IsZero() || !e.At.Before(since)) && (until.IsZero() || e.At.Before(until))
				if within && !yield(e, nil) {
					return
				}
			}
			if len(page) < MaxInsert {
				return
			}
			if last >= firstChained {
				last = max(last, BeforeAudit(since))
			}
		}
	}
}

// BeforeAudit is an id below that of every event of a time and after, but those that
// nodes of 0.1.0 wrote.
func BeforeAudit(at time.Time) int64 { return idOf(at) - 1 }

// AuditSwept is the event of a sweep. Its detail tells the highest id that was removed:
// events may be missing up to there.
const AuditSwept = "audit.swept"

const sweptFormat = "%d events up to %d"

// sweepAhead is how far a sweep looks, as a multiple of its limit: young events may stand
// before old ones, where a node of 0.1.0 had a clock that was ahead.
const sweepAhead = 20

// SweepAudit removes up to limit of the oldest events that are from before, and writes that
// it did. An event is old by its time and by that of its id, so that what it writes covers
// no id that is young.
func (tx *Tx) SweepAudit(ctx context.Context, before, now time.Time, limit int) (int64, error) {
	gone, err := tx.sweepEvents(ctx, before, 1, firstChained, limit)
	if err != nil {
		return 0, err
	}
	chained, err := tx.sweepEvents(ctx, before, firstChained, idOf(before), limit-len(gone))
	gone = append(gone, chained...)
	if err != nil || len(gone) == 0 {
		return 0, err
	}
	n := int64(len(gone))
	return n, tx.Audit(ctx, AuditEvent{At: now, Action: AuditSwept, Actor: "system", Detail: fmt.Sprintf(sweptFormat, n, slices.Max(gone))})
}

// sweepEvents removes events with an id from low on and below high.
func (tx *Tx) sweepEvents(ctx context.Context, before time.Time, low, high int64, limit int) ([]int64, error) {
	return rows(ctx, tx.reader, "sweep audit events", `
		DELETE FROM audit_events WHERE id IN (
			SELECT e.id FROM audit_events e
			WHERE e.at < $1 AND e.id >= $2 AND e.id < $3 AND e.id < COALESCE((
				SELECT w.id FROM audit_events w WHERE w.id >= $2 AND w.id < $3 ORDER BY w.id LIMIT 1 OFFSET $4), $3)
			ORDER BY e.id LIMIT $5) RETURNING id`,
		[]any{micros(before), low, high, limit * sweepAhead, limit}, scanOne[int64])
}

// sweptUpTo reads the detail of a sweep.
func sweptUpTo(detail string) (id int64) {
	var n int64
	if _, err := fmt.Sscanf(detail, sweptFormat, &n, &id); err != nil {
		return 0
	}
	return id
}
