package api

import (
	"context"
	"errors"
	"sync"
	"time"

	"flowxi.app/flowxi/internal/account"
)

// How many uploads may be under way on a node, from before their bodies are read until
// their photos are kept. Nobody has the last places to himself: they are shared out
// among people and networks.
const (
	maxUploads           = 12
	maxUploadsPerPerson  = 2
	maxUploadsPerNetwork = 4
)

// UploadMemory is what the files of all uploads that are under way take at the most, in
// bytes. It comes beside photo.MaxMemory.
const UploadMemory = maxUploads * (largestFile + 16<<10) // with what reads them

var errUploads = errors.New("too many uploads are under way")

// How long an upload may wait for a place, and how many may. Their bodies are not read yet,
// and nothing is counted yet, so these places are shared out too. A few at once so have
// their turns, one after the other, while those who send slowly hold up the others for a
// while only.
const (
	uploadWait           = 5 * time.Second
	maxWaiting           = 100
	maxWaitingPerPerson  = 10
	maxWaitingPerNetwork = 30
)

// Uploads bounds the memory of uploads on a node. Any number of goroutines may use it.
type Uploads struct {
	mu      sync.Mutex
	inside  crowd
	waiting crowd
	refused uint64
	left    chan struct{} // closed, and replaced, when somebody leaves
}

// NewUploads returns the bounds of a node on which nothing is uploaded yet.
func NewUploads() *Uploads {
	return &Uploads{
		inside:  newCrowd(maxUploads, maxUploadsPerPerson, maxUploadsPerNetwork),
		waiting: newCrowd(maxWaiting, maxWaitingPerPerson, maxWaitingPerNetwork),
		left:    make(chan struct{}),
	}
}

// Load tells how many uploads wait for a place, and how many were sent away without one since
// the start. Clients that hung up are none of these.
func (u *Uploads) Load() (waiting int, refused uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.waiting.all, u.refused
}

// enter takes a place, which leave gives back. It waits for one, but not for long.
func (u *Uploads) enter(client context.Context, person account.UserID, network string) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(client, uploadWait)
	defer cancel()
	u.mu.Lock()
	defer u.mu.Unlock()
	for u.inside.full(person, network) {
		if ctx.Err() != nil || u.waiting.full(person, network) {
			if client.Err() == nil {
				u.refused++
			}
			return nil, errors.Join(account.ErrServiceUnavailable, errUploads)
		}
		u.wait(ctx, person, network)
	}
	u.inside.add(person, network)
	return func() { u.leave(person, network) }, nil
}

// wait unlocks u until somebody leaves or ctx ends.
func (u *Uploads) wait(ctx context.Context, person account.UserID, network string) {
	left := u.left
	u.waiting.add(person, network)
	u.mu.Unlock()
	select {
	case <-left:
	case <-ctx.Done():
	}
	u.mu.Lock()
	u.waiting.remove(person, network)
}

func (u *Uploads) leave(person account.UserID, network string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.inside.remove(person, network)
	close(u.left)
	u.left = make(chan struct{})
}

// crowd is how many there are in one place, and how many may be.
type crowd struct {
	most, mostOfPerson, mostOfNetwork int

	all       int
	ofPerson  map[account.UserID]int
	ofNetwork map[string]int
}

func newCrowd(most, ofPerson, ofNetwork int) crowd {
	return crowd{
		most: most, mostOfPerson: ofPerson, mostOfNetwork: ofNetwork,
		ofPerson: map[account.UserID]int{}, ofNetwork: map[string]int{},
	}
}

func (c *crowd) full(person account.UserID, network string) bool {
	return c.all >= c.most || c.ofPerson[person] >= c.mostOfPerson || c.ofNetwork[network] >= c.mostOfNetwork
}

func (c *crowd) add(person account.UserID, network string) {
	c.all++
	c.ofPerson[person]++
	c.ofNetwork[network]++
}

// remove forgets who has nobody left, so that the maps stay as small as the crowd.
func (c *crowd) remove(person account.UserID, network string) {
	c.all--
	if c.ofPerson[person]--; c.ofPerson[person] == 0 {
		delete(c.ofPerson, person)
	}
	if c.ofNetwork[network]--; c.ofNetwork[network] == 0 {
		delete(c.ofNetwork, network)
	}
}
