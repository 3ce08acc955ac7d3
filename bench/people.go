package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"golang.org/x/crypto/argon2"
)

// What everybody has.
const (
	password         = "correct horse battery staple"
	devicesPerPerson = 3
	// sample is how many people the scenarios are about, spread over all that there are.
	sample = 600
)

// people is who is in a database. Their ids, and those of their sessions, count from 1.
type people struct {
	count  int
	prefix string // of tokens
}

// person is the i-th of the sample, counted around.
func (p people) person(i int) (id int) {
	n := min(sample, p.count)
	return i%n*(p.count/n) + 1
}

func email(id int) string { return fmt.Sprintf("person-%d@example.com", id) }

func deviceID(id, device int) string { return fmt.Sprintf("%08d-0000-4000-8000-%012d", id, device) }

// token is that of a person's first device.
func (p people) token(id int) string { return fmt.Sprintf("%d|%s", session(id), p.secret(id)) }

func session(id int) int { return (id-1)*devicesPerPerson + 1 }

// secret is a token's, made of its owner's number so that it need not be kept
// (internal/auth/token.go has its form).
func (p people) secret(id int) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	body := p.prefix + fmt.Sprintf("%043d", id)
	sum := make([]byte, 6)
	for i, n := len(sum)-1, crc32.ChecksumIEEE([]byte(body)); i >= 0; i, n = i-1, n/62 {
		sum[i] = alphabet[n%62]
	}
	return body + string(sum)
}

// settle puts people into an empty database, each with some devices that are logged in:
// all in four statements, since there may be a million of them.
func (p people) settle(ctx context.Context, db *sql.DB, engine string) (err error) {
	random := "randomblob(32)"
	if engine == "postgres" {
		random = "sha256(convert_to(random()::text, 'UTF8'))"
	}
	count := fmt.Sprintf(`(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n) AS people`, p.count)
	each := fmt.Sprintf(`%s, (WITH RECURSIVE n(d) AS (SELECT 1 UNION ALL SELECT d + 1 FROM n WHERE d < %d) SELECT d FROM n) AS devices`, count, devicesPerPerson)
	now := time.Now().UnixMicro()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	do := func(statement string, args ...any) {
		if err == nil {
			_, err = tx.ExecContext(ctx, statement, args...)
		}
	}
	do(fmt.Sprintf(`INSERT INTO users (email, username, status, locale, password_hash, password_changed_at, email_verified_at,
			first_name, last_name, birth_date, country, nationality, phone_number, created_at, updated_at)
		SELECT 'person-' || i || '@example.com', 'person-' || i, 'active', 'en', '%[2]s', %[3]d, %[3]d,
			'Ada', 'Lovelace', '1990-12-10', 'FR', 'GB', '+33612345678', %[3]d, %[3]d
		FROM %[1]s ORDER BY i`, count, encodedHash(), now))
	do(fmt.Sprintf(`INSERT INTO notification_preferences (user_id, email_enabled, inapp_enabled, push_enabled)
		SELECT i, TRUE, TRUE, TRUE FROM %s`, count))
	name := `substr('0000000' || i, -8) || '-0000-4000-8000-' || substr('00000000000' || d, -12)`
	if engine == "postgres" {
		name = `lpad(i::text, 8, '0') || '-0000-4000-8000-' || lpad(d::text, 12, '0')`
	}
	do(fmt.Sprintf(`INSERT INTO sessions (user_id, token_hash, device_id, device_type, device_name, country, ip, created_at, last_used_at, expires_at)
		SELECT i, %s, %s, 'web', 'My laptop', 'FR', '127.0.0.1', %d, %d, %d FROM %s ORDER BY i, d`,
		random, name, now, now, now+(300*24*time.Hour).Microseconds(), each))
	do(fmt.Sprintf(`INSERT INTO known_devices (user_id, device_hash, first_used_at, last_used_at)
		SELECT i, %s, %d, %d FROM %s`, random, now, now, each))
	for i := range min(sample, p.count) {
		id := p.person(i)
		hash, known := sha256.Sum256([]byte(p.secret(id))), sha256.Sum256([]byte(deviceID(id, 2)))
		do(`UPDATE sessions SET token_hash = $1 WHERE id = $2`, hash[:], session(id))
		do(`INSERT INTO known_devices (user_id, device_hash, first_used_at, last_used_at) VALUES ($1, $2, $3, $3)`, id, known[:], now)
	}
	if err != nil {
		return err
	}
	return tx.Commit()
}

// encodedHash is the hash of everybody's password, of the cost that Flowxi has without
// settings.
func encodedHash() string {
	salt := []byte("sixteen bytes or")
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=1$%s$%s", 19*1024, 2, encode(salt), encode(argon2.IDKey([]byte(password), salt, 2, 19*1024, 1, 32)))
}
