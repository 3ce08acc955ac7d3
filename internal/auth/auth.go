// Package auth holds the verbs of Flowxi, one file for each use case, and each reads
// from top to bottom as the wire contract reads. Its one rule: it knows no transport
// and no SQL. A verb takes the caller and a checked input and returns the answer or an
// account.Error; any other error is a fault of ours.
//
// Each verb names the errors of its own. Besides these, what counts against a limit is
// account.ErrTooManyRequests past it, what the database, the cache or the bucket does not
// answer for is account.ErrServiceUnavailable, and what acts for a caller whose session has
// ended meanwhile is account.ErrUnauthenticated.
//
// There is one Auth in a node, made by New, and one Caller for each request. What asks
// for a token calls Authenticate first, which fills the Caller's Identity. Run does what is
// to be done beside requests. Login is a good place to begin to read.
package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/password"
	"flowxi.app/flowxi/internal/photo"
	"flowxi.app/flowxi/internal/ratelimit"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
)

// Deps is what the verbs work with. All of it is required.
type Deps struct {
	Store    *store.Store
	Cache    cache.Cache // challenges and pending secrets
	Limiter  *ratelimit.Limiter
	Keys     *seal.KeyRing
	Hasher   *password.Hasher
	Bucket   blob.Bucket
	Photos   *photo.Processor
	Config   config.Config
	Now      func() time.Time
	Chance   Chance // Random, but for flowxi mock
	WakeMail func() // called after a transaction that wrote mail
}

// Auth is the use cases. It is safe for concurrent use.
type Auth struct {
	store    *store.Store
	cache    cache.Cache
	limiter  *ratelimit.Limiter
	keys     *seal.KeyRing
	hasher   *password.Hasher
	bucket   blob.Bucket
	photos   *photo.Processor
	cfg      config.Config
	now      func() time.Time
	chance   Chance
	wakeMail func()

	lastUse   *lastUse
	flights   *flights
	reached   *reached
	wakeTrash chan struct{}
	jobs      map[string]*jobCount // by name; the map itself never changes
}

// New returns the use cases on top of d.
func New(d Deps) *Auth {
	return &Auth{
		store: d.Store, cache: d.Cache, limiter: d.Limiter, keys: d.Keys, hasher: d.Hasher,
		bucket: d.Bucket, photos: d.Photos, cfg: d.Config, now: d.Now, chance: d.Chance, wakeMail: d.WakeMail,
		lastUse: newLastUse(), flights: newFlights(), reached: newReached(), wakeTrash: make(chan struct{}, 1), jobs: newJobCounts(),
	}
}

// Caller is who asks, as the transport saw it. There is one for each request, and one
// goroutine uses it.
type Caller struct {
	RequestID string
	IP        netip.Addr // the real client, 4-in-6 unmapped
	UserAgent string
	Locale    account.Locale // language of the answer and of mails
	Explicit  bool           // the locale was asked for by a header

	network string // of IP, once somebody has asked

	// Identity is set by Authenticate.
	Identity *account.Identity
	// Quota is the tightest limit that the request has met so far.
	Quota ratelimit.Quota
}

// Network is that of the caller's address.
func (c *Caller) Network() string {
	if c.network == "" {
		c.network = Network(c.IP)
	}
	return c.network
}

// Network is what limits count and challenges are bound to: an IPv4 address, or the
// /64 of an IPv6 address, since the rest of it changes on a phone (contract section 12).
func Network(ip netip.Addr) string {
	ip = ip.Unmap()
	if !ip.Is6() {
		return ip.String()
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return ip.String()
	}
	return prefix.String()
}

// Ping asks the database for an answer.
func (a *Auth) Ping(ctx context.Context) error { return a.store.Ping(ctx) }

// IdleTTL is how long a token lives unused.
func (a *Auth) IdleTTL() time.Duration { return a.cfg.TokenIdleTTL }

// busyPause is what a caller waits after a 503 that comes of too much work at once.
const busyPause = 2 * time.Second

// hashed says what an error of the hasher means: a full queue in front of it is a 503.
func hashed(err error) error {
	if errors.Is(err, password.ErrBusy) {
		return account.ErrServiceUnavailable.After(busyPause)
	}
	if err != nil {
		return fmt.Errorf("hash password: %w", err)
	}
	return nil
}
