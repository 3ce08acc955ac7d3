package password

import (
	"errors"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5Q")
	f.Add("$argon2id$v=19$m= 8,t=+1,p=1$$")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, encoded string) {
		h, err := parsePHC(encoded)
		if err != nil {
			return
		}
		if h.String() != encoded {
			t.Errorf("%q reads as %q", encoded, h)
		}
		if p := h.params; p.completed() != p {
			t.Errorf("%q has costs that a hasher would not use: %+v", encoded, p)
		}
	})
}

func FuzzWhatAHashLacks(f *testing.F) {
	f.Add(uint32(19*1024), uint32(2), uint8(1), uint32(46*1024), uint32(3), uint8(2))
	f.Add(uint32(8), uint32(1), uint8(1), uint32(19*1024), uint32(2), uint8(1))
	f.Add(uint32(46*1024), uint32(1), uint8(1), uint32(19*1024), uint32(2), uint8(1))
	f.Fuzz(func(t *testing.T, m1, t1 uint32, p1 uint8, m2, t2 uint32, p2 uint8) {
		stored, today := Params{m1 % maxMemoryKiB, t1, p1}.completed(), Params{m2 % maxMemoryKiB, t2, p2}.completed()
		rest, lacks := stored.lacking(today)
		if !lacks {
			if stored.blocks() < today.blocks() {
				t.Errorf("%+v lacks nothing of %+v", stored, today)
			}
			return
		}
		if !rest.bearable() || rest.MemoryKiB > max(today.MemoryKiB, memoryPerWay) {
			t.Errorf("%+v lacks %+v of %+v, which is more than it may take", stored, rest, today)
		}
		together, slack := stored.blocks()+rest.blocks(), uint64(rest.Time)+memoryPerWay
		if together+slack < today.blocks() || together > today.blocks()+slack {
			t.Errorf("%+v and %+v take %d, and %+v takes %d", stored, rest, together, today, today.blocks())
		}
	})
}

func FuzzCheckBcrypt(f *testing.F) {
	f.Add("$2b$04$eiFfQxGoiKr5uzzHECxfUemqsTpK6LcmOTvYKOVIyqu6UkTVm9f.O")
	f.Add("$2y$31$" + "eiFfQxGoiKr5uzzHECxfUemqsTpK6LcmOTvYKOVIyqu6UkTVm9f.O")
	f.Fuzz(func(t *testing.T, encoded string) {
		if checkBcrypt(encoded) != nil {
			return
		}
		fast := encoded[:4] + "04" + encoded[6:]
		if err := bcrypt.CompareHashAndPassword([]byte(fast), []byte("x")); err != nil && !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
			t.Errorf("%q passed: %v", encoded, err)
		}
	})
}
