package transfer_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"flowxi.app/flowxi/internal/transfer"
)

// folder lists the names in a folder.
func folder(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func saying(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func TestAFileIsThereOnceItIsWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.backup")
	err := transfer.CreateFile(path, func(w io.Writer) error {
		if _, err := os.Stat(path); err == nil {
			t.Error("it is there while it is written")
		}
		return saying("whole")(w)
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, folder(t, dir), []string{"a.backup"})
	text, err := os.ReadFile(path)
	if err != nil || string(text) != "whole" {
		t.Errorf("it holds %q, %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
}

func TestAFileThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	dir, failure := t.TempDir(), errors.New("failure")
	err := transfer.CreateFile(filepath.Join(dir, "a.backup"), func(w io.Writer) error {
		return errors.Join(saying("half")(w), failure)
	})
	if !errors.Is(err, failure) {
		t.Errorf("it says %v", err)
	}
	same(t, folder(t, dir), nil)
}

func TestAFileIsNeverWrittenOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.backup")
	err := transfer.CreateFile(path, func(io.Writer) error {
		return os.WriteFile(path, []byte("somebody else's"), 0o600)
	})
	says(t, err, "is there already")
	err = transfer.CreateFile(path, saying("again"))
	says(t, err, "is there already")
	same(t, folder(t, dir), []string{"a.backup"})
	if text, err := os.ReadFile(path); err != nil || string(text) != "somebody else's" {
		t.Errorf("it holds %q, %v", text, err)
	}
}
