package seal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// ways are how a file gets its name: on a file system with links, and on one without.
var ways = map[string]func(old, name string) error{
	"linked": os.Link,
	"renamed": func(old, name string) error {
		return &os.LinkError{Op: "link", Old: old, New: name, Err: syscall.EPERM}
	},
}

func saying(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func alone(t *testing.T, path, content string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil || string(text) != content {
		t.Errorf("it holds %q, %v; want %q", text, err, content)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func TestAFileIsMadeWholeForItsOwner(t *testing.T) {
	t.Parallel()
	for way, link := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "file")
			err := createFile(path, func(w io.Writer) error {
				if _, err := os.Lstat(path); err == nil {
					t.Error("it is there while it is written")
				}
				return saying("whole")(w)
			}, link)
			if err != nil {
				t.Fatal(err)
			}
			alone(t, path, "whole")
			if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
				t.Errorf("its mode is %v, %v", info.Mode(), err)
			}
		})
	}
}

// TestAFileOfAnotherStands has many make one file at the same moment, and then one more.
func TestAFileOfAnotherStands(t *testing.T) {
	t.Parallel()
	for way, link := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			for range 5 {
				path := filepath.Join(t.TempDir(), "file")
				won := race(t, path, link)
				alone(t, path, won)
				if err := createFile(path, saying("late"), link); !errors.Is(err, fs.ErrExist) {
					t.Errorf("who comes late is told %v", err)
				}
				alone(t, path, won)
			}
		})
	}
}

// race returns what the one wrote who made the file; all others are told that it is there.
func race(t *testing.T, path string, link func(old, name string) error) string {
	t.Helper()
	const many = 16
	var ready, all sync.WaitGroup
	var won atomic.Value
	var wins atomic.Int32
	ready.Add(many)
	for i := range many {
		text := fmt.Sprint("of ", i)
		all.Go(func() {
			err := createFile(path, func(w io.Writer) error {
				ready.Done()
				ready.Wait()
				return saying(text)(w)
			}, link)
			if err == nil {
				wins.Add(1)
				won.Store(text)
			} else if !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if wins.Load() != 1 {
		t.Fatalf("%d made the file", wins.Load())
	}
	return won.Load().(string)
}

func TestAFileThatFailsLeavesNoDraft(t *testing.T) {
	t.Parallel()
	dir, failure := t.TempDir(), errors.New("failure")
	err := CreateFile(filepath.Join(dir, "file"), func(w io.Writer) error {
		return errors.Join(saying("half")(w), failure)
	})
	if !errors.Is(err, failure) {
		t.Errorf("it says %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

// TestANameIsHeldForNoFile takes the file away in the moment before it gets its name.
func TestANameIsHeldForNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	err := createFile(filepath.Join(dir, "file"), saying("lost"), func(old, name string) error {
		return errors.Join(os.Remove(old), ways["renamed"](old, name))
	})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it says %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}
