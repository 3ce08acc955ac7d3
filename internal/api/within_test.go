package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type allowed struct{}

// allow is an allowance of an exchange that ends with the server.
func allow(ended context.Context, d time.Duration) *allowance {
	r := httptest.NewRequestWithContext(context.WithValue(context.Background(), allowed{}, "yes"), http.MethodGet, "/", nil)
	return (&exchange{server: &server{Deps: Deps{Ended: ended}}, request: r}).within(d)
}

func TestAnAllowanceEndsAtItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked, unasked := allow(context.Background(), time.Second), allow(context.Background(), time.Second)
		defer asked.end()
		defer unasked.end()
		began := time.Now()
		<-asked.Done()
		if d := time.Since(began); d != time.Second {
			t.Errorf("it ended after %s", d)
		}
		for name, a := range map[string]*allowance{"with a clock": asked, "without": unasked} {
			if err := a.Err(); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", name, err)
			}
		}
		late := allow(context.Background(), -time.Second)
		defer late.end()
		<-late.Done()
	})
}

// What has ended once has ended for ever, whoever asks first.
func TestAnAllowanceEndsWithTheServer(t *testing.T) {
	t.Parallel()
	for range 1000 {
		ended, end := context.WithCancel(context.Background())
		before, after := allow(ended, time.Minute), allow(ended, time.Minute)
		done := before.Done()
		end()
		<-done
		if err := after.Err(); !errors.Is(err, context.Canceled) {
			t.Fatalf("at once: %v", err)
		}
		done = after.Done()
		if err := after.Err(); !errors.Is(err, context.Canceled) {
			t.Fatalf("once a clock is set: %v", err)
		}
		<-done
		before.end()
		after.end()
	}
}

func TestAnAllowanceThatIsGivenBackHoldsNothing(t *testing.T) {
	t.Parallel()
	for range 200 {
		a := allow(context.Background(), time.Minute)
		var all sync.WaitGroup
		var done <-chan struct{}
		all.Go(func() { done = a.Done() })
		all.Go(a.end)
		all.Wait()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Fatal("its clock goes on")
		}
	}
}

func TestAnAllowanceOutlastsItsRequestAndHasItsValues(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, hangUp := context.WithCancel(context.WithValue(t.Context(), allowed{}, "yes"))
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
		a := (&exchange{server: &server{}, request: r}).within(time.Second)
		defer a.end()
		child, cancel := context.WithCancel(a)
		defer cancel()
		hangUp()
		synctest.Wait()
		if a.Err() != nil || child.Err() != nil || a.Value(allowed{}) != "yes" {
			t.Errorf("%v, %v, %v", a.Err(), child.Err(), a.Value(allowed{}))
		}
		<-child.Done()
		if err := child.Err(); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}
