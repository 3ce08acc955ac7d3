package password

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	_ "unsafe" // for the functions of the library that are named below

	"golang.org/x/crypto/argon2"
	"pgregory.net/rapid"
)

// One after the other, so that each finds memory that another left, of more or of less.
func TestArgon2idIsThatOfTheLibrary(t *testing.T) {
	w := newWorkspace(1, Params{MemoryKiB: 200, Time: 1, Threads: 1})
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
	w := newWorkspace(4, p)
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
	salt, enough := make([]byte, saltSize), uint64(64<<10)
	costs := slices.Concat(floor[:], []Params{{MemoryKiB: 64 * 1024, Time: 1, Threads: 4}})
	for _, today := range floor {
		today = today.completed()
		hasher := NewHasher(Options{Params: today, Slots: 1})
		for _, p := range costs {
			if p = p.completed(); p.blocks() > today.blocks() {
				continue
			}
			made := func() uint64 {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				hasher.memory.argon2id([]byte("correct horse"), salt, p, tagSize)
				runtime.ReadMemStats(&after)
				return after.TotalAlloc - before.TotalAlloc
			}
			made()
			if bytes := made(); bytes > enough {
				t.Errorf("where %+v is today's, a hash of %+v takes %d bytes", today, p, bytes)
			}
		}
	}
}

func TestTheMemoryOfAHashKeepsNothing(t *testing.T) {
	p := Params{MemoryKiB: 64, Time: 1, Threads: 1}
	w := newWorkspace(1, p)
	w.argon2id([]byte("correct horse"), make([]byte, saltSize), p, tagSize)
	if len(w.spare) == 0 {
		t.Fatal("no memory is kept")
	}
	for i, b := range <-w.spare {
		if b != (block{}) {
			t.Fatalf("block %d is left as it was", i)
		}
	}
}

func TestNoMoreMemoryIsKeptThanHashesAreMade(t *testing.T) {
	p := Params{MemoryKiB: 64, Time: 1, Threads: 1}
	w := newWorkspace(2, p)
	for range 3 {
		w.giveBack(p, make([]block, 64))
	}
	if n := len(w.spare); n != 2 {
		t.Errorf("the memory of %d hashes is kept", n)
	}
}

func TestADearHashKeepsNoMemory(t *testing.T) {
	today := Params{MemoryKiB: 64, Time: 2, Threads: 1}
	dear, salt := Params{MemoryKiB: 64, Time: 3, Threads: 1}, make([]byte, saltSize)
	w := newWorkspace(1, today)
	w.argon2id([]byte("correct horse"), salt, dear, tagSize)
	if len(w.spare) > 0 {
		t.Error("the memory of a dear hash is kept")
	}
	w.argon2id([]byte("correct horse"), salt, today, tagSize)
	w.argon2id([]byte("correct horse"), salt, dear, tagSize)
	if len(w.spare) != 1 {
		t.Error("a dear hash took the memory that was kept")
	}
	if large := (Params{MemoryKiB: 257, Time: 1, Threads: 64}); w.keeps(large) {
		t.Error("so much memory is kept as no work of today's could fill")
	}
}

func TestMemoryThatNobodyAsksForIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := Params{MemoryKiB: 64, Time: 1, Threads: 1}
		w := newWorkspace(1, p)
		for range 3 {
			time.Sleep(keptFor - time.Second)
			w.argon2id([]byte("correct horse"), make([]byte, saltSize), p, tagSize)
			synctest.Wait()
		}
		if len(w.spare) != 1 {
			t.Error("no memory is kept while somebody asks")
		}
		time.Sleep(keptFor)
		synctest.Wait()
		if len(w.spare) > 0 {
			t.Error("memory is kept for nobody")
		}
	})
}

// What is made of a password first, or last, is compared with a guess in no time.
func TestNothingOfAHashIsLeftOnTheHeap(t *testing.T) {
	password, salt, p := []byte("a password of "+rand.Text()), make([]byte, saltSize), Params{MemoryKiB: 64, Time: 1, Threads: 2}
	newWorkspace(1, p).argon2id(password, salt, p, tagSize)
	heap := heapDump(t)
	if !bytes.Contains(heap, password) {
		t.Fatal("what is there cannot be seen")
	}
	if bytes.Contains(heap, append(bytes.Clone(password), littleEndian(saltSize)...)) {
		t.Error("the password is left as it was hashed")
	}
	seed := initHash(password, salt, nil, nil, p.Time, p.MemoryKiB, uint32(p.Threads), tagSize, 2)
	if bytes.Contains(heap, seed[:hashBytes]) {
		t.Error("the first hash of the password is left")
	}
	made := initBlocks(&seed, p.MemoryKiB, uint32(p.Threads))
	telling := slices.DeleteFunc(slices.Clone(made), func(b block) bool { return b == block{} })
	processBlocks(made, p.Time, p.MemoryKiB, uint32(p.Threads), 2)
	last := &made[len(made)-1]
	last.add(&made[len(made)/2-1])
	words := make(map[uint64]bool)
	for _, b := range append(telling, *last) {
		for _, word := range b {
			words[word] = true
		}
	}
	var word uint64
	left := make(map[uint64]bool)
	for _, next := range heap {
		if word = word>>8 | uint64(next)<<56; words[word] {
			left[word] = true
		}
	}
	if len(left) > 0 {
		t.Errorf("%d of %d words of the first and the last blocks are left", len(left), len(words))
	}
	runtime.KeepAlive(password)
}

func heapDump(t *testing.T) []byte {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "heap"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	debug.WriteHeapDump(file.Fd())
	heap, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return heap
}

const hashBytes = 64 // of BLAKE2b

// As the library makes them.
//
//go:linkname initHash golang.org/x/crypto/argon2.initHash
func initHash(password, salt, key, data []byte, time, memory, threads, keyLen uint32, mode int) [hashBytes + 8]byte

//go:linkname initBlocks golang.org/x/crypto/argon2.initBlocks
func initBlocks(seed *[hashBytes + 8]byte, memory, threads uint32) []block
