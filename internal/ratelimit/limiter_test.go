package ratelimit_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/ratelimit"
)

var key = []byte("one key of thirty-two full bytes")

// recorder is a cache that notes the keys it is asked about, and that can be
// told not to answer.
type recorder struct {
	cache.Cache

	mu       sync.Mutex
	keys     []string
	releases int
	down     error
}

func (r *recorder) Reserve(ctx context.Context, windows []cache.Window) (cache.Reservation, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down != nil {
		return cache.Reservation{}, r.down
	}
	for _, w := range windows {
		r.keys = append(r.keys, w.Key)
	}
	return r.Cache.Reserve(ctx, windows)
}

func (r *recorder) Release(ctx context.Context, taken cache.Reservation) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.releases++
	if r.down != nil {
		return r.down
	}
	return r.Cache.Release(ctx, taken)
}

func newRecorder(t *testing.T) *recorder {
	start := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	m := cache.NewMemory(func() time.Time { return start }, cache.Options{})
	t.Cleanup(m.Close)
	return &recorder{Cache: m}
}

func rule(name, subject string, rates ...ratelimit.Rate) ratelimit.Rule {
	return ratelimit.Rule{Name: name, Rates: rates, Subject: subject}
}

func allow(t *testing.T, l *ratelimit.Limiter, rules ...ratelimit.Rule) *ratelimit.Ticket {
	t.Helper()
	ticket, err := l.Reserve(context.Background(), rules...)
	if err != nil {
		t.Fatalf("Reserve: %v", err)
	}
	return ticket
}

func refuse(t *testing.T, l *ratelimit.Limiter, rules ...ratelimit.Rule) *ratelimit.Refused {
	t.Helper()
	ticket, err := l.Reserve(context.Background(), rules...)
	var refused *ratelimit.Refused
	if ticket != nil || !errors.As(err, &refused) {
		t.Fatalf("Reserve = %v, %v; want a refusal", ticket, err)
	}
	return refused
}

func TestEveryRateOfEveryRuleHolds(t *testing.T) {
	t.Parallel()
	l := ratelimit.New(newRecorder(t), key, false)
	mail := rule("mail", "a@example.org", ratelimit.Rate{Limit: 2, Per: time.Minute}, ratelimit.Rate{Limit: 5, Per: time.Hour})
	network := rule("net", "192.0.2.1", ratelimit.Rate{Limit: 3, Per: 10 * time.Minute})
	if q := allow(t, l, mail, network).Quota(); q != (ratelimit.Quota{Limit: 2, Remaining: 1, Reset: time.Minute}) {
		t.Errorf("the quota is %+v", q)
	}
	allow(t, l, mail, network)
	refused := refuse(t, l, mail, network)
	if refused.RetryAfter != time.Minute || refused.Quota != (ratelimit.Quota{Limit: 2, Reset: time.Minute}) {
		t.Errorf("the refusal is %+v", refused)
	}
	other := rule("mail", "b@example.org", mail.Rates...)
	allow(t, l, other, network)
	if refused := refuse(t, l, other, network); refused.RetryAfter != 10*time.Minute {
		t.Errorf("the refusal is %+v", refused)
	}
}

func TestRulesCountApart(t *testing.T) {
	t.Parallel()
	l := ratelimit.New(newRecorder(t), key, false)
	once := ratelimit.Rate{Limit: 1, Per: time.Minute}
	allow(t, l, rule("login", "a", once), rule("login", "b", once), rule("mail", "a", once))
	refuse(t, l, rule("login", "a", once))
	allow(t, l, rule("login", "a", ratelimit.Rate{Limit: 2, Per: time.Minute}))
	if _, err := l.Reserve(context.Background(), rule("x", "a", once), rule("x", "a", once)); err == nil {
		t.Error("one rule given twice was allowed")
	}
}

func TestReleaseGivesBackOnce(t *testing.T) {
	t.Parallel()
	c := newRecorder(t)
	l := ratelimit.New(c, key, false)
	login := rule("login", "a", ratelimit.Rate{Limit: 2, Per: time.Minute})
	ticket := allow(t, l, login)
	allow(t, l, login)
	for range 3 {
		if err := ticket.Release(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	allow(t, l, login)
	refuse(t, l, login)
	if c.releases != 1 {
		t.Errorf("the cache was asked %d times to give one event back", c.releases)
	}
}

func TestANilTicketIsSafe(t *testing.T) {
	t.Parallel()
	var ticket *ratelimit.Ticket
	if err := ticket.Release(context.Background()); err != nil || ticket.Quota() != (ratelimit.Quota{}) {
		t.Errorf("a nil ticket says %v, %+v", err, ticket.Quota())
	}
}

func TestOffAllowsAndCountsNothing(t *testing.T) {
	t.Parallel()
	c := newRecorder(t)
	c.down = errors.New("down")
	l := ratelimit.New(c, key, true)
	for range 3 {
		ticket := allow(t, l, rule("login", "a", ratelimit.Rate{Limit: 1, Per: time.Minute}))
		if err := ticket.Release(context.Background()); err != nil || ticket.Quota() != (ratelimit.Quota{}) {
			t.Errorf("a ticket while off says %v, %+v", err, ticket.Quota())
		}
	}
}

func TestNoRatesAreNoLimit(t *testing.T) {
	t.Parallel()
	l := ratelimit.New(newRecorder(t), key, false)
	for range 3 {
		if q := allow(t, l, rule("login", "a")).Quota(); q != (ratelimit.Quota{}) {
			t.Errorf("the quota is %+v", q)
		}
	}
}

func TestASilentCacheIsNoLeave(t *testing.T) {
	t.Parallel()
	c := newRecorder(t)
	l := ratelimit.New(c, key, false)
	login := rule("login", "a", ratelimit.Rate{Limit: 9, Per: time.Minute})
	ticket := allow(t, l, login)
	c.down = errors.New("down")
	var refused *ratelimit.Refused
	got, err := l.Reserve(context.Background(), login)
	if got != nil || !errors.Is(err, c.down) || errors.As(err, &refused) {
		t.Errorf("Reserve = %v, %v", got, err)
	}
	if err := ticket.Release(context.Background()); !errors.Is(err, c.down) {
		t.Errorf("Release: %v", err)
	}
}

func TestTheCacheSeesNoSubject(t *testing.T) {
	t.Parallel()
	c := newRecorder(t)
	allow(t, ratelimit.New(c, key, false), rule("mail", "alice@example.org", ratelimit.Rate{Limit: 5, Per: time.Minute}))
	const want = "mail:Tq05P4EBO5Gt3y2oOInpm9kDoC8MjC22-d8TEquTn6Y:5/1m"
	if len(c.keys) != 1 || c.keys[0] != want {
		t.Errorf("the cache sees %q; want %q, as nodes of other versions do", c.keys, want)
	}
}

func TestLimitersShareCountsUnderOneKeyAlone(t *testing.T) {
	t.Parallel()
	c, other := newRecorder(t), bytes.Repeat([]byte{1}, 32)
	once := rule("mail", "alice@example.org", ratelimit.Rate{Limit: 1, Per: time.Minute})
	allow(t, ratelimit.New(c, key, false), once)
	refuse(t, ratelimit.New(c, bytes.Clone(key), false), once)
	allow(t, ratelimit.New(c, other, false), once)
}

func TestTheTighterQuotaWins(t *testing.T) {
	t.Parallel()
	none := ratelimit.Quota{}
	few := ratelimit.Quota{Limit: 600, Remaining: 1, Reset: time.Second}
	many := ratelimit.Quota{Limit: 5, Remaining: 4, Reset: time.Hour}
	later := ratelimit.Quota{Limit: 10, Remaining: 1, Reset: time.Minute}
	for _, c := range []struct{ a, b, want ratelimit.Quota }{
		{none, none, none},
		{none, many, many},
		{few, many, few},
		{few, later, later},
		{few, few, few},
	} {
		if got := c.a.Tighter(c.b); got != c.want {
			t.Errorf("of %+v and %+v %+v is tighter", c.a, c.b, got)
		}
		if got := c.b.Tighter(c.a); got != c.want {
			t.Errorf("of %+v and %+v %+v is tighter", c.b, c.a, got)
		}
	}
}

func BenchmarkReserveTwoRules(b *testing.B) {
	m := cache.NewMemory(time.Now, cache.Options{})
	b.Cleanup(m.Close)
	l := ratelimit.New(m, key, false)
	ctx := context.Background()
	network := rule("net", "2001:db8::/64", ratelimit.Rate{Limit: 600, Per: time.Microsecond})
	token := rule("token", "125", ratelimit.Rate{Limit: 1200, Per: time.Microsecond})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Reserve(ctx, network, token); err != nil {
			b.Fatal(err)
		}
	}
}
