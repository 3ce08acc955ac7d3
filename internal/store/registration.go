package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/account"
)

// PutCode gives a pending person a code in place of any other, and nobody else one.
func (tx *Tx) PutCode(ctx context.Context, id account.UserID, digest []byte, now, expires time.Time) error {
	_, err := tx.exec(ctx, "put code", `
		INSERT INTO registration_codes (user_id, digest, tries, created_at, expires_at)
		SELECT u.id, $2, 0, $3, $4 FROM users u WHERE u.id = $1 AND `+isPending+`
		ON CONFLICT (user_id) DO UPDATE SET digest = excluded.digest, tries = 0, created_at = excluded.created_at, expires_at = excluded.expires_at`,
		id, digest, micros(now), micros(expires))
	return err
}

// CodeCheck is what came of comparing a code.
type CodeCheck int

// The outcomes of a code check.
const (
	CodeWrong   CodeCheck = iota // wrong, dead, or nobody's
	CodeRight                    // right and live
	CodeExpired                  // right but too late
)

// CheckCode compares a code with the live one of a pending person and counts a wrong
// try, in one statement, so that no two callers share a try. Comparing in the database
// gives no timing away: the digests are keyed and a caller cannot steer them. A code
// that has had maxTries wrong tries is dead. digests hold the digest of the caller's
// code under each key of the ring. It tells whose code it was compared with, 0 for nobody's.
func (tx *Tx) CheckCode(ctx context.Context, email string, digests [][]byte, maxTries int, now time.Time) (_ CodeCheck, about account.UserID, err error) {
	in, args := placeholders(3, digests)
	var right bool
	var expires time.Time
	rs, err := rows(ctx, tx.reader, "check code", `
		UPDATE registration_codes SET tries = tries + CASE WHEN digest IN (`+in+`) THEN 0 ELSE 1 END
		WHERE user_id = (SELECT u.id FROM users u WHERE u.email = $1 AND `+isPending+`) AND tries < $2
		RETURNING user_id, digest IN (`+in+`), expires_at`,
		append([]any{email, maxTries}, args...),
		func(s scanner) (struct{}, error) { return struct{}{}, s.Scan(&about, &right, stamp{&expires}) })
	tx.written += int64(len(rs))
	switch {
	case err != nil || len(rs) == 0 || !right:
		return CodeWrong, about, err
	case !now.Before(expires):
		return CodeExpired, about, nil
	}
	return CodeRight, about, nil
}

// HoldPending makes everybody else who is about to activate the pending person of an
// e-mail wait in one line, by code or by link; ErrNotFound where there is none. A code
// and a link of one person would otherwise be locked in either order.
func (tx *Tx) HoldPending(ctx context.Context, email string, now time.Time) error {
	n, err := tx.exec(ctx, "hold pending user", `UPDATE users SET updated_at = $2 WHERE `+isPending+` AND email = $1`, email, micros(now))
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// SpendCode deletes a right, live code and returns whose it was. ErrNotFound where it
// is neither: of any number of callers one succeeds.
func (tx *Tx) SpendCode(ctx context.Context, email string, digests [][]byte, maxTries int, now time.Time) (id account.UserID, err error) {
	in, args := placeholders(4, digests)
	err = tx.row(ctx, "spend code", `
		DELETE FROM registration_codes
		WHERE user_id = (SELECT u.id FROM users u WHERE u.email = $1 AND `+isPending+`)
			AND tries < $2 AND expires_at > $3 AND digest IN (`+in+`)
		RETURNING user_id`, append([]any{email, maxTries, micros(now)}, args...), &id)
	return id, err
}

// PutLink gives a pending person a link in place of any unspent other, and nobody else
// one.
func (tx *Tx) PutLink(ctx context.Context, id account.UserID, digest []byte, now, expires time.Time) error {
	if _, err := tx.exec(ctx, "replace link", `
		DELETE FROM registration_links WHERE used_at = 0
			AND user_id = (SELECT u.id FROM users u WHERE u.id = $1 AND `+isPending+`)`, id); err != nil {
		return err
	}
	_, err := tx.exec(ctx, "put link", `
		INSERT INTO registration_links (digest, user_id, created_at, expires_at)
		SELECT $1, u.id, $3, $4 FROM users u WHERE `+isPending+` AND u.id = $2`, digest, id, micros(now), micros(expires))
	return err
}

// LinkState is what a link's token is worth.
type LinkState int

// The states of a link.
const (
	LinkUnknown LinkState = iota // nobody's, another person's, or of a locked account
	LinkLive                     // can be spent
	LinkOver                     // was right, and is expired or spent
)

// Link tells what a link is worth to the person of an e-mail.
func (r reader) Link(ctx context.Context, digest []byte, email string, now time.Time) (_ LinkState, about account.UserID, err error) {
	var live bool
	list, err := rows(ctx, r, "read link", `
		SELECT l.user_id, l.used_at = 0 AND l.expires_at > $3 AND `+isPending+`
		FROM registration_links l JOIN users u ON u.id = l.user_id
		WHERE l.digest = $1 AND u.email = $2 AND u.status IN ('pending', 'active')`,
		[]any{digest, email, micros(now)},
		func(s scanner) (struct{}, error) { return struct{}{}, s.Scan(&about, &live) })
	switch {
	case err != nil || len(list) == 0:
		return LinkUnknown, 0, err
	case live:
		return LinkLive, about, nil
	}
	return LinkOver, about, nil
}

// SpendLink marks a live link as used and returns whose it was. ErrNotFound where it is
// not live: of any number of callers one succeeds.
func (tx *Tx) SpendLink(ctx context.Context, digest []byte, email string, now time.Time) (id account.UserID, err error) {
	err = tx.row(ctx, "spend link", `
		UPDATE registration_links SET used_at = $3
		WHERE digest = $1 AND used_at = 0 AND expires_at > $3
			AND user_id = (SELECT u.id FROM users u WHERE u.email = $2 AND `+isPending+`)
		RETURNING user_id`, []any{digest, email, micros(now)}, &id)
	return id, err
}

// SweepRegistrations removes up to limit codes and links each that ended before.
func (tx *Tx) SweepRegistrations(ctx context.Context, before time.Time, limit int) (int64, error) {
	codes, err := tx.exec(ctx, "sweep codes", `
		DELETE FROM registration_codes WHERE user_id IN (
			SELECT user_id FROM registration_codes WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`, micros(before), limit)
	if err != nil {
		return 0, err
	}
	links, err := tx.exec(ctx, "sweep links", `
		DELETE FROM registration_links WHERE digest IN (
			SELECT digest FROM registration_links WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`, micros(before), limit)
	return codes + links, err
}

// placeholders numbers one parameter for each value, counting from first.
func placeholders(first int, values [][]byte) (string, []any) {
	names, args := make([]string, len(values)), make([]any, len(values))
	for i, v := range values {
		names[i], args[i] = "$"+strconv.Itoa(first+i), v
	}
	return strings.Join(names, ", "), args
}
