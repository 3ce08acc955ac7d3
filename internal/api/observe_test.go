package api

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/ratelimit"
)

// hurried notes how long it is given to count.
type hurried struct {
	cache.Cache
	left time.Duration
}

func (h *hurried) Reserve(ctx context.Context, _ []cache.Window) (cache.Reservation, error) {
	if at, bounded := ctx.Deadline(); bounded {
		h.left = time.Until(at)
	}
	return cache.Reservation{Allowed: true}, nil
}

func TestCountingARequestHasADeadline(t *testing.T) {
	t.Parallel()
	var counts hurried
	s := newServer(t, func(d *Deps) {
		d.Auth = auth.New(auth.Deps{Limiter: ratelimit.New(&counts, nil, false), Config: config.Config{}, Now: time.Now})
	})
	expect(t, ask(s, "GET", Prefix+"/me", ""), 401, "UNAUTHENTICATED")
	if counts.left <= 0 || counts.left > admitTimeout {
		t.Errorf("it has %s to count a request", counts.left)
	}
}

func TestEveryRequestIsToldInWordsOfOurs(t *testing.T) {
	t.Parallel()
	var got []Answered
	s := newServer(t, overHTTPS, func(d *Deps) { d.Observe = func(a Answered) { got = append(got, a) } }, trusting("192.0.2.0/24"))
	ask(s, "GET", Prefix+"/me?secret", "", "X-Forwarded-Proto", "https")
	ask(s, "SECRET", "/secret", "", "X-Forwarded-Proto", "https")
	ask(s, "PUT", Prefix+"/me", "", "X-Forwarded-Proto", "https")
	ask(s, "GET", Prefix+"/me", "")
	want := []Answered{
		{Method: "GET", Route: "/api/v1/me", Status: 401, Code: "UNAUTHENTICATED"},
		{Method: "other", Route: "none", Status: 404, Code: "NOT_FOUND"},
		{Method: "PUT", Route: "/api/v1/me", Status: 405, Code: "METHOD_NOT_ALLOWED"},
		{Method: "GET", Route: "none", Status: 403, Code: "HTTPS_REQUIRED"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Answered{}, "Took")); diff != "" {
		t.Error(diff)
	}
	for _, a := range got {
		if a.Took <= 0 || a.Took > time.Minute {
			t.Errorf("it took %s", a.Took)
		}
	}
}
