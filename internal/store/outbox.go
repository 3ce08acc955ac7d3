package store

import (
	"context"
	"time"

	"flowxi.app/flowxi/internal/account"
)

// PutMail adds a mail to the outbox, to be sent once the transaction has committed.
func (tx *Tx) PutMail(ctx context.Context, m account.Mail) error {
	_, err := tx.exec(ctx, "put mail", `
		INSERT INTO outbox (id, kind, recipient, locale, sealed, due_at, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $6, $7)`,
		m.ID, string(m.Kind), m.To, string(m.Locale), m.Sealed, micros(m.CreatedAt), micros(m.ExpiresAt))
	return err
}

// ClaimMail leases up to limit due mails to the caller until a time; no other caller
// gets them before that. The choice is made once: a plan that made it again for each row
// would find others every time, since it leaves out those that are taken.
func (s *Store) ClaimMail(ctx context.Context, now, until time.Time, limit int) (list []account.Mail, err error) {
	err = s.alone(ctx, func(tx *Tx) error {
		list, err = rows(ctx, tx.reader, "claim mail", `
			WITH due AS MATERIALIZED (SELECT o.id FROM outbox o WHERE o.due_at <= $1 ORDER BY o.due_at LIMIT $3`+s.engine.unclaimed+`)
			UPDATE outbox SET due_at = $2
			WHERE due_at <= $1 AND id IN (SELECT due.id FROM due)
			RETURNING id, kind, recipient, locale, sealed, attempts, due_at, created_at, expires_at`,
			[]any{micros(now), micros(until), limit}, scanMail)
		return err
	})
	return list, err
}

func scanMail(row scanner) (m account.Mail, err error) {
	err = row.Scan(&m.ID, &m.Kind, &m.To, &m.Locale, &m.Sealed, &m.Attempts, stamp{&m.ClaimedUntil}, stamp{&m.CreatedAt}, stamp{&m.ExpiresAt})
	return m, err
}

// MailDone removes a claimed mail that was sent or given up. Where somebody else has
// claimed it since, it does nothing.
func (s *Store) MailDone(ctx context.Context, m account.Mail) error {
	return s.alone(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, "remove mail", `DELETE FROM outbox WHERE id = $1 AND due_at = $2`, m.ID, micros(m.ClaimedUntil))
		return err
	})
}

// MailFailed counts a failed try of a claimed mail and sets when the next one is due.
// Where somebody else has claimed it since, it does nothing.
func (s *Store) MailFailed(ctx context.Context, m account.Mail, next time.Time) error {
	return s.alone(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, "put mail off", `UPDATE outbox SET attempts = attempts + 1, due_at = $3 WHERE id = $1 AND due_at = $2`,
			m.ID, micros(m.ClaimedUntil), micros(next))
		return err
	})
}
