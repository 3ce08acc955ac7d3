package seal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// CreateFile makes a file for its owner alone, which gets its name once it is whole and
// on the disk, or never. It writes over nothing: where the name is taken, also by who
// came in between, errors.Is tells fs.ErrExist and the other file stands. Where the file
// system has no links, a crash in the moment of naming can leave an empty file there.
func CreateFile(path string, write func(io.Writer) error) error {
	return createFile(path, write, os.Link)
}

func createFile(path string, write func(io.Writer) error, link func(old, name string) error) error {
	temp, err := writeTemp(path, func(f *os.File) error { return write(f) })
	if err != nil {
		return err
	}
	if err := place(temp, path, link); err != nil {
		return errors.Join(fmt.Errorf("put it in place: %w", err), os.Remove(temp))
	}
	_ = os.Remove(temp) // gone already where it was renamed
	return SyncDir(path)
}

// place gives a file its name. A link, unlike a rename, takes none that is there. Where
// the file system has no links, as on a stick or a share, an empty file holds the name
// for the moment until the file is renamed.
func place(temp, path string, link func(old, name string) error) error {
	err := link(temp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	held, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return fmt.Errorf("hold its name: %w", err)
	}
	if err = held.Close(); err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(path)) // the empty one
	}
	return nil
}

// replaceFile puts a file with the new content in the place of the old one,
// with its owner and mode 0600.
func replaceFile(path, content string, old fs.FileInfo) error {
	temp, err := writeTemp(path, func(f *os.File) error { return fill(f, content, old) })
	if err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(fmt.Errorf("put it in place: %w", err), os.Remove(temp))
	}
	return SyncDir(path)
}

func fill(f *os.File, content string, old fs.FileInfo) error {
	if _, err := f.WriteString(content); err != nil {
		return fmt.Errorf("write it: %w", err)
	}
	if err := keepOwner(f, old); err != nil {
		return fmt.Errorf("keep its owner: %w", err)
	}
	return nil
}

// writeTemp has a file beside path written, down to the disk. Like every file of
// os.CreateTemp it has mode 0600. Where it fails, nothing is left.
func writeTemp(path string, write func(*os.File) error) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.partial")
	if err != nil {
		return "", fmt.Errorf("make a file beside it: %w", err)
	}
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}
