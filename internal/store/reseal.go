package store

import (
	"bytes"
	"context"
	"time"

	"flowxi.app/flowxi/internal/account"
)

// Sealed is a sealed value and the id of the person or mail that it is bound to.
type Sealed[ID any] struct {
	ID    ID
	Value []byte
}

func scanSealed[ID any](row scanner) (s Sealed[ID], err error) {
	err = row.Scan(&s.ID, &s.Value)
	return s, err
}

// countTime is what it may take to count what a command then goes through.
const countTime = 10 * time.Minute

// CountSealed is how many values are sealed under the key ring.
func (r reader) CountSealed(ctx context.Context) (n int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	err = r.row(ctx, "count sealed values", `
		SELECT (SELECT COUNT(*) FROM users WHERE totp_sealed IS NOT NULL)
			+ (SELECT COUNT(*) FROM outbox) + (SELECT COUNT(*) FROM audit_keys)`, nil, &n)
	return n, err
}

// SealedTOTP lists up to limit sealed second factors of people after an id.
func (r reader) SealedTOTP(ctx context.Context, after account.UserID, limit int) ([]Sealed[account.UserID], error) {
	return rows(ctx, r, "list sealed secrets", `
		SELECT id, totp_sealed FROM users WHERE id > $1 AND totp_sealed IS NOT NULL ORDER BY id LIMIT $2`,
		[]any{after, limit}, scanSealed[account.UserID])
}

// SealedMail lists up to limit sealed mails after an id.
func (r reader) SealedMail(ctx context.Context, after string, limit int) ([]Sealed[string], error) {
	return rows(ctx, r, "list sealed mails", `SELECT id, sealed FROM outbox WHERE id > $1 ORDER BY id LIMIT $2`,
		[]any{after, limit}, scanSealed[string])
}

// ResealTOTP replaces a sealed second factor unless it has changed meanwhile.
func (tx *Tx) ResealTOTP(ctx context.Context, was Sealed[account.UserID], value []byte) error {
	return tx.reseal(ctx, `UPDATE users SET totp_sealed = $2 WHERE id = $1 AND totp_sealed = $3`, was.ID, value, was.Value)
}

// ResealMail replaces a sealed mail unless it has changed meanwhile.
func (tx *Tx) ResealMail(ctx context.Context, was Sealed[string], value []byte) error {
	return tx.reseal(ctx, `UPDATE outbox SET sealed = $2 WHERE id = $1 AND sealed = $3`, was.ID, value, was.Value)
}

func (tx *Tx) reseal(ctx context.Context, query string, id any, value, was []byte) error {
	if bytes.Equal(was, value) {
		return nil
	}
	_, err := tx.exec(ctx, "reseal", query, id, value, was)
	return err
}
