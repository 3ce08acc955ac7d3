package password_test

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"flowxi.app/flowxi/internal/password"
)

var cheap = password.Params{MemoryKiB: 64, Time: 1, Threads: 1}

func hash(t testing.TB, h *password.Hasher, secret string) string {
	t.Helper()
	encoded, err := h.Hash(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func verify(t *testing.T, h *password.Hasher, encoded, secret string, wantOK, wantStale bool) {
	t.Helper()
	ok, stale, err := h.Verify(t.Context(), password.InTurn, encoded, secret)
	if err != nil || ok != wantOK || stale != wantStale {
		t.Errorf("Verify(%q, %.80q) = %v, %v, %v; want %v, %v", encoded, secret, ok, stale, err, wantOK, wantStale)
	}
}

func TestVerifyFindsTheOneThatWasHashed(t *testing.T) {
	t.Parallel()
	h := password.NewHasher(password.Options{Params: cheap})
	for _, secret := range []string{"correct horse", "", "nul\x00inside", "\xff\xfe", strings.Repeat("long", 5000)} {
		encoded := hash(t, h, secret)
		verify(t, h, encoded, secret, true, false)
		verify(t, h, encoded, secret+"x", false, false)
	}
}

func TestKeyboardsMayComposeAsTheyLike(t *testing.T) {
	t.Parallel()
	h := password.NewHasher(password.Options{Params: cheap})
	verify(t, h, hash(t, h, "caf\u00e9 ﬁn de siècle"), "cafe\u0301 fin de sie\u0300cle", true, false)
	verify(t, h, hash(t, h, "Sesame open"), "sesame open", false, false)
}

func TestHashesAreSaltedPHCStrings(t *testing.T) {
	t.Parallel()
	h := password.NewHasher(password.Options{})
	one, two := hash(t, h, "correct horse"), hash(t, h, "correct horse")
	if one == two {
		t.Error("two hashes of one password are equal")
	}
	const head = "$argon2id$v=19$m=19456,t=2,p=1$"
	if len(one) != len(head)+22+1+43 || !strings.HasPrefix(one, head) {
		t.Errorf("the hash is %q", one)
	}
}

// The hashes of this test stand in the test suites of the reference
// implementation of Argon2 and of crypt_blowfish.
func TestOthersHashesVerifyAndAreStale(t *testing.T) {
	t.Parallel()
	h := password.NewHasher(password.Options{})
	const argon2id = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	verify(t, h, argon2id, "password", true, true)
	verify(t, h, argon2id, "Password", false, false)
	const blowfish = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
	verify(t, h, blowfish, "U*U", true, true)
	verify(t, h, blowfish, "U*V", false, false)
}

func TestOtherCostsAreStale(t *testing.T) {
	t.Parallel()
	today := password.NewHasher(password.Options{Params: cheap})
	for _, p := range []password.Params{{MemoryKiB: 128, Time: 1}, {MemoryKiB: 64, Time: 3}, {MemoryKiB: 64, Time: 1, Threads: 2}} {
		before := password.NewHasher(password.Options{Params: p})
		verify(t, today, hash(t, before, "correct horse"), "correct horse", true, true)
	}
}

// Where costs were raised, a person with an older hash must not be told from nobody by
// the time of a wrong password. Of other work beside it the bounds leave room, and none
// for a hash that is not made as dear as today's. Not parallel: the processor's time is that of all tests.
func TestAWrongPasswordTakesAsLongWithACheaperHash(t *testing.T) {
	today := password.NewHasher(password.Options{Params: password.Params{MemoryKiB: 16 * 1024, Time: 4}})
	others := []password.Params{{MemoryKiB: 16 * 1024, Time: 1}, {MemoryKiB: 10 * 1024, Time: 3}, {MemoryKiB: 32 * 1024, Time: 1}}
	best, encoded := make([]time.Duration, len(others)+1), make([]string, len(others))
	for i, p := range others {
		encoded[i] = hash(t, password.NewHasher(password.Options{Params: p}), "correct horse")
	}
	quicker := func(i int, do func() error) {
		if took := spent(t, do); best[i] == 0 || took < best[i] {
			best[i] = took
		}
	}
	const rounds = 40 // the best of few is not that of the processor, where others have it too
	for round := 0; round < rounds && (round < 8 || !alike(best)); round++ {
		for i := range others {
			quicker(i, func() error {
				_, _, err := today.Verify(t.Context(), password.InTurn, encoded[i], "a guess")
				return err
			})
		}
		quicker(len(others), func() error { return today.VerifyNobody(t.Context(), "a guess") })
	}
	if !alike(best) {
		t.Errorf("with hashes of %+v a wrong password takes %v, and that of nobody the last", others, best)
	}
}

// alike tells whether each takes about as long as the last.
func alike(took []time.Duration) bool {
	last := float64(took[len(took)-1])
	return !slices.ContainsFunc(took, func(one time.Duration) bool { return float64(one)/last < 0.7 || float64(one)/last > 1.6 })
}

// spent is the time of the processor that something takes.
func spent(t *testing.T, do func() error) time.Duration {
	t.Helper()
	now := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			t.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	start := now()
	if err := do(); err != nil {
		t.Fatal(err)
	}
	return now() - start
}

func TestImportedBcryptVerifiesAndIsStale(t *testing.T) {
	t.Parallel()
	h := password.NewHasher(password.Options{Params: cheap})
	long := strings.Repeat("0123456789", 7) + "ab"
	for _, secret := range []string{"correct horse", "cafe\u0301", long} {
		made, err := bcrypt.GenerateFromPassword([]byte(secret), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		for _, prefix := range []string{"$2a$", "$2b$", "$2y$"} {
			verify(t, h, prefix+string(made[4:]), secret, true, true)
			verify(t, h, prefix+string(made[4:]), "x"+secret, false, false)
		}
		if secret == long {
			verify(t, h, string(made), long+" and what bcrypt does not see", true, false)
		}
	}
}

func TestBadStoredHashesAreErrors(t *testing.T) {
	t.Parallel()
	h := password.NewHasher(password.Options{Params: cheap})
	const rest = "$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	const bcryptRest = "eiFfQxGoiKr5uzzHECxfUemqsTpK6LcmOTvYKOVIyqu6UkTVm9f.O"
	for _, encoded := range []string{
		"", "password", "$", "$$$$$", "$2", "$2b$",
		"$argon2id$v=19$m=64,t=1,p=1", "$argon2i$v=19$m=64,t=1,p=1" + rest, "$argon2id$v=16$m=64,t=1,p=1" + rest,
		"$argon2id$v=19$t=1,m=64,p=1" + rest, "$argon2id$v=19$m=064,t=1,p=1" + rest, "$argon2id$v=19$m=64,t=1,p=1,x=1" + rest,
		"$argon2id$v=19$m=-64,t=1,p=1" + rest, "$argon2id$v=19$m=64,t=1,p=256" + rest, " $argon2id$v=19$m=64,t=1,p=1" + rest,
		"$argon2id$v=19$m=64,t=1,p=1" + rest + "=", "$argon2id$v=19$m=64,t=1,p=1" + rest + "\n",
		"$argon2id$v=19$m=64,t=0,p=1" + rest, "$argon2id$v=19$m=64,t=1,p=0" + rest, "$argon2id$v=19$m=7,t=1,p=1" + rest,
		"$argon2id$v=19$m=1048577,t=1,p=1" + rest, "$argon2id$v=19$m=1048576,t=5,p=1" + rest, "$argon2id$v=19$m=64,t=4294967295,p=1" + rest,
		"$argon2id$v=19$m=64,t=1,p=1$c2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$dGFn",
		"$2b$17$" + bcryptRest, "$2b$31$" + bcryptRest, "$2b$03$" + bcryptRest, "$2b$xx$" + bcryptRest,
		"$2x$04$" + bcryptRest, "$2b$04$" + bcryptRest[1:], "$2b$04!" + bcryptRest, "$2b$04$" + strings.Replace(bcryptRest, "z", "!", 1),
	} {
		start := time.Now()
		if ok, stale, err := h.Verify(t.Context(), password.InTurn, encoded, "password"); ok || stale || err == nil {
			t.Errorf("Verify(%q) = %v, %v, %v", encoded, ok, stale, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("Verify(%q) took %v", encoded, took)
		}
	}
}

func TestCostsOutOfBoundsAreBroughtWithin(t *testing.T) {
	t.Parallel()
	h := password.NewHasher(password.Options{Params: password.Params{MemoryKiB: 1, Time: 1, Threads: 4}})
	encoded := hash(t, h, "correct horse")
	if !strings.Contains(encoded, "$m=32,t=1,p=4$") {
		t.Errorf("the hash is %q", encoded)
	}
	verify(t, h, encoded, "correct horse", true, false)
}

func TestNobodyHasNoPassword(t *testing.T) {
	t.Parallel()
	h := password.NewHasher(password.Options{Params: cheap})
	if err := h.VerifyNobody(t.Context(), "correct horse"); err != nil {
		t.Error(err)
	}
}

func BenchmarkVerify(b *testing.B) {
	h := password.NewHasher(password.Options{})
	encoded := hash(b, h, "correct horse")
	for b.Loop() {
		if ok, _, err := h.Verify(b.Context(), password.InTurn, encoded, "correct horse"); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkVerifyNobody(b *testing.B) {
	h := password.NewHasher(password.Options{})
	for b.Loop() {
		if err := h.VerifyNobody(b.Context(), "correct horse"); err != nil {
			b.Fatal(err)
		}
	}
}
