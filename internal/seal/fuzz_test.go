package seal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/seal"
)

// FuzzKeyFile reads anything as a file of keys. A ring that is read seals and opens, and a
// refusal shows no key.
func FuzzKeyFile(f *testing.F) {
	f.Add("one:" + secret('a') + "\ntwo:" + secret('b') + "\n")
	f.Add("one:" + secret('a') + "\r\n\n  two:" + secret('b'))
	f.Add("one:" + secret('a') + "\none:" + secret('b'))
	f.Add("one:" + secret('a')[:43])
	f.Add(secret('a') + ":one")
	f.Add("\x00")
	f.Add(strings.Repeat("\n", 65<<10))
	path := filepath.Join(f.TempDir(), "keys")
	f.Fuzz(func(t *testing.T, content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		ring, err := seal.Load(path)
		if err != nil {
			for _, key := range []string{secret('a'), secret('b')} {
				if strings.Contains(err.Error(), key[:20]) || strings.Contains(err.Error(), "\n") {
					t.Errorf("it says %q", err)
				}
			}
			return
		}
		plain, err := ring.Open(ring.Seal([]byte("x"), "c"), "c")
		if err != nil || string(plain) != "x" {
			t.Errorf("Open = %q, %v", plain, err)
		}
		if lines := len(strings.Fields(content)); len(ring.IDs()) != lines {
			t.Errorf("%d keys of %d lines", len(ring.IDs()), lines)
		}
	})
}
