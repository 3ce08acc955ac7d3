package password

import (
	"encoding/binary"
	"sync"
	_ "unsafe" // for the functions of another package that are named below

	_ "golang.org/x/crypto/argon2" // which has them
)

// block is what argon2 counts its memory in (RFC 9106, section 3.2).
type block [128]uint64

const (
	blockBytes = 8 * len(block{})
	hashBytes  = 64 // of BLAKE2b
)

// workspace is the memory that hashes are made in. Any number of goroutines may use it.
type workspace struct {
	most  int       // blocks: memory of more is not kept for the next
	spare sync.Pool // of *[]block, all zero
}

// argon2id is [golang.org/x/crypto/argon2.IDKey], for costs that are bearable, in memory
// that is used again, and it wipes what it has made of the password. IDKey has the runtime
// find 19 MiB for each hash and collect them after it, with all that is in them, which makes
// a login dearer (docs/performance.md, what was tried). Every step is still the library's own,
// linked by its name: it offers no other way to bring memory (go.dev/issue/36634). Where it
// drops one of them nothing links, and where it changes one the test that compares both fails.
func (w *workspace) argon2id(password, salt []byte, p Params, tagBytes uint32) []byte {
	const id = 2 // argon2id among its kinds (RFC 9106, section 3.2)
	lanes := uint32(p.Threads)
	length := p.MemoryKiB / (4 * lanes) * 4 // of a lane, in blocks of four slices
	taken := w.take(int(length * lanes))
	defer w.giveBack(taken)
	memory := *taken

	seed := initHash(password, salt, nil, nil, p.Time, p.MemoryKiB, lanes, tagBytes, id)
	defer clear(seed[:]) // it is soon compared with a guess
	for lane := range lanes {
		for i := range uint32(2) {
			binary.LittleEndian.PutUint32(seed[hashBytes:], i)
			binary.LittleEndian.PutUint32(seed[hashBytes+4:], lane)
			memory[lane*length+i].fill(seed[:])
		}
	}
	processBlocks(memory, p.Time, length*lanes, lanes, id)
	return extractKey(memory, length*lanes, lanes, tagBytes)
}

// take returns that many blocks, which are zero. They may be part of more: were memory for
// hashes of other costs found anew each time, the time of a wrong password would tell of them.
func (w *workspace) take(blocks int) *[]block {
	if kept, _ := w.spare.Get().(*[]block); kept != nil && cap(*kept) >= blocks {
		*kept = (*kept)[:blocks]
		return kept
	}
	fresh := make([]block, blocks)
	return &fresh
}

// giveBack keeps memory for the next, until the collector finds that nobody asked for it
// between two collections: a server at rest keeps none.
func (w *workspace) giveBack(taken *[]block) {
	clear(*taken)
	if cap(*taken) <= w.most {
		w.spare.Put(taken)
	}
}

// fill makes the block the long hash of seed (RFC 9106, section 3.3).
func (b *block) fill(seed []byte) {
	var long [blockBytes]byte
	defer clear(long[:])
	blake2bHash(long[:], seed)
	for i := range b {
		b[i] = binary.LittleEndian.Uint64(long[8*i:])
	}
}

//go:linkname initHash golang.org/x/crypto/argon2.initHash
func initHash(password, salt, key, data []byte, time, memory, threads, keyLen uint32, mode int) [hashBytes + 8]byte

//go:linkname blake2bHash golang.org/x/crypto/argon2.blake2bHash
func blake2bHash(out, in []byte)

//go:linkname processBlocks golang.org/x/crypto/argon2.processBlocks
func processBlocks(memory []block, time, blocks, threads uint32, mode int)

//go:linkname extractKey golang.org/x/crypto/argon2.extractKey
func extractKey(memory []block, blocks, threads, keyLen uint32) []byte
