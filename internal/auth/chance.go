package auth

import (
	"crypto/rand"
	"io"

	"flowxi.app/flowxi/internal/totp"
)

// Chance makes what nobody may guess: codes, links, challenges, tokens and names of photos.
// Random is that of every server that guards anything. flowxi mock has another, with which a
// test knows what comes.
type Chance interface {
	// Reader gives random bytes. It never fails.
	io.Reader

	// Code returns six digits for a mail.
	Code() string

	// TOTPSecret returns a secret for an authenticator, in base32 without padding.
	TOTPSecret() string
}

// Random is the randomness of the operating system. It is safe for concurrent use.
type Random struct{}

var _ Chance = Random{}

// Read implements io.Reader.
func (Random) Read(b []byte) (int, error) { return rand.Read(b) }

// Code implements Chance: all million are as likely.
func (Random) Code() string { return randomCode() }

// TOTPSecret implements Chance.
func (Random) TOTPSecret() string { return totp.NewSecret() }
