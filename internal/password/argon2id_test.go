package password

import (
	"bytes"
	"math"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"

	"golang.org/x/crypto/argon2"
	"pgregory.net/rapid"
)

// One after the other, so that each finds memory that another left, of more or of less.
func TestArgon2idIsThatOfTheLibrary(t *testing.T) {
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
		if got := argon2id(password, salt, p, tag); !bytes.Equal(got, want) {
			t.Fatalf("%+v: %x, and not %x", p, got, want)
		}
	})
}

func TestArgon2idOfManyAtOnce(t *testing.T) {
	p, salt := Params{MemoryKiB: 512, Time: 2, Threads: 2}, make([]byte, saltSize)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			password := bytes.Repeat([]byte{byte(i)}, 9)
			want := argon2.IDKey(password, salt, p.Time, p.MemoryKiB, p.Threads, tagSize)
			for range 10 {
				if got := argon2id(password, salt, p, tagSize); !bytes.Equal(got, want) {
					t.Errorf("password %d: %x, and not %x", i, got, want)
				}
			}
		})
	}
	all.Wait()
}

func TestTheMemoryOfAHashIsUsedAgain(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // for a collection may take it
	p, salt := Params{}.completed(), make([]byte, saltSize)
	least := uint64(math.MaxUint64)
	for range 8 { // for the race detector has a pool forget one in four
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		argon2id([]byte("correct horse"), salt, p, tagSize)
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	if least > 64<<10 {
		t.Errorf("each hash took %d bytes or more", least)
	}
}

func TestTheMemoryOfAHashKeepsNothing(t *testing.T) {
	p := Params{MemoryKiB: 64, Time: 1, Threads: 1}
	for range 8 { // for the race detector has a pool forget one in four
		argon2id([]byte("correct horse"), make([]byte, saltSize), p, tagSize)
		kept, _ := memories.Get().(*[]block)
		if kept == nil {
			continue
		}
		for i, b := range (*kept)[:cap(*kept)] {
			if b != (block{}) {
				t.Fatalf("block %d is left as it was", i)
			}
		}
		return
	}
	t.Error("no memory is kept")
}
