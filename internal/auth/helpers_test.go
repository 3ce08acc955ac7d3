package auth

import (
	"testing"

	"flowxi.app/flowxi/internal/store"
)

func openStore(t *testing.T, at store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
