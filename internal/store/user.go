package store

import (
	"context"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/account"
)

var userColumns = `u.id, u.email, COALESCE(u.username, ''), u.status, u.locale, u.password_hash, u.password_changed_at, u.sessions_revoked_at, u.devices_revoked_at,
	u.photo_key, u.totp_sealed, u.totp_enabled_at, u.created_at, u.updated_at, ` + profileColumns

// ownColumns are userColumns where there is no other table: SQLite returns to no alias.
var ownColumns = strings.ReplaceAll(userColumns, "u.", "")

func userFields(u *account.User) []any {
	return withProfile([]any{
		&u.ID, &u.Email, &u.Username, &u.Status, &u.Locale, (*string)(&u.PasswordHash), stamp{&u.PasswordChanged}, stamp{&u.SessionsRevoked}, stamp{&u.DevicesRevoked},
		&u.PhotoKey, &u.TOTP.Sealed, stamp{&u.TOTP.EnabledAt}, stamp{&u.CreatedAt}, stamp{&u.UpdatedAt},
	}, &u.Profile)
}

func scanUser(row scanner) (u account.User, err error) {
	err = row.Scan(userFields(&u)...)
	return u, err
}

// isPending picks the person who is sought by a key and is pending. PostgreSQL must not see
// that there is an index of the pending ones: where by its statistics there were none, it
// would rather read that from end to end than look up a key, and they may be many by now.
const isPending = `status || '' = 'pending'`

// UserByID returns one person, or ErrNotFound.
func (r reader) UserByID(ctx context.Context, id account.UserID) (u account.User, err error) {
	err = r.row(ctx, "read user", `SELECT `+userColumns+` FROM users u WHERE u.id = $1`, []any{id}, userFields(&u)...)
	return u, err
}

// HoldUser is UserByID for a transaction that opens or ends sessions, before all else. It
// writes the row as it is, so that what revokes, blocks or logs in the same person at the
// same time comes before or after it, at any isolation: all of these write that row.
func (tx *Tx) HoldUser(ctx context.Context, id account.UserID) (u account.User, err error) {
	err = tx.row(ctx, "hold user", `UPDATE users SET status = status WHERE id = $1 RETURNING `+ownColumns, []any{id}, userFields(&u)...)
	return u, err
}

// UserByEmail returns the person with a canonical e-mail, or ErrNotFound.
func (r reader) UserByEmail(ctx context.Context, email string) (u account.User, err error) {
	err = r.row(ctx, "read user", `SELECT `+userColumns+` FROM users u WHERE u.email = $1`, []any{email}, userFields(&u)...)
	return u, err
}

// UserByUsername returns the person with a generated username, or ErrNotFound.
func (r reader) UserByUsername(ctx context.Context, name string) (u account.User, err error) {
	err = r.row(ctx, "read user", `SELECT `+userColumns+` FROM users u WHERE u.username = $1`, []any{name}, userFields(&u)...)
	return u, err
}

// Applicant is who a login is for.
type Applicant struct {
	User        account.User
	KnownDevice bool // this person has logged in on this device before
}

// Applicant finds the person of an e-mail and whether the device is one of theirs, in
// one statement, so that a login costs the same whoever asks; or ErrNotFound.
func (r reader) Applicant(ctx context.Context, email string, deviceHash []byte) (a Applicant, err error) {
	err = r.row(ctx, "read applicant", `
		SELECT `+userColumns+`, EXISTS (SELECT 1 FROM known_devices d WHERE d.user_id = u.id AND d.device_hash = $2)
		FROM users u WHERE u.email = $1`,
		[]any{email, deviceHash}, append(userFields(&a.User), &a.KnownDevice)...)
	return a, err
}

// Users lists people by id, from the one after afterID on; an empty status means any.
func (r reader) Users(ctx context.Context, status account.Status, afterID account.UserID, limit int) ([]account.User, error) {
	return rows(ctx, r, "list users", `
		SELECT `+userColumns+` FROM users u
		WHERE u.id > $1 AND ($2 = '' OR u.status = $2)
		ORDER BY u.id LIMIT $3`, []any{afterID, string(status), limit}, scanUser)
}

// EnsureApplicant returns the person of an e-mail, made as pending where there is none.
// A pending one gets what it lacks: a locale, a username, preferences (contract section
// 4). A person in any other state is returned untouched. It runs the same statements
// for everybody.
func (tx *Tx) EnsureApplicant(ctx context.Context, email string, locale account.Locale, now time.Time) (account.User, error) {
	_, err := tx.exec(ctx, "create user", `
		INSERT INTO users (email, status, locale, created_at, updated_at) VALUES ($1, 'pending', $2, $3, $3)
		ON CONFLICT (email) DO NOTHING`, email, string(locale), micros(now))
	if err != nil {
		return account.User{}, err
	}
	u, err := tx.UserByEmail(ctx, email)
	if err != nil {
		return account.User{}, err
	}
	_, err = tx.exec(ctx, "complete pending user", `
		UPDATE users SET locale = CASE WHEN locale = '' THEN $2 ELSE locale END, username = COALESCE(username, $3), updated_at = $4
		WHERE `+isPending+` AND id = $1`, u.ID, string(locale), account.Username(u.ID), micros(now))
	if err != nil {
		return account.User{}, err
	}
	_, err = tx.exec(ctx, "create preferences", `
		INSERT INTO notification_preferences (user_id, email_enabled, inapp_enabled, push_enabled) VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id) DO NOTHING`, u.ID, true, true, false)
	if err != nil {
		return account.User{}, err
	}
	return tx.UserByID(ctx, u.ID)
}

// Activation is what turns a pending person into an active one.
type Activation struct {
	PasswordHash account.Secret
	Locale       account.Locale // empty keeps the one that the person has
	At           time.Time
}

// Activate makes a pending person active and leaves nothing that somebody who had not
// proved the address may have set: profile, photo, second factor, sessions, known
// devices, unspent codes and links. ErrNotFound where the person is not pending.
func (tx *Tx) Activate(ctx context.Context, id account.UserID, a Activation) (account.User, error) {
	n, err := tx.exec(ctx, "activate user", `
		UPDATE users SET status = 'active', password_hash = $2, password_changed_at = $3, updated_at = $3,
			email_verified_at = CASE WHEN email_verified_at = 0 THEN $3 ELSE email_verified_at END,
			locale = CASE WHEN $4 = '' THEN locale ELSE $4 END,
			name = NULL, `+clearProfile+`,
			photo_key = '', totp_sealed = NULL, totp_enabled_at = 0
		WHERE `+isPending+` AND id = $1`, id, string(a.PasswordHash), micros(a.At), string(a.Locale))
	if err != nil {
		return account.User{}, err
	}
	if n == 0 {
		return account.User{}, ErrNotFound
	}
	for _, leftover := range []string{
		`DELETE FROM registration_codes WHERE user_id = $1`,
		`DELETE FROM registration_links WHERE user_id = $1 AND used_at = 0`,
		`DELETE FROM sessions WHERE user_id = $1`,
		`DELETE FROM known_devices WHERE user_id = $1`,
	} {
		if _, err := tx.exec(ctx, "clear what came before activation", leftover, id); err != nil {
			return account.User{}, err
		}
	}
	return tx.UserByID(ctx, id)
}

// Rehash replaces a password hash by a new one of the same password, unless the
// password has changed meanwhile.
func (tx *Tx) Rehash(ctx context.Context, id account.UserID, from, to account.Secret) error {
	_, err := tx.exec(ctx, "rehash password", `UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2`,
		id, string(from), string(to))
	return err
}

// SetStatus moves a person from one state to another. ErrNotFound where the person is
// not in the first.
func (tx *Tx) SetStatus(ctx context.Context, id account.UserID, from, to account.Status, now time.Time) error {
	n, err := tx.exec(ctx, "set status", `UPDATE users SET status = $3, updated_at = $4 WHERE id = $1 AND status = $2`,
		id, string(from), string(to), micros(now))
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// SetPhoto points a person at another object and returns the key of the one before
// (empty where there was none). ErrNotFound where the person is not active.
func (tx *Tx) SetPhoto(ctx context.Context, id account.UserID, key string, now time.Time) (old string, err error) {
	u, err := tx.UserByID(ctx, id)
	if err != nil {
		return "", err
	}
	n, err := tx.exec(ctx, "set photo", `UPDATE users SET photo_key = $2, updated_at = $3 WHERE id = $1 AND status = 'active'`,
		id, key, micros(now))
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return u.PhotoKey, err
}

// DropPending removes up to limit people who never activated and have had no live code
// or link since before (contract section 4).
func (tx *Tx) DropPending(ctx context.Context, before time.Time, limit int) (int64, error) {
	return tx.exec(ctx, "drop pending users", `
		DELETE FROM users WHERE id IN (
			SELECT u.id FROM users u
			WHERE u.status = 'pending' AND u.updated_at < $1
				AND NOT EXISTS (SELECT 1 FROM registration_codes c WHERE c.user_id = u.id AND c.expires_at > $1)
				AND NOT EXISTS (SELECT 1 FROM registration_links l WHERE l.user_id = u.id AND l.expires_at > $1)
			ORDER BY u.updated_at LIMIT $2)`, micros(before), limit)
}
