package store

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"time"
)

// auditKey makes the MACs of the trail. It is in the database, sealed under the key ring:
// whoever has the database alone can forge no event, and an exchange of the ring's keys
// leaves every MAC as it is.
type auditKey struct {
	id     int64
	secret []byte // nil where it is not known
}

// macSize is half of what HMAC-SHA256 makes, which RFC 2104 section 5 allows, since every
// event keeps one.
const macSize = 16

const macPurpose = "flowxi audit event v1"

// mac is over one encoding of everything that an event is, its id and its parents.
func (k auditKey) mac(row Row) []byte {
	h := hmac.New(sha256.New, k.secret)
	h.Write(AppendRow([]byte(macPurpose), row))
	return h.Sum(nil)[:macSize]
}

func (k auditKey) verifies(row Row, mac []byte) bool {
	return k.secret != nil && subtle.ConstantTimeCompare(k.mac(row), mac) == 1
}

// LimitKey is what limits are counted under, known once the trail is held. It comes out of
// the key of the trail, which all nodes have and which no exchange of the ring's keys
// changes: under a key of the ring counts would begin anew whenever one comes or goes, and
// nodes whose rings differ meanwhile would count apart. It is another only where the ring
// was lost.
func (s *Store) LimitKey() ([]byte, error) {
	s.trail.mu.Lock()
	defer s.trail.mu.Unlock()
	if s.trail.key.secret == nil {
		return nil, errSealed
	}
	key, err := hkdf.Expand(sha256.New, s.trail.key.secret, limitPurpose, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("expand key of limits: %w", err)
	}
	return key, nil
}

const limitPurpose = "flowxi limits v1"

// AuditKeyContext is what a key of the trail is sealed for.
func AuditKeyContext(id int64) string { return fmt.Sprintf("audit:%d", id) }

// SealedAuditKeys lists up to limit sealed keys of the trail after an id.
func (r reader) SealedAuditKeys(ctx context.Context, after int64, limit int) ([]Sealed[int64], error) {
	return rows(ctx, r, "list audit keys", `SELECT id, sealed FROM audit_keys WHERE id > $1 ORDER BY id LIMIT $2`,
		[]any{after, limit}, scanSealed[int64])
}

// ResealAuditKey replaces a sealed key unless it has changed meanwhile.
func (tx *Tx) ResealAuditKey(ctx context.Context, was Sealed[int64], value []byte) error {
	return tx.reseal(ctx, `UPDATE audit_keys SET sealed = $2 WHERE id = $1 AND sealed = $3`, was.ID, value, was.Value)
}

// maxAuditKeys is far above what an instance ever has: another one is made only where the
// ring that sealed the others was lost.
const maxAuditKeys = 1_000

// auditKeys reads the keys of the trail, oldest first, without the secrets of those that
// the ring does not open.
func (s *Store) auditKeys(ctx context.Context, r reader) ([]auditKey, error) {
	sealed, err := r.SealedAuditKeys(ctx, 0, maxAuditKeys)
	if err != nil {
		return nil, err
	}
	list := make([]auditKey, len(sealed))
	for i, one := range sealed {
		list[i].id = one.ID
		if secret, err := s.trail.ring.Open(one.Value, AuditKeyContext(one.ID)); err == nil {
			list[i].secret = secret
		}
	}
	return list, nil
}

// openTrail reads the key of the trail and makes it where there is none that the ring
// opens. Of processes at the same time one makes it, and the others take that.
func (s *Store) openTrail(ctx context.Context) error {
	s.trail.opening.Lock()
	defer s.trail.opening.Unlock()
	if s.trail.open() {
		return nil
	}
	if s.trail.ring == nil {
		return fmt.Errorf("%w: there is no key ring", errSealed)
	}
	for range 3 {
		list, err := s.auditKeys(ctx, s.reader)
		if err != nil {
			return err
		}
		next := int64(1)
		for _, k := range list {
			next = k.id + 1
			if k.secret != nil {
				s.trail.take(k)
			}
		}
		if s.trail.open() {
			return nil
		}
		if err := s.makeAuditKey(ctx, next); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrBusy, errSealed)
}

func (s *Store) makeAuditKey(ctx context.Context, id int64) error {
	secret := make([]byte, sha256.Size)
	_, _ = rand.Read(secret) // never fails: crypto/rand ends the process instead
	sealed := s.trail.ring.Seal(secret, AuditKeyContext(id))
	return s.alone(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, "make audit key", `
			INSERT INTO audit_keys (id, sealed, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`, id, sealed, micros(time.Now()))
		return err
	})
}

func (t *trail) open() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.key.secret != nil
}

func (t *trail) take(k auditKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.key = k
}
