package seal

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	keySize  = 32
	maxIDLen = 32

	idAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789-"
)

// key holds what is derived from the 32 bytes of an operator, never the bytes
// themselves: each use has a subkey of its own (HKDF, RFC 5869).
type key struct {
	id     string
	pseudo []byte // the extracted key, from which digests expand theirs
	sealer cipher.AEAD
}

func newKey(id string, secret []byte) (*key, error) {
	pseudo, err := hkdf.Extract(sha256.New, secret, nil)
	if err != nil {
		return nil, fmt.Errorf("extract key: %w", err)
	}
	k := &key{id: id, pseudo: pseudo}
	k.sealer, err = chacha20poly1305.NewX(k.subkey("flowxi seal v1"))
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return k, nil
}

func (k *key) subkey(use string) []byte {
	sub, err := hkdf.Expand(sha256.New, k.pseudo, use, keySize)
	if err != nil {
		// HKDF refuses only lengths past 8160 bytes. To go on without a key
		// would be worse than to stop.
		panic("seal: expand subkey: " + err.Error())
	}
	return sub
}

// Parse reads a ring from a setting: "id:base64of32bytes[,id:…]", the active
// key first, in standard base64 with or without padding. Ids are 1 to 32 of
// a-z, 0-9 and dash. It refuses an id or a key that stands there twice.
func Parse(s string) (*KeyRing, error) {
	if strings.TrimSpace(s) == "" {
		return nil, errors.New("there is no key: give one as id:base64, 32 random bytes")
	}
	k, err := parseKeys(strings.Split(s, ","))
	if err != nil {
		return nil, err
	}
	r := &KeyRing{}
	r.keys.Store(&k)
	return r, nil
}

func parseKeys(entries []string) (keys, error) {
	var ring keys
	ids, secrets := map[string]bool{}, map[string]bool{}
	for i, entry := range entries {
		id, secret, err := parseKey(strings.TrimSpace(entry))
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		if ids[id] {
			return nil, fmt.Errorf("key %d: the id %q is there twice", i+1, id)
		}
		if secrets[string(secret)] {
			return nil, fmt.Errorf("key %d: %q is the same key as one before it", i+1, id)
		}
		ids[id], secrets[string(secret)] = true, true
		k, err := newKey(id, secret)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		ring = append(ring, k)
	}
	return ring, nil
}

// parseKey quotes an id only once it is known to be one: where the halves were
// swapped, what stands before the colon is the key.
func parseKey(entry string) (id string, secret []byte, err error) {
	id, encoded, found := strings.Cut(entry, ":")
	if !found {
		return "", nil, errors.New("it is not of the form id:base64")
	}
	if !validID(id) {
		return "", nil, errors.New("its id must be 1 to 32 of a-z, 0-9 and dash")
	}
	// The decoder skips line breaks, which would hide two keys run together.
	if strings.ContainsAny(encoded, "\r\n") {
		return "", nil, fmt.Errorf("%q is broken over lines", id)
	}
	secret, err = base64.RawStdEncoding.Strict().DecodeString(unpadded(encoded))
	if err != nil {
		return "", nil, fmt.Errorf("what stands behind %q is not standard base64", id+":")
	}
	if len(secret) != keySize {
		return "", nil, fmt.Errorf("what stands behind %q is %d bytes long, not %d", id+":", len(secret), keySize)
	}
	return id, secret, nil
}

// unpadded takes off the padding where it is the right one.
func unpadded(s string) string {
	if len(s)%4 != 0 {
		return s
	}
	if t, ok := strings.CutSuffix(s, "=="); ok {
		return t
	}
	return strings.TrimSuffix(s, "=")
}

func validID(id string) bool {
	if id == "" || len(id) > maxIDLen {
		return false
	}
	return strings.Trim(id, idAlphabet) == ""
}

// NewKey returns a fresh random key as Parse reads it. The id tells the day in
// UTC on which it was made, as in k20261124-x7q2.
func NewKey() string {
	var secret [keySize]byte
	rand.Read(secret[:])
	return newID() + ":" + base64.StdEncoding.EncodeToString(secret[:])
}

func newID() string {
	suffix := strings.ToLower(rand.Text()[:4])
	return "k" + time.Now().UTC().Format("20060102") + "-" + suffix
}
