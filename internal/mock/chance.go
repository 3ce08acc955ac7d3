package mock

import (
	"math/rand/v2"
	"sync"

	"flowxi.app/flowxi/internal/auth"
)

const (
	// Code is every code that is mailed.
	Code = "123456"

	// TOTPSecret is that of every authenticator.
	TOTPSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" //nolint:gosec // it guards nothing

	// Password is everybody's.
	Password = "correct horse battery"
)

// chance is the auth.Chance of a mock: the same at each start.
type chance struct {
	mu     sync.Mutex
	stream *rand.ChaCha8
}

var _ auth.Chance = (*chance)(nil)

func newChance() *chance { return &chance{stream: stream("tokens")} }

// stream is bytes that are the same at each start.
func stream(of string) *rand.ChaCha8 {
	var seed [32]byte
	copy(seed[:], "flowxi mock: "+of)
	return rand.NewChaCha8(seed)
}

// Read implements io.Reader.
func (c *chance) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stream.Read(b)
}

// Code implements auth.Chance.
func (*chance) Code() string { return Code }

// TOTPSecret implements auth.Chance.
func (*chance) TOTPSecret() string { return TOTPSecret }
