// Package cache holds what is shared and short-lived: challenges, pending
// secrets, and the counts behind every limit.
//
// Its one rule: everything in it expires, and anything but a limit may be lost
// sooner. What must not be forgotten belongs in the database.
package cache

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

var (
	// ErrMiss says that a key is absent, expired, or taken by somebody else.
	ErrMiss = errors.New("cache: no such key")

	// ErrFull says that there is no room left, and nothing that may be dropped
	// to make some. A caller that meets it fails closed.
	ErrFull = errors.New("cache: full")
)

// Cache is what all nodes share. Its methods may be called from any number of
// goroutines; each is atomic. Values are copied in and out, so that a caller
// may go on using its slice. Values and windows are apart: a window may bear
// the key of a value without touching it.
//
// Any other error than those of this package means that the cache did not
// answer, and that what was asked for may or may not have been done.
type Cache interface {
	// Set stores value under key for ttl, in place of what was there. A ttl of
	// zero or less is an error, for a value that never expires has no place
	// here. It fails with ErrFull where there is no room.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error

	// Add is Set where key is absent, and otherwise does nothing. Of any number
	// of callers exactly one is told that it was added.
	Add(ctx context.Context, key string, value []byte, ttl time.Duration) (added bool, err error)

	// Get returns the value under key and how long it has left, or ErrMiss.
	Get(ctx context.Context, key string) (value []byte, ttl time.Duration, err error)

	// Take returns the value under key and deletes it. Of any number of callers
	// exactly one gets it, and the others ErrMiss.
	Take(ctx context.Context, key string) (value []byte, err error)

	// Delete removes the value under key. That it is absent is no error.
	Delete(ctx context.Context, key string) error

	// Reserve counts one event in every window, or in none of them where any
	// is full. A full window is no error: the Reservation says so. Windows with
	// a Limit of zero or less count nothing. The keys of one call differ from
	// each other. Where there is no room for a new window it counts nothing, and
	// fails with ErrFull unless all of them are Fleeting, which are passed then.
	Reserve(ctx context.Context, windows []Window) (Reservation, error)

	// Release gives back exactly what r took. It does nothing for an event that
	// has left its window, for a refused r, and the second time.
	Release(ctx context.Context, r Reservation) error

	// Settle takes the event of r out of its Pending windows and leaves it in all others:
	// what it stands for has been done, and counts. It does nothing for a refused r, after
	// a Release, and the second time.
	Settle(ctx context.Context, r Reservation) error
}

// Window is a sliding log: it admits at most Limit events in any span of Per.
// A span holds its start and not its end, so an event leaves after exactly Per.
// A key stands for one Per, and always the same.
type Window struct {
	Key   string
	Limit int           // zero or less: no limit
	Per   time.Duration // above zero where there is a limit

	// Fleeting says that the count only slows a flood down: a restart may forget it, and
	// a node may go by its own where the shared one does not answer. A key is Fleeting
	// always or never.
	Fleeting bool

	// Pending says that the window only tells what is under way of that which is counted
	// by those before it, back to another Pending one: an event is in it until Settle or
	// Release, and for at most Per where its node never comes to either. A key is Pending
	// always or never.
	Pending bool
}

// Reservation is the outcome of Reserve.
//
// Limit, Remaining and Reset tell of the tightest window, the one with the
// fewest remaining after this reservation and, among equals, the longest reset.
// All three are zero where no window had a limit. Pending windows are not among them.
type Reservation struct {
	Allowed bool

	// RetryAfter is how long until every window that refused would admit one
	// event; zero where Allowed.
	RetryAfter time.Duration

	Limit     int
	Remaining int

	// Reset is how long until the window's oldest event leaves, and so until
	// Remaining grows again; zero where the window is empty.
	Reset time.Duration

	// Pending is how many events are under way by the Pending windows, of those that may
	// have filled what refused. It is zero where Allowed.
	Pending int

	taken *taken
}

// taken is what Release gives back. Copies of a Reservation share it, so that
// no copy can give the same event back again.
type taken struct {
	released atomic.Bool
	settled  atomic.Bool
	keys     []string
	few      [2]string    // room for keys
	pending  []string     // those of keys whose windows are Pending
	at       int64        // in a Memory
	event    string       // in a Redis
	shadow   *Reservation // what a Redis has counted beside itself
}

func checkTTL(ttl time.Duration) error {
	if ttl <= 0 {
		return fmt.Errorf("cache: a value cannot live for %v", ttl)
	}
	return nil
}
