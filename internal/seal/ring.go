// Package seal keeps secrets at rest: authenticated encryption and keyed
// digests under a ring of keys that can be exchanged without downtime
// (contract section 9), and files that only their owner reads.
//
// Its one rule: the first key of the ring makes everything new, every key of
// the ring opens and verifies what is old, and no error ever shows a key.
package seal

import (
	"io/fs"
	"sync"
	"sync/atomic"
)

// KeyRing is one active key and any number of older ones. It comes from Parse,
// Load or LoadOrCreate, and any number of goroutines may use it.
type KeyRing struct {
	keys atomic.Pointer[keys]

	path     string // empty where the ring was parsed from a setting
	reloads  sync.Mutex
	lastRead fs.FileInfo
}

// keys is never empty and never changes: a reload puts another in its place.
type keys []*key

func (k keys) active() *key { return k[0] }

func (k keys) find(id string) *key {
	for _, one := range k {
		if one.id == id {
			return one
		}
	}
	return nil
}

func (k keys) ids() []string {
	ids := make([]string, len(k))
	for i, one := range k {
		ids[i] = one.id
	}
	return ids
}

// IDs returns the id of each key, the active one first.
func (r *KeyRing) IDs() []string { return r.keys.Load().ids() }
