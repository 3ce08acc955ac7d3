package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/account"
)

const sessionColumns = `s.id, s.user_id, COALESCE(s.device_id, ''), s.device_type, s.device_name, s.country, s.ip,
	s.created_at, s.last_used_at, s.expires_at, s.stepped_up_at`

func sessionFields(s *account.Session) []any {
	return []any{
		&s.ID, &s.UserID, &s.Device.ID, &s.Device.Type, &s.Device.Name, &s.Device.Country, &s.IP,
		stamp{&s.CreatedAt}, stamp{&s.LastUsedAt}, stamp{&s.ExpiresAt}, stamp{&s.SteppedUp},
	}
}

func scanSession(row scanner) (s account.Session, err error) {
	err = row.Scan(sessionFields(&s)...)
	return s, err
}

// Its columns go by their place, and so are all called x: the driver of SQLite copies their
// names each time, which costs an allocation where they are longer than a letter.
var identity = `
	SELECT s.token_hash x, COALESCE(s.device_id, '') x, s.last_used_at x, s.expires_at x,
		u.id x, u.email x, COALESCE(u.username, '') x, u.locale x,
		u.photo_key x, u.totp_enabled_at x, u.created_at x, u.updated_at x, ` + unnamedProfile + `
	FROM sessions s JOIN users u ON u.id = s.user_id
	WHERE s.id = $1 AND u.status = 'active'`

// Identity reads a session of an active person, the person, and the hash of the
// session's token, by primary key and without a write. ErrNotFound where the session
// is gone or its person is not active. It is read for every request with a token, and so
// holds what most of them ask for: the profile of the person and whether they have a second
// factor, which device the session is on, when it was last used and when it ends. The other
// members of the session are zero: for those there is Sessions, and for the rest of the
// person UserByID.
func (r reader) Identity(ctx context.Context, id account.SessionID) (who account.Identity, tokenHash []byte, err error) {
	s, u := &who.Session, &who.User
	dest := append(make([]any, 0, 24), // with room for the profile, so that it stays on the stack
		&tokenHash, &s.Device.ID, stamp{&s.LastUsedAt}, stamp{&s.ExpiresAt},
		&u.ID, &u.Email, &u.Username, &u.Locale,
		&u.PhotoKey, stamp{&u.TOTP.EnabledAt}, stamp{&u.CreatedAt}, stamp{&u.UpdatedAt})
	err = r.row(ctx, "read session", identity, []any{id}, withProfile(dest, &u.Profile)...)
	if err != nil {
		return account.Identity{}, nil, err
	}
	s.ID, s.UserID, u.Status = id, u.ID, account.Active
	return who, tokenHash, nil
}

// Sessions lists the unexpired sessions of a person, the one used last first.
func (r reader) Sessions(ctx context.Context, id account.UserID, now, idleSince time.Time) ([]account.Session, error) {
	return rows(ctx, r, "list sessions", `
		SELECT `+sessionColumns+` FROM sessions s
		WHERE s.user_id = $1 AND s.expires_at > $2 AND s.last_used_at > $3
		ORDER BY s.last_used_at DESC, s.id DESC`, []any{id, micros(now), micros(idleSince)}, scanSession)
}

// PutSession stores a new session and revokes the one that the person has on the same
// device, so that exactly one is left (contract section 7). It returns the new id, and
// whether there was one.
func (tx *Tx) PutSession(ctx context.Context, s account.Session, tokenHash []byte) (id account.SessionID, replaced bool, err error) {
	var device any
	if s.Device.Known() {
		device = s.Device.ID
		n, err := tx.exec(ctx, "revoke session", `DELETE FROM sessions WHERE user_id = $1 AND device_id = $2`, s.UserID, s.Device.ID)
		if err != nil {
			return 0, false, err
		}
		replaced = n > 0
	}
	err = tx.row(ctx, "create session", `
		INSERT INTO sessions (user_id, token_hash, device_id, device_type, device_name, country, ip, created_at, last_used_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`,
		[]any{s.UserID, tokenHash, device, s.Device.Type, s.Device.Name, s.Device.Country, s.IP,
			micros(s.CreatedAt), micros(s.LastUsedAt), micros(s.ExpiresAt)}, &id)
	return id, replaced, err
}

// TrimDevices logs out the devices of a person that were used longest ago, down to keep
// with the newest, which always stays.
func (tx *Tx) TrimDevices(ctx context.Context, id account.UserID, newest account.SessionID, keep int) (int64, error) {
	return tx.exec(ctx, "trim devices", `
		DELETE FROM sessions WHERE user_id = $1 AND device_id IS NOT NULL AND id <> $2 AND id NOT IN (
			SELECT s.id FROM sessions s WHERE s.user_id = $1 AND s.device_id IS NOT NULL AND s.id <> $2
			ORDER BY s.last_used_at DESC, s.id DESC LIMIT $3)`, id, newest, keep-1)
}

// CountDevices tells how many sessions with a device a person has.
func (tx *Tx) CountDevices(ctx context.Context, id account.UserID) (n int, err error) {
	err = tx.row(ctx, "count devices", `SELECT COUNT(*) FROM sessions WHERE user_id = $1 AND device_id IS NOT NULL`, []any{id}, &n)
	return n, err
}

// RememberDevice notes that a person has used a device, and forgets those used longest
// ago, down to keep.
func (tx *Tx) RememberDevice(ctx context.Context, id account.UserID, deviceHash []byte, now time.Time, keep int) error {
	var since time.Time
	err := tx.row(ctx, "remember device", `
		INSERT INTO known_devices (user_id, device_hash, first_used_at, last_used_at) VALUES ($1, $2, $3, $3)
		ON CONFLICT (user_id, device_hash) DO UPDATE SET last_used_at = excluded.last_used_at RETURNING first_used_at`,
		[]any{id, deviceHash, micros(now)}, stamp{&since})
	if err != nil || !since.Equal(now.Truncate(time.Microsecond)) {
		return err // a device that was known already makes them no more
	}
	_, err = tx.exec(ctx, "forget devices", `
		DELETE FROM known_devices WHERE user_id = $1 AND device_hash <> $2 AND device_hash NOT IN (
			SELECT d.device_hash FROM known_devices d WHERE d.user_id = $1 AND d.device_hash <> $2
			ORDER BY d.last_used_at DESC LIMIT $3)`, id, deviceHash, keep-1)
	return err
}

// Revoke deletes one session of a person and notes when; false where it is gone already. It
// holds the person first, as who opens sessions does, so that the two cannot wait for each
// other.
func (tx *Tx) Revoke(ctx context.Context, of account.UserID, id account.SessionID, now time.Time) (bool, error) {
	if _, err := tx.HoldUser(ctx, of); err != nil {
		return false, err
	}
	n, err := tx.exec(ctx, "revoke session", `DELETE FROM sessions WHERE id = $1`, id)
	if err != nil || n == 0 {
		return false, err
	}
	return true, tx.noteRevocation(ctx, of, now)
}

func (tx *Tx) noteRevocation(ctx context.Context, of account.UserID, now time.Time) error {
	_, err := tx.exec(ctx, "note revocation", `UPDATE users SET devices_revoked_at = $2 WHERE id = $1`, of, micros(now))
	return err
}

// RevokeDevice deletes the live session of a person's device and notes when; false where
// there is none.
func (tx *Tx) RevokeDevice(ctx context.Context, id account.UserID, device string, now, idleSince time.Time) (bool, error) {
	if _, err := tx.HoldUser(ctx, id); err != nil {
		return false, err
	}
	n, err := tx.exec(ctx, "revoke device", `
		DELETE FROM sessions WHERE user_id = $1 AND device_id = $2 AND expires_at > $3 AND last_used_at > $4`,
		id, device, micros(now), micros(idleSince))
	if err != nil || n == 0 {
		return false, err
	}
	return true, tx.noteRevocation(ctx, id, now)
}

// RevokeAll deletes every session of a person, notes when, so that no login that waits for
// its second factor opens another, and tells how many there were.
func (tx *Tx) RevokeAll(ctx context.Context, id account.UserID, now time.Time) (int64, error) {
	if _, err := tx.exec(ctx, "note revocation", `UPDATE users SET sessions_revoked_at = $2, devices_revoked_at = $2 WHERE id = $1`, id, micros(now)); err != nil {
		return 0, err
	}
	return tx.exec(ctx, "revoke sessions", `DELETE FROM sessions WHERE user_id = $1`, id)
}

// StepUp notes that a session has just proved its second factor. ErrNotFound where the
// session is gone.
func (tx *Tx) StepUp(ctx context.Context, id account.SessionID, now time.Time) error {
	n, err := tx.exec(ctx, "step up session", `UPDATE sessions SET stepped_up_at = $2 WHERE id = $1`, id, micros(now))
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// touchRows is how many sessions one statement touches. For each by itself PostgreSQL takes so
// long that requests wait behind the hundreds that a minute may bring.
const touchRows = 32

var touchPairs = pairs(touchRows)

// Touch notes when sessions were last used. It never moves a time back, and a session
// that is gone stays gone.
func (tx *Tx) Touch(ctx context.Context, used map[account.SessionID]time.Time) error {
	// In one order, so that no two flushes each wait for the other.
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(used)), touchRows) {
		if len(ids) == touchRows {
			if err := tx.touchMany(ctx, ids, used); err != nil {
				return err
			}
			continue
		}
		for _, id := range ids {
			_, err := tx.exec(ctx, "touch session", `UPDATE sessions SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2`, id, micros(used[id]))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// touchMany locks the rows in the order of their ids before it writes them: whoever writes
// rows of a join takes them as they come.
func (tx *Tx) touchMany(ctx context.Context, ids []account.SessionID, used map[account.SessionID]time.Time) error {
	args := make([]any, 0, 2*touchRows)
	for _, id := range ids {
		args = append(args, id, micros(used[id]))
	}
	_, err := tx.exec(ctx, "touch sessions", `
		WITH used (id, used_at) AS (VALUES `+touchPairs+`),
		later AS MATERIALIZED (
			SELECT s.id, used.used_at FROM used JOIN sessions s ON s.id = used.id WHERE s.last_used_at < used.used_at
			ORDER BY s.id`+tx.engine.held+`)
		UPDATE sessions SET last_used_at = later.used_at FROM later
		WHERE sessions.id = later.id AND sessions.last_used_at < later.used_at`, args...)
	return err
}

// pairs are so many rows of two integers that are arguments of a statement.
func pairs(n int) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf("(CAST($%d AS BIGINT), CAST($%d AS BIGINT))", 2*i+1, 2*i+2)
	}
	return strings.Join(rows, ", ")
}

// NoteUses is Touch as a piece of work of its own. Each of its statements guards itself,
// so it takes no part in the conflicts of other transactions.
func (s *Store) NoteUses(ctx context.Context, used map[account.SessionID]time.Time) error {
	return s.alone(ctx, func(tx *Tx) error { return tx.Touch(ctx, used) })
}

// SweepSessions removes up to limit sessions that are past their end or idle allowance.
func (tx *Tx) SweepSessions(ctx context.Context, now, idleSince time.Time, limit int) (int64, error) {
	return tx.exec(ctx, "sweep sessions", `
		DELETE FROM sessions WHERE id IN (
			SELECT id FROM sessions WHERE expires_at <= $1 OR last_used_at <= $2 LIMIT $3)`, micros(now), micros(idleSince), limit)
}

// SweepDevices forgets up to limit devices that were not used since before.
func (tx *Tx) SweepDevices(ctx context.Context, before time.Time, limit int) (int64, error) {
	return tx.exec(ctx, "sweep devices", `
		DELETE FROM known_devices WHERE (user_id, device_hash) IN (
			SELECT user_id, device_hash FROM known_devices WHERE last_used_at < $1 ORDER BY last_used_at LIMIT $2)`, micros(before), limit)
}
