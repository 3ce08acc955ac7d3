package seal

import (
	"crypto/rand"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// version opens every envelope. Another layout or cipher gets another one.
const version = 1

var (
	// ErrUnknownKey says that the bytes were sealed under a key that the ring
	// does not hold (any more).
	ErrUnknownKey = errors.New("sealed under a key that is not in the ring")

	// ErrDamaged says that the bytes are not what was sealed, or were sealed
	// for another context.
	ErrDamaged = errors.New("sealed bytes are damaged or belong elsewhere")
)

// Seal encrypts plaintext under the active key (XChaCha20-Poly1305, random
// nonce). The context names the place that the bytes are for, as in "totp:42":
// Open needs the same, so that a sealed value moved to another row is refused.
func (r *KeyRing) Seal(plaintext []byte, context string) []byte {
	k := r.keys.Load().active()
	const overhead = 2 + maxIDLen + chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead
	out := make([]byte, 0, overhead+len(plaintext))
	out = append(out, version, byte(len(k.id))) //nolint:gosec // at most maxIDLen
	out = append(out, k.id...)
	header := len(out)
	out = out[:header+chacha20poly1305.NonceSizeX]
	nonce := out[header:]
	rand.Read(nonce)
	return k.sealer.Seal(out, nonce, plaintext, associated(out[:header], context))
}

// Open returns what Seal was given. The error is ErrUnknownKey where the ring
// lacks the key, and ErrDamaged for all else, by errors.Is.
func (r *KeyRing) Open(sealed []byte, context string) ([]byte, error) {
	e, ok := readEnvelope(sealed)
	if !ok {
		return nil, ErrDamaged
	}
	k := r.find(e.id)
	if k == nil {
		return nil, fmt.Errorf("%w: %q", ErrUnknownKey, e.id)
	}
	plaintext, err := k.sealer.Open(nil, e.nonce, e.ciphertext, associated(e.header, context))
	if err != nil {
		return nil, ErrDamaged
	}
	return plaintext, nil
}

// find looks for a key, and once more in the file where the ring lacks it: another
// process may have added it and sealed with it a moment ago.
func (r *KeyRing) find(id string) *key {
	if k := r.keys.Load().find(id); k != nil {
		return k
	}
	if r.Reload() != nil {
		return nil // whoever reloads the ring at intervals tells of it
	}
	return r.keys.Load().find(id)
}

// SealedBy tells the id of the key that the bytes claim to be sealed under,
// whether the ring holds it or not. It is for finding what to seal anew before
// a key is removed: only Open proves the claim.
func (r *KeyRing) SealedBy(sealed []byte) (id string, ok bool) {
	e, ok := readEnvelope(sealed)
	return e.id, ok
}

// envelope is a version byte, the length of the key's id, the id, the nonce,
// and the ciphertext with its tag.
type envelope struct {
	header     []byte // up to the nonce
	id         string
	nonce      []byte
	ciphertext []byte
}

func readEnvelope(b []byte) (envelope, bool) {
	if len(b) < 2 || b[0] != version {
		return envelope{}, false
	}
	header := 2 + int(b[1])
	body := header + chacha20poly1305.NonceSizeX
	if len(b) < body+chacha20poly1305.Overhead || !validID(string(b[2:header])) {
		return envelope{}, false
	}
	return envelope{b[:header], string(b[2:header]), b[header:body], b[body:]}, true
}

// associated binds the header too. It tells its own length, so no two pairs of
// header and context read alike.
func associated(header []byte, context string) []byte {
	b := make([]byte, 0, len(header)+len(context))
	return append(append(b, header...), context...)
}
