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

// How long an upload may wait for a place, and how many may. Their bodies are not read yet.
// A few at once so have their turns, one after the other, while those who send slowly hold
// up the others for a while only.
const (
	uploadWait        = 5 * time.Second
	maxWaitingUploads = 100
)

// uploads bounds the memory of uploads.
type uploads struct {
	mu        sync.Mutex
	all       int
	waiting   int
	left      chan struct{} // closed, and replaced, when somebody leaves
	ofPerson  map[account.UserID]int
	ofNetwork map[string]int
}

func newUploads() *uploads {
	return &uploads{left: make(chan struct{}), ofPerson: map[account.UserID]int{}, ofNetwork: map[string]int{}}
}

// enter takes a place, which leave gives back. It waits for one, but not for long.
func (u *uploads) enter(ctx context.Context, person account.UserID, network string) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, uploadWait)
	defer cancel()
	u.mu.Lock()
	defer u.mu.Unlock()
	for u.all >= maxUploads || u.ofPerson[person] >= maxUploadsPerPerson || u.ofNetwork[network] >= maxUploadsPerNetwork {
		if u.waiting >= maxWaitingUploads || ctx.Err() != nil {
			return nil, errors.Join(account.ErrServiceUnavailable, errUploads)
		}
		u.wait(ctx)
	}
	u.all++
	u.ofPerson[person]++
	u.ofNetwork[network]++
	return func() { u.leave(person, network) }, nil
}

// wait unlocks u until somebody leaves or ctx ends.
func (u *uploads) wait(ctx context.Context) {
	left := u.left
	u.waiting++
	u.mu.Unlock()
	select {
	case <-left:
	case <-ctx.Done():
	}
	u.mu.Lock()
	u.waiting--
}

// leave forgets who has no more under way, so that the maps stay as small as the gate.
func (u *uploads) leave(person account.UserID, network string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all--
	close(u.left)
	u.left = make(chan struct{})
	if u.ofPerson[person]--; u.ofPerson[person] == 0 {
		delete(u.ofPerson, person)
	}
	if u.ofNetwork[network]--; u.ofNetwork[network] == 0 {
		delete(u.ofNetwork, network)
	}
}
