package auth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/ratelimit"
	"flowxi.app/flowxi/internal/store"
)

// maxReached is how many limits are told apart in a minute. Past that they are counted
// together, so that no flood fills memory or the audit trail.
const maxReached = 1_000

// reached keeps in memory which limits were reached, since a refusal does no work. Once a
// minute they become one event for each limit and subject, with how often it was. A node
// that is killed takes the last minute of them with it.
type reached struct {
	mu     sync.Mutex
	notes  map[string]*reachedLimit
	beyond int
}

type reachedLimit struct {
	key   string // among the notes, empty where it stands for many
	first store.AuditEvent
	email string // that the limit is of, empty where it is of a person or a network
	times int
}

func newReached() *reached { return &reached{notes: make(map[string]*reachedLimit)} }

// note takes down a refusal. What it is of is asked for the first time only, since a flood
// is refused again and again.
func (r *reached) note(key string, first func() reachedLimit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch known := r.notes[key]; {
	case known != nil:
		known.times++
	case len(r.notes) >= maxReached:
		r.beyond++
	default:
		n := first()
		n.key, n.times = key, 1
		r.notes[key] = &n
	}
}

// take returns what was noted since the last time, and forgets it.
func (r *reached) take() (list []*reachedLimit, beyond int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(r.notes)) {
		list = append(list, r.notes[key])
	}
	beyond = r.beyond
	clear(r.notes)
	r.beyond = 0
	return list, beyond
}

// reachedBy notes that a call met one of its rules, of which the first has the narrowest
// subject.
func (a *Auth) reachedBy(c *Caller, rules []ratelimit.Rule) {
	rule := rules[0]
	name := rule.Name
	if slices.ContainsFunc(rules[1:], func(r ratelimit.Rule) bool { return !r.Pending }) { // which of them it was, the cache does not tell
		name, _, _ = strings.Cut(name, ".")
	}
	a.reached.note(name+"\x00"+rule.Subject, func() reachedLimit {
		about := account.UserID(0)
		if strings.HasSuffix(rule.Name, ".person") {
			id, _ := strconv.ParseInt(rule.Subject, 10, 64) // made by subject
			about = account.UserID(id)
		}
		n := reachedLimit{first: a.event(c, eventLimitReached, about, name)}
		if email, _, _ := strings.Cut(rule.Subject, "\x00"); strings.Contains(email, "@") {
			n.email = email
		}
		return n
	})
}

// reachedBatch bounds the transaction of one write.
const reachedBatch = 100

// WriteReached writes to the audit trail which limits were reached since the last time.
func (a *Auth) WriteReached(ctx context.Context) error {
	list, beyond := a.reached.take()
	if beyond > 0 {
		e := store.AuditEvent{At: a.now(), Action: eventLimitReached, Actor: "stranger", Detail: "others"}
		list = append(list, &reachedLimit{first: e, times: beyond})
	}
	var failed error
	for batch := range slices.Chunk(list, reachedBatch) {
		if err := a.writeReached(ctx, batch); err != nil {
			a.reached.putBack(batch)
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// putBack keeps what could not be written for the next time.
func (r *reached) putBack(list []*reachedLimit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range list {
		switch known := r.notes[n.key]; {
		case n.key == "":
			r.beyond += n.times
		case known != nil:
			known.times += n.times
		default:
			r.notes[n.key] = n
		}
	}
}

// writeReached looks for whom the limits were of outside of the transaction, which would
// be in the way of registrations otherwise.
func (a *Auth) writeReached(ctx context.Context, batch []*reachedLimit) error {
	events := make([]store.AuditEvent, len(batch))
	for i, n := range batch {
		var err error
		if events[i], err = a.reachedEvent(ctx, n); err != nil {
			return err
		}
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		for _, e := range events {
			if err := tx.Audit(ctx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// reachedEvent names the person of the e-mail, if there is one, and not the e-mail.
func (a *Auth) reachedEvent(ctx context.Context, n *reachedLimit) (store.AuditEvent, error) {
	e := n.first
	e.At = a.now() // an event that comes late would be looked for in vain by those who name it
	if n.email != "" {
		u, err := a.store.UserByEmail(ctx, n.email)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return e, err
		}
		e.UserID = u.ID
	}
	e.Detail = fmt.Sprintf("%s, %d times", e.Detail, n.times)
	return e, nil
}
