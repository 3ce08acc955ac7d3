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

// memories are []block that hashes have left, all zero. The collector takes those that
// nobody asked for between two collections, so that a server at rest keeps none.
var memories sync.Pool

// argon2id is [golang.org/x/crypto/argon2.IDKey], for costs that are bearable, in memory
// that is used again and keeps nothing of a password. IDKey has the runtime find 19 MiB for
// each hash and collect them after it, with all that is in them, which makes a login some
// 7 % dearer (docs/performance.md). Every step is still the library's own, linked by its
// name: it offers no other way to bring memory (go.dev/issue/36634). Where it drops one of
// them the build fails, and where it changes one the test that compares both.
func argon2id(password, salt []byte, p Params, tagBytes uint32) []byte {
	const id = 2 // argon2id among its kinds (RFC 9106, section 3.2)
	lanes := uint32(p.Threads)
	column := p.MemoryKiB / (4 * lanes) * 4 // blocks of a lane, in four slices
	taken := takeMemory(column * lanes)
	memory := *taken

	seed := initHash(password, salt, nil, nil, p.Time, p.MemoryKiB, lanes, tagBytes, id)
	for lane := range lanes {
		for i := range uint32(2) {
			binary.LittleEndian.PutUint32(seed[hashBytes:], i)
			binary.LittleEndian.PutUint32(seed[hashBytes+4:], lane)
			memory[lane*column+i].fill(seed[:])
		}
	}
	processBlocks(memory, p.Time, column*lanes, lanes, id)
	tag := extractKey(memory, column*lanes, lanes, tagBytes)

	clear(memory)
	memories.Put(taken)
	return tag
}

// takeMemory is of that many blocks, which are zero.
func takeMemory(blocks uint32) *[]block {
	if kept, _ := memories.Get().(*[]block); kept != nil && cap(*kept) >= int(blocks) {
		*kept = (*kept)[:blocks]
		return kept
	}
	fresh := make([]block, blocks)
	return &fresh
}

// fill makes the block the long hash of seed (RFC 9106, section 3.3).
func (b *block) fill(seed []byte) {
	var bytes [blockBytes]byte
	blake2bHash(bytes[:], seed)
	for i := range b {
		b[i] = binary.LittleEndian.Uint64(bytes[8*i:])
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
