// Package ratelimit limits how often something may happen to somebody
// (contract section 12), with counts in the cache that all nodes share.
//
// Its one rule: reserve before the work, release where the work turned out not
// to count, and do no work where the answer is anything but a ticket.
package ratelimit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"flowxi.app/flowxi/internal/cache"
)

// Rule is what may happen how often to one subject.
type Rule struct {
	// Name tells rules apart: short, stable, and part of the key in the cache.
	Name string

	Rates Rates

	// Subject is who is counted: an address, a network, the id of a person. The
	// cache gets to see a keyed digest of it only.
	Subject string

	// Fleeting counts may be forgotten when the server starts again.
	Fleeting bool

	// Pending events limit nothing. They tell those whom the rules before refuse, back to
	// another Pending one, what is under way, until their Ticket is settled or released.
	Pending bool
}

// Limiter counts events by rules. Any number of goroutines may use it.
type Limiter struct {
	cache   cache.Cache
	digests sync.Pool // of *digest, since every request needs some
	off     bool
}

// New returns a limiter that counts in c, or with off one that allows all and
// counts nothing. Subjects are counted under the key: limiters that are to share
// their counts, before and after a restart too, need the same.
func New(c cache.Cache, key []byte, off bool) *Limiter {
	return &Limiter{cache: c, digests: sync.Pool{New: func() any { return &digest{hash: hmac.New(sha256.New, key)} }}, off: off}
}

// Reserve counts one event under all rules, or under none of them. Where any of
// them is over its limit the error is a *Refused. Any other error means that
// the cache did not answer, and the caller fails closed. No two rules of one
// call have the same name and subject.
func (l *Limiter) Reserve(ctx context.Context, rules ...Rule) (*Ticket, error) {
	if l.off {
		return &Ticket{}, nil
	}
	r, err := l.cache.Reserve(ctx, l.windows(rules))
	if err != nil {
		return nil, fmt.Errorf("reserve rate limit: %w", err)
	}
	quota := Quota{Limit: r.Limit, Remaining: r.Remaining, Reset: r.Reset}
	if !r.Allowed {
		return nil, &Refused{RetryAfter: r.RetryAfter, Pending: r.Pending, Quota: quota}
	}
	return &Ticket{cache: l.cache, reservation: r, quota: quota}, nil
}

func (l *Limiter) windows(rules []Rule) []cache.Window {
	d, _ := l.digests.Get().(*digest)
	defer l.digests.Put(d)
	w := make([]cache.Window, 0, 2*len(rules))
	var room [128]byte // for more than any key
	for _, rule := range rules {
		prefix := rule.prefix(room[:0], d)
		for _, rate := range rule.Rates {
			w = append(w, cache.Window{Key: string(rate.append(prefix)), Limit: rate.Limit, Per: rate.Per, Fleeting: rule.Fleeting, Pending: rule.Pending})
		}
	}
	return w
}

// prefix is the part of the key that all rates of the rule share. The rate
// follows, so that a changed setting starts counting anew. Version 0.1.0 had the
// SHA-256 of the subject in it, without a key: nodes of it beside these count apart, and
// all counts begin anew after it.
func (r Rule) prefix(b []byte, d *digest) []byte {
	b = append(append(b, r.Name...), ':')
	b = base64.RawURLEncoding.AppendEncode(b, d.of(r.Subject))
	return append(b, ':')
}

// NameIn is the name of the rule that a key in the cache counts for.
func NameIn(key string) string {
	name, _, _ := strings.Cut(key, ":")
	return name
}

// digest is HMAC-SHA256 under the key of a limiter, with room to work in.
type digest struct {
	hash hash.Hash
	room []byte
}

// of returns the digest of a subject, which is good until the next.
func (d *digest) of(subject string) []byte {
	d.room = append(d.room[:0], subject...)
	d.hash.Reset()
	d.hash.Write(d.room)
	d.room = d.hash.Sum(d.room[:0])
	return d.room
}

// Ticket is leave to do the work.
type Ticket struct {
	cache       cache.Cache
	reservation cache.Reservation
	quota       Quota
	released    atomic.Bool
}

// Release gives the event back: a success is not a failure. It does so once,
// and nothing for a nil ticket.
func (t *Ticket) Release(ctx context.Context) error {
	if t == nil || t.cache == nil || t.released.Swap(true) {
		return nil
	}
	if err := t.cache.Release(ctx, t.reservation); err != nil {
		return fmt.Errorf("release rate limit: %w", err)
	}
	return nil
}

// Settle leaves the event counted, and under way no more. It does so once, and nothing
// after a Release and for a nil ticket.
func (t *Ticket) Settle(ctx context.Context) error {
	if t == nil || t.cache == nil {
		return nil
	}
	if err := t.cache.Settle(ctx, t.reservation); err != nil {
		return fmt.Errorf("settle rate limit: %w", err)
	}
	return nil
}

// Quota tells what is left after the ticket; zero for a nil ticket.
func (t *Ticket) Quota() Quota {
	if t == nil {
		return Quota{}
	}
	return t.quota
}

// Quota is what the RateLimit headers tell (contract section 1). The zero
// Quota means that no limit applied.
type Quota struct {
	Limit     int
	Remaining int
	Reset     time.Duration // until Remaining grows again
}

// Tighter returns the quota with the fewer events remaining and, among equals,
// the longer reset.
func (q Quota) Tighter(other Quota) Quota {
	switch {
	case q.Limit == 0:
		return other
	case other.Limit == 0:
		return q
	case other.Remaining < q.Remaining:
		return other
	case other.Remaining == q.Remaining && other.Reset > q.Reset:
		return other
	}
	return q
}

// Refused is the error of Reserve where a limit is reached.
type Refused struct {
	RetryAfter time.Duration // until every rule that refused would allow one
	Pending    int           // how many events are under way that may have filled what refused
	Quota      Quota
}

// Error implements error.
func (r *Refused) Error() string {
	return fmt.Sprintf("rate limit reached, try again in %v", r.RetryAfter)
}
