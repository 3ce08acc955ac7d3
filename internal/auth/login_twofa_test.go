package auth

import (
	"errors"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/config"
)

// A try that is under way may be the right one, and has to find its challenge.
func TestAChallengeIsDeletedWithItsLastTryAndNotBefore(t *testing.T) {
	t.Parallel()
	memory := cache.NewMemory(time.Now, cache.Options{})
	t.Cleanup(memory.Close)
	cfg, err := config.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	a, key := New(Deps{Cache: memory, Config: cfg}), challengeKey("one")
	if err := memory.Set(t.Context(), key, nil, time.Minute); err != nil {
		t.Fatal(err)
	}
	try := func() cache.Reservation {
		r, err := a.reserveTry(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	wrong := func() {
		if err := memory.Settle(t.Context(), try()); err != nil {
			t.Fatal(err)
		}
		a.endWithoutTries(t.Context(), key)
	}
	underWay := try()
	for range cfg.Limits.ChallengeTries - 1 {
		wrong()
	}
	if _, _, err := memory.Get(t.Context(), key); err != nil {
		t.Fatalf("with a try under way: %v", err)
	}
	if err := memory.Release(t.Context(), underWay); err != nil {
		t.Fatal(err)
	}
	wrong()
	if _, _, err := memory.Get(t.Context(), key); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("without a try: %v", err)
	}
}
