package api

import (
	"errors"
	"sync"

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

// uploads bounds the memory of uploads. Nobody waits for a place: whoever sends slowly
// would hold up the others, and a body that waits takes memory as well.
type uploads struct {
	mu        sync.Mutex
	all       int
	ofPerson  map[account.UserID]int
	ofNetwork map[string]int
}

func newUploads() *uploads {
	return &uploads{ofPerson: map[account.UserID]int{}, ofNetwork: map[string]int{}}
}

// enter takes a place, which leave gives back, or refuses at once.
func (u *uploads) enter(person account.UserID, network string) (leave func(), err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.all >= maxUploads || u.ofPerson[person] >= maxUploadsPerPerson || u.ofNetwork[network] >= maxUploadsPerNetwork {
		return nil, errors.Join(account.ErrServiceUnavailable, errUploads)
	}
	u.all++
	u.ofPerson[person]++
	u.ofNetwork[network]++
	return func() { u.leave(person, network) }, nil
}

// leave forgets who has no more under way, so that the maps stay as small as the gate.
func (u *uploads) leave(person account.UserID, network string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all--
	if u.ofPerson[person]--; u.ofPerson[person] == 0 {
		delete(u.ofPerson, person)
	}
	if u.ofNetwork[network]--; u.ofNetwork[network] == 0 {
		delete(u.ofNetwork, network)
	}
}
