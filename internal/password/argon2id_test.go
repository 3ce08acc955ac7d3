package password

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"

	"golang.org/x/crypto/argon2"
	"pgregory.net/rapid"
)

// One after the other, so that each finds memory that another left, of more or of less.
func TestArgon2idIsThatOfTheLibrary(t *testing.T) {
	w := &workspace{most: 200}
	rapid.Check(t, func(t *rapid.T) {
		threads := rapid.Uint8Range(1, 5).Draw(t, "threads")
		p := Params{
			Threads:   threads,
			MemoryKiB: rapid.Uint32Range(memoryPerWay*uint32(threads), 300).Draw(t, "memory"),
			Time:      rapid.Uint32Range(1, 3).Draw(t, "passes"),
		}
		password := rapid.SliceOfN(rapid.Byte(), 0, 80).Draw(t, "password")
		salt := rapid.SliceOfN(rapid.Byte(), minSalt, maxSalt).Draw(t, "salt")
		tag := rapid.Uint32Range(minTag, maxTag).Draw(t, "tag")

		want := argon2.IDKey(password, salt, p.Time, p.MemoryKiB, p.Threads, tag)
		if got := w.argon2id(password, salt, p, tag); !bytes.Equal(got, want) {
			t.Fatalf("%+v: %x, and not %x", p, got, want)
		}
	})
}

func TestArgon2idOfManyAtOnce(t *testing.T) {
	p, salt := Params{MemoryKiB: 512, Time: 2, Threads: 2}, make([]byte, saltSize)
	w := &workspace{most: 512}
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			password := bytes.Repeat([]byte{byte(i)}, 9)
			want := argon2.IDKey(password, salt, p.Time, p.MemoryKiB, p.Threads, tagSize)
			for range 10 {
				if got := w.argon2id(password, salt, p, tagSize); !bytes.Equal(got, want) {
					t.Errorf("password %d: %x, and not %x", i, got, want)
				}
			}
		})
	}
	all.Wait()
}

// Whatever its costs, where it is not dearer than those of today.
func TestTheMemoryOfAHashIsUsedAgain(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // for a collection may take it
	salt, enough := make([]byte, saltSize), uint64(64<<10)
	for _, today := range floor {
		today.Threads = 1
		hasher := NewHasher(Options{Params: today})
		for _, p := range floor {
			if p.Threads = 1; p.blocks() > today.blocks() {
				continue
			}
			least := uint64(math.MaxUint64)
			for range 20 { // for the race detector has a pool forget one in four
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				hasher.memory.argon2id([]byte("correct horse"), salt, p, tagSize)
				runtime.ReadMemStats(&after)
				if least = min(least, after.TotalAlloc-before.TotalAlloc); least <= enough {
					break
				}
			}
			if least > enough {
				t.Errorf("where %+v is today's, a hash of %+v takes %d bytes or more", today, p, least)
			}
		}
	}
}

func TestTheMemoryOfAHashKeepsNothing(t *testing.T) {
	w, p := &workspace{most: 64}, Params{MemoryKiB: 64, Time: 1, Threads: 1}
	for range 8 { // for the race detector has a pool forget one in four
		w.argon2id([]byte("correct horse"), make([]byte, saltSize), p, tagSize)
		kept, _ := w.spare.Get().(*[]block)
		if kept == nil {
			continue
		}
		for i, b := range *kept {
			if b != (block{}) {
				t.Fatalf("block %d is left as it was", i)
			}
		}
		return
	}
	t.Error("no memory is kept")
}

// What is made of a password first is compared with a guess in no time.
func TestNothingOfAPasswordIsLeftOnTheHeap(t *testing.T) {
	password, salt, p := []byte("a password that stands nowhere else"), make([]byte, saltSize), Params{MemoryKiB: 64, Time: 1, Threads: 1}
	new(workspace).argon2id(password, salt, p, tagSize)
	file, err := os.Create(filepath.Join(t.TempDir(), "heap"))
	if err != nil {
		t.Fatal(err)
	}
	debug.WriteHeapDump(file.Fd())
	heap, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(heap, password) {
		t.Fatal("what is there cannot be seen")
	}
	seed := initHash(password, salt, nil, nil, p.Time, p.MemoryKiB, uint32(p.Threads), tagSize, 2)
	if bytes.Contains(heap, seed[:hashBytes]) {
		t.Error("the first hash of the password is left")
	}
	var first block
	first.fill(seed[:]) // with the counters at zero
	if bytes.Contains(heap, binary.LittleEndian.AppendUint64(nil, first[9])) {
		t.Error("the first block is left")
	}
	runtime.KeepAlive(password)
}

func TestADearHashKeepsNoMemoryWhileOthersAreMade(t *testing.T) {
	dear, cheap := Params{MemoryKiB: 256 << 10, Time: 1, Threads: 1}, Params{MemoryKiB: 64, Time: 1, Threads: 1}
	w, salt := &workspace{most: 4 * 64}, make([]byte, saltSize)
	w.argon2id([]byte("correct horse"), salt, dear, tagSize)
	for range 4 {
		w.argon2id([]byte("correct horse"), salt, cheap, tagSize)
		runtime.GC()
	}
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	if now.HeapAlloc > 128<<20 {
		t.Errorf("%d MB are held", now.HeapAlloc>>20)
	}
}
