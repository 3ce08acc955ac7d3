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
