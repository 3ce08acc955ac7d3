package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheListKeepsPasswordsAndStems(t *testing.T) {
	t.Parallel()
	got := list([]string{
		"zebra-zebra", "Password", "password", "123456", "dragon", "abc123", "mus",
		"12345678", "Ｐassword", "élodie", "two\nlines", "café1",
	})
	want := []string{"12345678", "dragon", "password", "zebra-zebra", "élodie"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the list differs (-want +got):\n%s", diff)
	}
}

func TestRunReadsJSONAndWritesLines(t *testing.T) {
	t.Parallel()
	in, out := filepath.Join(t.TempDir(), "in.json"), filepath.Join(t.TempDir(), "out.txt")
	if err := os.WriteFile(in, []byte(`["sunshine", "letmein", "no"]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(in, out); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil || string(got) != "letmein\nsunshine\n" {
		t.Errorf("the list is %q, %v", got, err)
	}
}

func TestRunRefusesWhatIsNoList(t *testing.T) {
	t.Parallel()
	in, out := filepath.Join(t.TempDir(), "in.json"), filepath.Join(t.TempDir(), "out.txt")
	if err := run(in, out); err == nil {
		t.Error("a missing file was read")
	}
	if err := os.WriteFile(in, []byte("password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(in, out); err == nil {
		t.Error("plain text was read as JSON")
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a list was written all the same")
	}
}
