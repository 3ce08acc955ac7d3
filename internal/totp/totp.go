// Package totp makes and matches the six digits of an authenticator app
// (RFC 6238 with SHA-1 and steps of 30 seconds; contract section 9).
//
// Its one rule: a match names its time step, and the caller accepts each step
// of a secret once (RFC 6238, section 5.2).
package totp

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const (
	// Period is the length of a time step.
	Period = 30 * time.Second

	// Digits is the length of a code.
	Digits = 6

	// window is how many steps the clocks may be apart, either way.
	window = 1

	secretSize = 20 // the length of a SHA-1 hash (RFC 4226, section 4, R6)
)

// NewSecret returns 160 random bits in base32 without padding.
func NewSecret() string {
	var secret [secretSize]byte
	rand.Read(secret[:])
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret[:])
}

// Step returns the number of the time step that now is in, counted from 1970.
func Step(now time.Time) int64 {
	const seconds = int64(Period / time.Second)
	step := now.Unix() / seconds
	if now.Unix()%seconds < 0 {
		step--
	}
	return step
}

// Code returns the code of a base32 secret at a step from 0 on.
func Code(secret string, step int64) (string, error) {
	if step < 0 {
		return "", fmt.Errorf("make code: step %d is before 1970", step)
	}
	if strings.TrimSpace(secret) == "" {
		return "", errors.New("make code: the secret is empty")
	}
	code, err := hotp.GenerateCodeCustom(secret, uint64(step), hotp.ValidateOpts{
		Digits:    otp.Digits(Digits),
		Algorithm: otp.AlgorithmSHA1,
	})
	if err != nil {
		return "", fmt.Errorf("make code: %w", err)
	}
	return code, nil
}

// Match tells whether the code is that of the secret in the step of now or in
// one beside it, and in which: the latest, where more than one has that code.
// It computes all three whichever matches, so its time tells nothing. A secret
// that is not base32, or a code that is not six digits, does not match.
func Match(secret, code string, now time.Time) (step int64, ok bool) {
	current := Step(now)
	found, offset := 0, 0
	for d := -window; d <= window; d++ {
		want, err := Code(secret, current+int64(d))
		if err != nil {
			continue
		}
		equal := subtle.ConstantTimeCompare([]byte(want), []byte(code))
		found |= equal
		offset = subtle.ConstantTimeSelect(equal, d, offset)
	}
	if found == 0 {
		return 0, false
	}
	return current + int64(offset), true
}

// URI returns what an app reads from a QR code, with the secret and the issuer
// as its only parameters: the rest is what every app takes for granted.
func URI(issuer, email, secret string) string {
	return "otpauth://totp/" + label(issuer) + ":" + label(email) +
		"?secret=" + parameter(secret) + "&issuer=" + parameter(issuer)
}

// label keeps an address readable: of what has a meaning in a URI, only the at
// sign and the plus stay, which have none in a path.
func label(s string) string {
	return strings.NewReplacer("&", "%26", ":", "%3A", "=", "%3D").Replace(url.PathEscape(s))
}

// parameter writes a space so that it reads as one by the rules of URIs and by
// those of forms.
func parameter(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
