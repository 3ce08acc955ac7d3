package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"math/big"
	"strconv"
	"strings"

	"flowxi.app/flowxi/internal/account"
)

// A token reads <id>|<secret> (contract section 3). The secret is a prefix that names
// the environment, 43 random characters of base 62 (256 bits), and 6 more that are the
// base 62 of the CRC-32 (IEEE) of all before it, so that a scanner can tell a leaked
// token from chance.
const (
	prefixProduction = "fxp_"
	prefixSandbox    = "fxs_"
	randomChars      = 43
	checksumChars    = 6
	draw             = 49 // bytes of chance at a time: as many, and some to spare for those that are not fair
	alphabet         = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

	base = len(alphabet)
	fair = 256 / base * base // bytes below it give each character the same chance
)

// TokenPattern is a regular expression for the tokens of both environments.
func TokenPattern() string {
	return fmt.Sprintf(`^[0-9]+\|(%s|%s)[0-9A-Za-z]{%d}$`, prefixProduction, prefixSandbox, randomChars+checksumChars)
}

// tokenPrefix is the prefix of this instance's tokens.
func (a *Auth) tokenPrefix() string {
	if a.cfg.Sandbox() {
		return prefixSandbox
	}
	return prefixProduction
}

// newSecret returns a fresh token secret, by chance.
func newSecret(chance io.Reader, prefix string) string {
	b := make([]byte, 0, len(prefix)+randomChars+checksumChars)
	b = append(b, prefix...)
	for drawn := make([]byte, draw); len(b) < len(prefix)+randomChars; {
		if _, err := io.ReadFull(chance, drawn); err != nil {
			panic(err) // never: a Chance does not fail
		}
		for _, c := range drawn {
			if int(c) < fair && len(b) < len(prefix)+randomChars {
				b = append(b, alphabet[int(c)%base])
			}
		}
	}
	sum := checksum(string(b))
	return string(append(b, sum[:]...))
}

// checksum is the CRC-32 of s in six characters of base 62.
func checksum(s string) (out [checksumChars]byte) {
	for i, n := checksumChars-1, crc32.ChecksumIEEE([]byte(s)); i >= 0; i, n = i-1, n/uint32(base) {
		out[i] = alphabet[n%uint32(base)]
	}
	return out
}

// formatToken is the token as its owner gets to see it, once.
func formatToken(id account.SessionID, secret string) account.Secret {
	return account.Secret(strconv.FormatInt(int64(id), 10) + "|" + secret)
}

// parseToken takes a token apart; false where it cannot be one of this environment.
func parseToken(token, prefix string) (id account.SessionID, secret string, ok bool) {
	number, secret, ok := strings.Cut(token, "|")
	if !ok || len(secret) != len(prefix)+randomChars+checksumChars || !strings.HasPrefix(secret, prefix) {
		return 0, "", false
	}
	if number == "" || number[0] < '1' || number[0] > '9' { // no sign and no zeros before it
		return 0, "", false
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, "", false
	}
	body, sum := secret[:len(secret)-checksumChars], secret[len(secret)-checksumChars:]
	right := checksum(body)
	return account.SessionID(n), secret, sum == string(right[:])
}

// hashSecret is how a random secret of 240 bits and more is stored: it cannot be
// guessed, so a fast hash does. The prefix is part of it, so that a secret of one
// environment is not one of the other.
func hashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// randomHex returns n random bytes as hex.
func randomHex(n int) string { return hexOf(rand.Reader, n) }

// hex returns n bytes of the chance of this instance as hex.
func (a *Auth) hex(n int) string { return hexOf(a.chance, n) }

func hexOf(chance io.Reader, n int) string {
	b := make([]byte, n)
	if _, err := io.ReadFull(chance, b); err != nil {
		panic(err) // never: a Chance does not fail
	}
	return hex.EncodeToString(b)
}

// randomCode returns a uniform code of six digits.
func randomCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // never: crypto/rand ends the process instead
	}
	digits := n.String()
	return strings.Repeat("0", 6-len(digits)) + digits
}
