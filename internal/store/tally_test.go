package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/store"
)

func TestWorkIsTold(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		var mu sync.Mutex
		seen := map[store.Work]int{}
		options := dbtest.Database(t, e)
		options.Observe = func(kind store.Work, took time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			seen[kind]++
			if took <= 0 || took > time.Minute {
				t.Errorf("it took %s", took)
			}
		}
		s := openWith(t, options)
		if err := s.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		putMail(t, s, time.Unix(1000, 0))
		if seen[store.Read] != 1 || seen[store.Write] != 1 {
			t.Errorf("it is told of %d reads and %d writes, want one each", seen[store.Read], seen[store.Write])
		}
	})
}

func putMail(t *testing.T, s *store.Store, at time.Time) {
	t.Helper()
	err := s.Tx(t.Context(), func(tx *store.Tx) error {
		return tx.PutMail(t.Context(), account.Mail{
			ID: at.String(), Kind: account.MailRegistrationCode, To: "a@example.org", Locale: "fr", Sealed: []byte("x"), CreatedAt: at, ExpiresAt: at,
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func openWith(t *testing.T, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestTheBacklogIsCounted(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		s := openWith(t, dbtest.Database(t, e))
		if b, err := s.Backlog(t.Context()); err != nil || b != (store.Backlog{}) {
			t.Errorf("at first: %+v, %v", b, err)
		}
		putMail(t, s, time.Unix(2000, 0))
		putMail(t, s, time.Unix(1000, 0))
		if err := s.Tx(t.Context(), func(tx *store.Tx) error { return tx.Trash(t.Context(), "x", time.Unix(1, 0)) }); err != nil {
			t.Fatal(err)
		}
		b, err := s.Backlog(t.Context())
		if err != nil || b.Mails != 2 || b.Objects != 1 || !b.OldestMail.Equal(time.Unix(1000, 0)) {
			t.Errorf("then: %+v, %v", b, err)
		}
	})
}

func TestPoolsAreTold(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		s := openWith(t, dbtest.Database(t, e))
		want := map[dbtest.Engine]int{dbtest.SQLite: 2, dbtest.Postgres: 1}[e]
		if pools := s.Pools(); len(pools) != want || pools[0].Max == 0 || pools[0].Open > pools[0].Max {
			t.Errorf("the pools are %+v", pools)
		}
	})
}

func TestACallersDeadlineHolds(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, e dbtest.Engine) {
		s := openWith(t, dbtest.Database(t, e))
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		if err := s.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it says %v", err)
		}
	})
}
