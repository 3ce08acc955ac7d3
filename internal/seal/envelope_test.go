package seal_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"flowxi.app/flowxi/internal/seal"
)

func TestOpenReturnsWhatWasSealed(t *testing.T) {
	t.Parallel()
	r := parse(t, "one:"+secret('a'))
	for _, plain := range []string{"", "x", "JBSWY3DPEHPK3PXP", string(make([]byte, 100_000))} {
		sealed := r.Seal([]byte(plain), "totp:42")
		got, err := r.Open(sealed, "totp:42")
		if err != nil || string(got) != plain {
			t.Errorf("Open = %.20q, %v; want %.20q", got, err, plain)
		}
		if plain != "" && bytes.Contains(sealed, []byte(plain)) && len(plain) > 1 {
			t.Errorf("the sealed bytes show %.20q", plain)
		}
		if bytes.Equal(sealed, r.Seal([]byte(plain), "totp:42")) {
			t.Error("the same bytes came out twice")
		}
	}
}

// fixed was made once by version 1 of the envelope, from "JBSWY3DPEHPK3PXP" for
// "totp:42" under the key one of 32 times 'a'.
const fixed = "01036f6e655e05fb85797df17e397f72ef16ea7d00016dd81b714232763ec1f91a5c623b9334a2162fc511ffd9bc0f259138ed8d2271afcb44208f8dc7"

func fixedEnvelope(t testing.TB) []byte {
	t.Helper()
	sealed, err := hex.DecodeString(fixed)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestWhatWasSealedOnceOpensForEver(t *testing.T) {
	t.Parallel()
	sealed := fixedEnvelope(t)
	got, err := parse(t, "one:"+secret('a')).Open(sealed, "totp:42")
	if err != nil || string(got) != "JBSWY3DPEHPK3PXP" {
		t.Errorf("Open = %q, %v", got, err)
	}
}

func TestAnyChangeIsRefused(t *testing.T) {
	t.Parallel()
	r := parse(t, "one:"+secret('a')+",two:"+secret('b'))
	sealed := r.Seal([]byte("secret"), "totp:42")
	for i := range sealed {
		for bit := range 8 {
			altered := bytes.Clone(sealed)
			altered[i] ^= 1 << bit
			if _, err := r.Open(altered, "totp:42"); err == nil {
				t.Errorf("bit %d of byte %d may change", bit, i)
			}
		}
		if _, err := r.Open(sealed[:i], "totp:42"); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
	for _, context := range []string{"", "totp:4", "totp:43", "totp:42 "} {
		if _, err := r.Open(sealed, context); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("for %q: %v", context, err)
		}
	}
	if _, err := r.Open(append(sealed, 0), "totp:42"); !errors.Is(err, seal.ErrDamaged) {
		t.Errorf("with a byte more: %v", err)
	}
}

func TestKeysRotate(t *testing.T) {
	t.Parallel()
	before := parse(t, "one:"+secret('a'))
	between := parse(t, "two:"+secret('b')+",one:"+secret('a'))
	after := parse(t, "two:"+secret('b'))
	old, fresh := before.Seal([]byte("x"), "c"), between.Seal([]byte("x"), "c")
	for _, sealed := range [][]byte{old, fresh} {
		if _, err := between.Open(sealed, "c"); err != nil {
			t.Error(err)
		}
	}
	if _, err := after.Open(fresh, "c"); err != nil {
		t.Error(err)
	}
	if _, err := after.Open(old, "c"); !errors.Is(err, seal.ErrUnknownKey) {
		t.Errorf("Open after its key is gone: %v", err)
	}
	if id, ok := after.SealedBy(old); id != "one" || !ok {
		t.Errorf("SealedBy = %q, %v", id, ok)
	}
	if id, ok := after.SealedBy(fresh); id != "two" || !ok {
		t.Errorf("SealedBy = %q, %v", id, ok)
	}
	if _, ok := after.SealedBy([]byte("\x01\x03one and too short")); ok {
		t.Error("SealedBy reads what is no envelope")
	}
}

func TestTheIDAloneDoesNotOpen(t *testing.T) {
	t.Parallel()
	ours, theirs := parse(t, "one:"+secret('a')), parse(t, "one:"+secret('b'))
	if _, err := ours.Open(theirs.Seal([]byte("x"), "c"), "c"); !errors.Is(err, seal.ErrDamaged) {
		t.Errorf("Open = %v", err)
	}
}

// The envelope is the fixed one, since each process of the fuzzer would seal
// another.
func FuzzOpen(f *testing.F) {
	r, genuine := parse(f, "one:"+secret('a')), fixedEnvelope(f)
	f.Add(genuine, "totp:42")
	f.Add(genuine, "totp:43")
	f.Add(genuine[:30], "totp:42")
	f.Add([]byte{1, 255}, "")
	f.Fuzz(func(t *testing.T, sealed []byte, context string) {
		r.SealedBy(sealed)
		untouched := context == "totp:42" && bytes.Equal(sealed, genuine)
		if plain, err := r.Open(sealed, context); (err == nil) != untouched {
			t.Errorf("Open(%x, %q) = %q, %v", sealed, context, plain, err)
		}
	})
}
