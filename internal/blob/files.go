package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// Files reads the objects of a directory that another process may have open as a
// Folder. It changes nothing there.
type Files struct {
	root *os.Root // nil where there is no directory, and so no object
}

var _ Reader = (*Files)(nil)

// OpenFiles opens the directory, which need not be there: then it holds nothing. The
// caller closes it.
func OpenFiles(dir string) (*Files, error) {
	root, err := os.OpenRoot(dir)
	if absent(err) {
		return &Files{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open object folder: %w", err)
	}
	return &Files{root}, nil
}

// Close gives the directory back.
func (f *Files) Close() error {
	if f.root == nil {
		return nil
	}
	return f.root.Close()
}

// Get implements Reader.
func (f *Files) Get(_ context.Context, key string) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if f.root == nil {
		return nil, ErrNotFound
	}
	file, _, err := openRegular(f.root, key)
	if absent(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("get object: %w", err)
	}
	return file, nil
}

// CheckFolder writes, reads and deletes an object of its own in a directory that another
// process may have open as a Folder. The error says which of them cannot be done.
func CheckFolder(dir string) (err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open object folder: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	key := checkPrefix + rand.Text()
	defer func() { err = errors.Join(err, unlessAbsent(root.Remove(key))) }()
	if err := root.WriteFile(key, []byte(key), fileMode); err != nil {
		return fmt.Errorf("write to object folder: %w", err)
	}
	body, err := root.ReadFile(key)
	if err != nil {
		return fmt.Errorf("read from object folder: %w", err)
	}
	if string(body) != key {
		return errors.New("read from object folder: it is not what was written")
	}
	return nil
}

func openRegular(root *os.Root, key string) (*os.File, time.Time, error) {
	file, err := root.Open(key)
	if err != nil {
		return nil, time.Time{}, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, time.Time{}, errors.Join(err, file.Close())
	}
	return file, info.ModTime(), nil
}
