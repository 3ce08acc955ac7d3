package transfer

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/seal"
)

// FuzzFrames reads anything as the frames of a backup. What it reads is written again as
// the same bytes, and whatever cannot be read is ErrDamaged.
func FuzzFrames(f *testing.F) {
	var b bytes.Buffer
	w := newWriter(&b)
	w.json(kindHeader, Header{Format: format})
	w.photo("profile_photos/user_1_x.jpg", []byte("photo"))
	w.frame(kindRow, []byte{0, 1})
	w.json(kindTrailer, trailer{})
	if err := w.flush(); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:b.Len()-1])
	f.Add([]byte{kindRow, 255, 255, 255, 255})
	f.Add([]byte{kindPhoto, 0, 0, 0, 2, 0, 1})
	f.Add([]byte{kindPhoto, 0, 0, 0, 1, 0})
	f.Fuzz(func(t *testing.T, file []byte) {
		in := newReader(bytes.NewReader(file))
		var again bytes.Buffer
		out := newWriter(&again)
		for {
			if err := in.next(); err != nil {
				if !errors.Is(err, ErrDamaged) {
					t.Errorf("an error that is not ErrDamaged: %v", err)
				}
				break
			}
			if in.kind == 0 && in.body == nil {
				break
			}
			if key, body, err := in.photo(); err == nil {
				out.frame(in.kind, in.body[:2], []byte(key), body)
			} else {
				out.frame(in.kind, in.body)
			}
		}
		if err := out.flush(); err != nil || !bytes.HasPrefix(file, again.Bytes()) {
			t.Errorf("%x is read as %x, %v", file, again.Bytes(), err)
		}
	})
}

// sealedText is what Encrypt once made of "a backup" with the key of FuzzDecrypt: each
// process of the fuzzer would make another.
const sealedText = "" +
	"6167652d656e6372797074696f6e2e6f72672f76310a2d3e20666c6f7778692e6170702f6b65792d72696e672d76310a41514e76626d56545132614c2b383551" +
	"624159545a726f644f49694f5845416f794434637066714f6c6e51784f4f6d754d7749766c6e4b496f4a374e63377a670a2f784f416167314f4139575a4e4e38" +
	"5a32670a2d2d2d20693349663857674443754547794636317a6b78434c574f347130335874757646736a354f724831543546770a7cabd85ab1f0b0fbc562165e" +
	"bcfd9fa28aac7bc0e0f42e30eda28f21ecf116e3578905fa87fdef0e"

// FuzzDecrypt gives anything for a backup. No byte of another file than the one that was
// written opens, and what is said of it is one line and tells no key.
func FuzzDecrypt(f *testing.F) {
	const key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	ring, err := seal.Parse("one:" + key)
	if err != nil {
		f.Fatal(err)
	}
	genuine, err := hex.DecodeString(sealedText)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(genuine)
	f.Add(genuine[:len(genuine)-1])
	f.Add(append(bytes.Clone(genuine), 0))
	f.Add([]byte("age-encryption.org/v1\n-> flowxi.app/key-ring-v1\n\n--- \n"))
	f.Add([]byte("age-encryption.org/v1\n-> x\n---\n")) // age has a hint of two lines for this one
	f.Add([]byte("-----BEGIN AGE ENCRYPTED FILE-----\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		plain, err := open(file, ring)
		if err == nil != bytes.Equal(file, genuine) {
			t.Fatalf("%x opens as %q, %v", file, plain, err)
		}
		if err == nil && string(plain) != "a backup" {
			t.Errorf("it says %q", plain)
		}
		if err != nil && (strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("it says %q", err)
		}
	})
}

func open(file []byte, ring *seal.KeyRing) ([]byte, error) {
	in, err := Decrypt(bytes.NewReader(file), ring, "")
	if err != nil {
		return nil, err
	}
	return io.ReadAll(in)
}
