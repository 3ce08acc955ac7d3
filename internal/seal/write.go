package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// createFile makes the file with mode 0600, whole or not at all. Where another
// process was first, its file stands.
func createFile(path, content string) error {
	temp, err := writeTemp(path, content, nil)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp) }()
	if err := os.Link(temp, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("put it in place: %w", err)
	}
	return syncDir(path)
}

// replaceFile puts a file with the new content in the place of the old one,
// with its owner and mode 0600.
func replaceFile(path, content string, old fs.FileInfo) error {
	temp, err := writeTemp(path, content, old)
	if err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		_ = os.Remove(temp)
		return fmt.Errorf("put it in place: %w", err)
	}
	return syncDir(path)
}

// writeTemp writes the content, down to the disk, to a file beside path. Like
// every file of os.CreateTemp it has mode 0600.
func writeTemp(path, content string, old fs.FileInfo) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".keys-*")
	if err != nil {
		return "", fmt.Errorf("make a file beside it: %w", err)
	}
	err = fill(f, content, old)
	if err := errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

func fill(f *os.File, content string, old fs.FileInfo) error {
	if _, err := f.WriteString(content); err != nil {
		return fmt.Errorf("write it: %w", err)
	}
	if old != nil {
		if err := keepOwner(f, old); err != nil {
			return fmt.Errorf("keep its owner: %w", err)
		}
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("flush it: %w", err)
	}
	return nil
}
