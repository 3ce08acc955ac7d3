package password

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	bcryptLength = 60 // of "$2b$12$", 22 characters of salt and 31 of tag

	// bcryptReach is how many bytes of a password bcrypt looks at.
	bcryptReach = 72

	// maxBcryptCost is seconds of work; each step more doubles it.
	maxBcryptCost = 16
)

// verifyBcrypt compares the bytes of the password as they came, since those are
// what others have hashed.
func (h *Hasher) verifyBcrypt(ctx context.Context, turn Turn, encoded, password string) (ok bool, err error) {
	if err := checkBcrypt(encoded); err != nil {
		return false, fmt.Errorf("verify password: %w", err)
	}
	raw := []byte(password)
	raw = raw[:min(len(raw), bcryptReach)]
	var compared error
	if err := h.gate.do(ctx, turn, func() { compared = bcrypt.CompareHashAndPassword([]byte(encoded), raw) }); err != nil {
		return false, err
	}
	if compared != nil && !errors.Is(compared, bcrypt.ErrMismatchedHashAndPassword) {
		return false, fmt.Errorf("verify password: %w", compared)
	}
	return compared == nil, nil
}

func checkBcrypt(encoded string) error {
	if len(encoded) != bcryptLength || encoded[6] != '$' {
		return errMalformed
	}
	switch encoded[:4] {
	case "$2a$", "$2b$", "$2y$":
	default:
		return errMalformed
	}
	const alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	if strings.Trim(encoded[7:], alphabet) != "" {
		return errMalformed
	}
	cost, err := bcrypt.Cost([]byte(encoded))
	if err != nil {
		return errMalformed
	}
	if cost > maxBcryptCost {
		return errors.New("the cost of the stored hash is out of bounds")
	}
	return nil
}
