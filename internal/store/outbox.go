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
// gets them before that.
func (s *Store) ClaimMail(ctx context.Context, now, until time.Time, limit int) (list []account.Mail, err error) {
	err = s.alone(ctx, func(tx *Tx) error {
		list, err = rows(ctx, tx.reader, "claim mail", `
			UPDATE outbox SET due_at = $2
			WHERE due_at <= $1 AND id IN (SELECT o.id FROM outbox o WHERE o.due_at <= $1 ORDER BY o.due_at LIMIT $3`+s.engine.unclaimed+`)
			RETURNING id, kind, recipient, locale, sealed, attempts, created_at, expires_at`,
			[]any{micros(now), micros(until), limit}, scanMail)
		return err
	})
	return list, err
}

func scanMail(row scanner) (m account.Mail, err error) {
	err = row.Scan(&m.ID, &m.Kind, &m.To, &m.Locale, &m.Sealed, &m.Attempts, stamp{&m.CreatedAt}, stamp{&m.ExpiresAt})
	return m, err
}

// MailDone removes a mail that was sent or given up.
func (s *Store) MailDone(ctx context.Context, id string) error {
	return s.alone(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, "remove mail", `DELETE FROM outbox WHERE id = $1`, id)
		return err
	})
}

// MailFailed counts a failed try and sets when the next one is due.
func (s *Store) MailFailed(ctx context.Context, id string, next time.Time) error {
	return s.alone(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, "put mail off", `UPDATE outbox SET attempts = attempts + 1, due_at = $2 WHERE id = $1`, id, micros(next))
		return err
	})
}
