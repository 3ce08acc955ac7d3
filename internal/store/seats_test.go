package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
)

// A row is read without heed of a deadline, but nobody waits for a connection longer than
// that.
func TestNobodyWaitsForAConnectionPastTheirTime(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{Path: t.TempDir() + "/flowxi.db"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range readers() {
		if err := s.seats.take(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ended, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	for name, read := range map[string]func(context.Context) error{
		"a row": s.Ping,
		"rows": func(ctx context.Context) error {
			_, err := s.Users(ctx, "", 0, 1)
			return err
		},
	} {
		if err := read(ended); !errors.Is(err, account.ErrServiceUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p := s.Pools()[0]; p.Waits != 2 || p.Waited <= 0 {
		t.Errorf("they waited %d times, %s in all", p.Waits, p.Waited)
	}
	s.seats.leave()
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
