package client

import (
	"context"
	"fmt"
	"sync"
)

// TokenStore is where a [Client] keeps its token. Its methods are called from many
// goroutines.
type TokenStore interface {
	// Token returns the token, empty where there is none.
	Token(ctx context.Context) (Secret, error)

	// SetToken keeps a token in place of any before.
	SetToken(ctx context.Context, token Secret) error

	// DropToken forgets a token, if it is still the one that is kept: another may have
	// come meanwhile.
	DropToken(ctx context.Context, token Secret) error
}

// MemoryTokens is a [TokenStore] that lasts as long as the process. Its zero value is
// empty and ready.
type MemoryTokens struct {
	mu    sync.Mutex
	token sealed
}

// sealed is a secret in an unexported field, which fmt would print: of a function it prints
// an address at the most.
type sealed func() Secret

func seal(s Secret) sealed { return func() Secret { return s } }

func (s sealed) open() Secret {
	if s == nil {
		return ""
	}
	return s()
}

var _ TokenStore = (*MemoryTokens)(nil)

// Token implements [TokenStore].
func (m *MemoryTokens) Token(context.Context) (Secret, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.token.open(), nil
}

// SetToken implements [TokenStore].
func (m *MemoryTokens) SetToken(_ context.Context, token Secret) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.token = seal(token)
	return nil
}

// DropToken implements [TokenStore].
func (m *MemoryTokens) DropToken(_ context.Context, token Secret) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.token.open() == token {
		m.token = nil
	}
	return nil
}

// Format keeps the token out of what fmt prints.
func (*MemoryTokens) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("tokens in memory")) }
