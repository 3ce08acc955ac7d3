package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
)

// Digest returns the HMAC-SHA256 (RFC 2104, 32 bytes) of the parts under the
// active key. It is for short secrets, such as codes of six digits, whose plain
// hash could be tried out by whoever got hold of it. Each purpose has a key of
// its own, and each part counts with its length: ("a", "bc") is not ("ab", "c").
func (r *KeyRing) Digest(purpose string, parts ...string) []byte {
	return r.keys.Load().active().digest(purpose, parts)
}

// Digests returns the digest under each key, the active one first, for finding
// a row by its digest while keys are exchanged.
func (r *KeyRing) Digests(purpose string, parts ...string) [][]byte {
	ring := *r.keys.Load()
	all := make([][]byte, len(ring))
	for i, k := range ring {
		all[i] = k.digest(purpose, parts)
	}
	return all
}

// VerifyDigest tells whether the digest is that of the parts under any key of
// the ring. Its time depends on the parts and the ring, not on the digest.
func (r *KeyRing) VerifyDigest(digest []byte, purpose string, parts ...string) bool {
	match := 0
	for _, k := range *r.keys.Load() {
		match |= subtle.ConstantTimeCompare(digest, k.digest(purpose, parts))
	}
	return match == 1
}

func (k *key) digest(purpose string, parts []string) []byte {
	mac := hmac.New(sha256.New, k.subkey("flowxi digest v1 "+purpose))
	var length [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		mac.Write(length[:])
		mac.Write([]byte(part))
	}
	return mac.Sum(nil)
}
