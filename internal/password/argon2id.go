package password

import (
	"encoding/binary"
	"time"
	_ "unsafe" // for the function of another package that is named below

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/blake2b"
)

// block is what argon2 counts its memory in (RFC 9106, section 3.2).
type block [128]uint64

const blockBytes = 8 * len(block{})

// workspace is the memory that hashes are made in. Any number of goroutines may use it.
type workspace struct {
	today Params
	spare chan []block // all zero
	over  *time.Timer  // nobody asked for long
}

// keptFor is how long memory waits for the next hash.
const keptFor = time.Minute

// newWorkspace keeps the memory of so many hashes.
func newWorkspace(slots int, today Params) *workspace {
	w := &workspace{today: today, spare: make(chan []block, slots)}
	w.over = time.AfterFunc(keptFor, w.empty)
	return w
}

// argon2id is [argon2.IDKey], for costs that are bearable, in memory that is used again, and
// on the heap it wipes what it has made of the password. IDKey has the runtime find 19 MiB for each hash
// and collect them after it, with all that is in them, which makes a login dearer
// (docs/performance.md, what was tried). Its work is still the library's, which is linked by
// name, since it offers no other way to bring memory (go.dev/issue/36634). Where the library
// drops that function nothing links, and where it changes it the test that compares with IDKey
// fails: it stands in a file that all architectures share.
func (w *workspace) argon2id(password, salt []byte, p Params, tagBytes uint32) []byte {
	const id = 2 // argon2id among its kinds (RFC 9106, section 3.2)
	lanes := uint32(p.Threads)
	length := p.MemoryKiB / (4 * lanes) * 4 // of a lane, in blocks of four slices
	memory := w.take(p, int(length*lanes))
	defer w.giveBack(p, memory)

	var seed [blake2b.Size]byte
	defer clear(seed[:]) // it is soon compared with a guess
	blake2bOf(seed[:],
		littleEndian(lanes, tagBytes, p.MemoryKiB, p.Time, argon2.Version, id, uint32(len(password))), password, //nolint:gosec // a few bytes
		littleEndian(uint32(len(salt))), salt, littleEndian(0, 0)) //nolint:gosec // a few bytes; and no key, and no data
	var bytes [blockBytes]byte
	defer clear(bytes[:])
	for lane := range lanes {
		for i := range uint32(2) {
			longHash(bytes[:], seed[:], littleEndian(i, lane))
			memory[lane*length+i].read(&bytes)
		}
	}
	processBlocks(memory, p.Time, length*lanes, lanes, id)
	last := &memory[length*lanes-1]
	for lane := range lanes - 1 {
		last.add(&memory[(lane+1)*length-1])
	}
	last.write(&bytes)
	tag := make([]byte, tagBytes)
	longHash(tag, bytes[:])
	return tag
}

// keeps tells whether the memory of a hash is kept: where its work is no more than that of
// today's, and its memory no more than twice what one lane could fill with that work.
func (w *workspace) keeps(p Params) bool {
	return p.blocks() <= w.today.blocks() && uint64(p.MemoryKiB) <= 2*uint64(w.today.MemoryKiB)*uint64(w.today.Time)
}

// take returns that many blocks, which are zero. They may be part of more: were memory for
// hashes of other costs found anew each time, the time of a wrong password would tell of them.
func (w *workspace) take(p Params, blocks int) []block {
	if w.keeps(p) {
		select {
		case kept := <-w.spare:
			if cap(kept) >= blocks {
				return kept[:blocks]
			}
		default:
		}
	}
	return make([]block, blocks)
}

// giveBack wipes memory and keeps it for the next, unless as much is kept as can be asked for
// at once.
func (w *workspace) giveBack(p Params, memory []block) {
	clear(memory)
	if !w.keeps(p) {
		return
	}
	select {
	case w.spare <- memory:
		w.over.Reset(keptFor)
	default:
	}
}

func (w *workspace) empty() {
	for {
		select {
		case <-w.spare:
		default:
			return
		}
	}
}

func (b *block) read(bytes *[blockBytes]byte) {
	for i := range b {
		b[i] = binary.LittleEndian.Uint64(bytes[8*i:])
	}
}

func (b *block) write(bytes *[blockBytes]byte) {
	for i, word := range b {
		binary.LittleEndian.PutUint64(bytes[8*i:], word)
	}
}

func (b *block) add(other *block) {
	for i, word := range other {
		b[i] ^= word
	}
}

func littleEndian(all ...uint32) (bytes []byte) {
	for _, word := range all {
		bytes = binary.LittleEndian.AppendUint32(bytes, word)
	}
	return bytes
}

// longHash fills out with H' of what is in the parts (RFC 9106, section 3.3).
func longHash(out []byte, parts ...[]byte) {
	parts = append([][]byte{littleEndian(uint32(len(out)))}, parts...) //nolint:gosec // a block at the most
	if len(out) <= blake2b.Size {
		blake2bOf(out, parts...)
		return
	}
	var link [blake2b.Size]byte
	defer clear(link[:])
	blake2bOf(link[:], parts...)
	for {
		out = out[copy(out, link[:blake2b.Size/2]):]
		if len(out) <= blake2b.Size {
			blake2bOf(out, link[:])
			return
		}
		link = blake2b.Sum512(link[:])
	}
}

// blake2bOf fills out with BLAKE2b of what is in the parts, and leaves nothing of them on the
// heap.
func blake2bOf(out []byte, parts ...[]byte) {
	digest, err := blake2b.New(len(out), nil)
	if err != nil {
		panic(err) // of a length that there is not
	}
	defer func() { // Reset leaves the buffer as it was
		digest.Reset()
		digest.Write(make([]byte, digest.BlockSize()))
	}()
	for _, part := range parts {
		digest.Write(part)
	}
	digest.Sum(out[:0])
}

//go:linkname processBlocks golang.org/x/crypto/argon2.processBlocks
func processBlocks(memory []block, time, blocks, threads uint32, mode int)
