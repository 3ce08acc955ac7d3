package seal_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"flowxi.app/flowxi/internal/seal"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func load(t *testing.T, path string) *seal.KeyRing {
	t.Helper()
	r, err := seal.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantIDs(t *testing.T, r *seal.KeyRing, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, r.IDs()); diff != "" {
		t.Errorf("the ids differ (-want +got):\n%s", diff)
	}
}

func wantAlone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func TestTheFileIsMadeOnceForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	first, err := seal.LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
	wantAlone(t, path)
	again, err := seal.LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Open(first.Seal([]byte("x"), "c"), "c"); err != nil {
		t.Error(err)
	}
}

func TestOfManyThatCreateOneWins(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	ids := make([]string, 16)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			r, err := seal.LoadOrCreate(path)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = strings.Join(r.IDs(), ",")
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("the rings differ: %q", ids)
		}
	}
	wantAlone(t, path)
}

func TestLoadDoesNotCreate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	if _, err := seal.Load(path); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("Load = %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the file was made")
	}
	if _, err := seal.LoadOrCreate(filepath.Join(path, "no", "folder")); err == nil {
		t.Error("a file was made in no folder")
	}
}

func TestBadFilesAreNamedAndKept(t *testing.T) {
	t.Parallel()
	good := "one:" + secret('a') + "\n"
	for _, test := range []struct {
		name, content string
		mode          fs.FileMode
		advice        string
	}{
		{"empty", "", 0o600, "remove it if there is no database yet, else restore it from a backup"},
		{"blank", "\n\n", 0o600, "remove it if there is no database yet, else restore it from a backup"},
		{"cut", good[:30], 0o600, "backup"},
		{"zeroed", string(make([]byte, 50)), 0o600, "backup"},
		{"one of two is bad", good + "two:" + secret('b')[1:], 0o600, "backup"},
		{"huge", strings.Repeat("\n", 100_000) + good, 0o600, "backup"},
		{"group may read", good, 0o640, "chmod 600"},
		{"others may write", good, 0o602, "chmod 600"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "keys")
			write(t, path, test.content)
			if err := os.Chmod(path, test.mode); err != nil {
				t.Fatal(err)
			}
			_, load := seal.Load(path)
			_, create := seal.LoadOrCreate(path)
			_, add := seal.Add(path)
			for _, err := range []error{load, create, add, seal.Remove(path, "two")} {
				if err == nil {
					t.Error("a bad file was taken")
					continue
				}
				if msg := err.Error(); !strings.Contains(msg, path) || !strings.Contains(msg, test.advice) || strings.Contains(msg, secret('b')[1:9]) {
					t.Errorf("the error is %q", msg)
				}
			}
			if read(t, path) != test.content {
				t.Error("the file was changed")
			}
			wantAlone(t, path)
		})
	}
	if _, err := seal.LoadOrCreate(t.TempDir()); err == nil {
		t.Error("a folder was taken for a file")
	}
}

func TestFilesMayHoldBlankLines(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	write(t, path, "\ntwo:"+secret('b')+"\r\n\n  one:"+secret('a'))
	wantIDs(t, load(t, path), "two", "one")
}

func TestReloadFollowsTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	write(t, path, "one:"+secret('a')+"\n")
	r := load(t, path)
	sealed := r.Seal([]byte("x"), "c")
	id, err := seal.Add(path)
	if err != nil {
		t.Fatal(err)
	}
	wantIDs(t, r, "one")
	for range 2 {
		if err := r.Reload(); err != nil {
			t.Fatal(err)
		}
		wantIDs(t, r, id, "one")
	}
	if _, err := r.Open(sealed, "c"); err != nil {
		t.Error(err)
	}
	if err := seal.Remove(path, "one"); err != nil {
		t.Fatal(err)
	}
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Open(sealed, "c"); !errors.Is(err, seal.ErrUnknownKey) {
		t.Errorf("Open after its key is gone: %v", err)
	}
}

func TestReloadKeepsTheRingWhereTheFileIsBad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	good := "one:" + secret('a') + "\n"
	write(t, path, good)
	r := load(t, path)
	for _, spoil := range []func() error{
		func() error { return os.WriteFile(path, []byte("garbage"), 0o600) },
		func() error { return os.Chmod(path, 0o644) },
		func() error { return os.Remove(path) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		for range 2 { // it looks again each time
			if err := r.Reload(); err == nil {
				t.Error("a bad file was taken")
			}
			wantIDs(t, r, "one")
		}
	}
	write(t, path, "two:"+secret('b')+"\n"+good)
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, r, "two", "one")
}

func TestReloadSeesWhatTheClockDoesNotShow(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	write(t, path, "one:"+secret('a')+"\n")
	then := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
	r := load(t, path)
	write(t, path+"2", "two:"+secret('b')+"\n")
	if err := errors.Join(os.Chtimes(path+"2", then, then), os.Rename(path+"2", path), r.Reload()); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, r, "two")
}

func TestReloadSeesAnEditOfTheSameLength(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	write(t, path, "one:"+secret('a')+"\n")
	then := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
	r := load(t, path)
	write(t, path, "two:"+secret('b')+"\n")
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, r, "two")
}

func TestAParsedRingHasNothingToReload(t *testing.T) {
	t.Parallel()
	r := parse(t, "one:"+secret('a'))
	if err := r.Reload(); err != nil {
		t.Error(err)
	}
	wantIDs(t, r, "one")
}

func TestChangesKeepTheOthers(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path, link := filepath.Join(folder, "keys"), filepath.Join(t.TempDir(), "link")
	write(t, path, "two:"+secret('b')+"\none:"+secret('a')+"\n")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for id, reason := range map[string]string{"two": "active", "three": "no key", "": "no key", "on": "no key"} {
		if err := seal.Remove(path, id); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("Remove(%q) = %v", id, err)
		}
	}
	id, err := seal.Add(link)
	if err != nil {
		t.Fatal(err)
	}
	wantIDs(t, load(t, path), id, "two", "one")
	if err := seal.Remove(link, "two"); err != nil {
		t.Fatal(err)
	}
	if content := read(t, path); !strings.HasSuffix(content, "\none:"+secret('a')+"\n") || strings.Count(content, "\n") != 2 {
		t.Errorf("the file is %q", content)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Error("the link became a file")
	}
	wantAlone(t, path)
}

func TestNoChangeIsLost(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	r, err := seal.LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 4 {
				if _, err := seal.Add(path); err != nil {
					t.Error(fmt.Errorf("adder %d: %w", i, err))
				}
				if err := r.Reload(); err != nil {
					t.Error(err)
				}
				if _, err := r.Open(r.Seal([]byte("x"), "c"), "c"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := r.Reload(); err != nil || len(r.IDs()) != 33 {
		t.Errorf("%d keys, %v", len(r.IDs()), err)
	}
}

func TestAKeyThatAnotherProcessAddedOpensAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	server, err := seal.LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Add(path); err != nil {
		t.Fatal(err)
	}
	command, err := seal.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := server.Open(command.Seal([]byte("fresh"), "totp:42"), "totp:42")
	if err != nil || string(got) != "fresh" {
		t.Errorf("Open = %q, %v", got, err)
	}
}
