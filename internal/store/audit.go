package store

import (
	"context"
	"time"

	"flowxi.app/flowxi/internal/account"
)

// AuditEvent is one thing that happened to an account. It holds no secret and no
// e-mail address.
type AuditEvent struct {
	ID        int64
	At        time.Time
	Action    string            // what happened, such as "login.succeeded"
	Actor     string            // who did it: "user:17", "stranger", "operator:root"
	UserID    account.UserID    // whose account, 0 where none is known
	SessionID account.SessionID // by which session, 0 where there is none
	IP        string
	RequestID string
	Detail    string // a device type, a reason; short, never a secret
}

// Audit writes an event in the transaction that it records.
func (tx *Tx) Audit(ctx context.Context, e AuditEvent) error {
	var user, session any
	if e.UserID != 0 {
		user = e.UserID
	}
	if e.SessionID != 0 {
		session = e.SessionID
	}
	_, err := tx.exec(ctx, "write audit event", `
		INSERT INTO audit_events (at, action, actor, user_id, session_id, ip, request_id, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		micros(e.At), e.Action, e.Actor, user, session, e.IP, e.RequestID, e.Detail)
	return err
}

// AuditOf lists the newest events of a person, newest first.
func (r reader) AuditOf(ctx context.Context, id account.UserID, limit int) ([]AuditEvent, error) {
	return rows(ctx, r, "list audit events", `
		SELECT id, at, action, actor, COALESCE(user_id, 0), COALESCE(session_id, 0), ip, request_id, detail
		FROM audit_events WHERE user_id = $1 ORDER BY id DESC LIMIT $2`, []any{id, limit},
		func(row scanner) (e AuditEvent, err error) {
			err = row.Scan(&e.ID, stamp{&e.At}, &e.Action, &e.Actor, &e.UserID, &e.SessionID, &e.IP, &e.RequestID, &e.Detail)
			return e, err
		})
}

// SweepAudit removes those of the limit oldest events that are from before.
func (tx *Tx) SweepAudit(ctx context.Context, before time.Time, limit int) (int64, error) {
	return tx.exec(ctx, "sweep audit events", `
		DELETE FROM audit_events WHERE at < $1 AND id IN (
			SELECT e.id FROM audit_events e WHERE e.id > 0 ORDER BY e.id LIMIT $2)`, micros(before), limit)
}
