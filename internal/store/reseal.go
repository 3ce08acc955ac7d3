package store

import (
	"bytes"
	"context"

	"flowxi.app/flowxi/internal/account"
)

// SealedTOTP is a sealed second factor and whose it is.
type SealedTOTP struct {
	UserID account.UserID
	Value  []byte
}

// SealedTOTP lists up to limit sealed second factors of people after an id.
func (r reader) SealedTOTP(ctx context.Context, after account.UserID, limit int) ([]SealedTOTP, error) {
	return rows(ctx, r, "list sealed secrets", `
		SELECT id, totp_sealed FROM users WHERE id > $1 AND totp_sealed IS NOT NULL ORDER BY id LIMIT $2`, []any{after, limit},
		func(row scanner) (s SealedTOTP, err error) {
			err = row.Scan(&s.UserID, &s.Value)
			return s, err
		})
}

// ResealTOTP replaces a sealed second factor unless it has changed meanwhile.
func (tx *Tx) ResealTOTP(ctx context.Context, was SealedTOTP, value []byte) error {
	if bytes.Equal(was.Value, value) {
		return nil
	}
	_, err := tx.exec(ctx, "reseal secret", `UPDATE users SET totp_sealed = $2 WHERE id = $1 AND totp_sealed = $3`, was.UserID, value, was.Value)
	return err
}

// SealedMail is a sealed mail and its id.
type SealedMail struct {
	ID    string
	Value []byte
}

// SealedMail lists up to limit sealed mails after an id.
func (r reader) SealedMail(ctx context.Context, after string, limit int) ([]SealedMail, error) {
	return rows(ctx, r, "list sealed mails", `SELECT id, sealed FROM outbox WHERE id > $1 ORDER BY id LIMIT $2`, []any{after, limit},
		func(row scanner) (s SealedMail, err error) {
			err = row.Scan(&s.ID, &s.Value)
			return s, err
		})
}

// ResealMail replaces a sealed mail unless it has changed meanwhile.
func (tx *Tx) ResealMail(ctx context.Context, was SealedMail, value []byte) error {
	if bytes.Equal(was.Value, value) {
		return nil
	}
	_, err := tx.exec(ctx, "reseal mail", `UPDATE outbox SET sealed = $2 WHERE id = $1 AND sealed = $3`, was.ID, value, was.Value)
	return err
}
