package transfer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// CreateFile writes a file for its owner alone, which gets its name once it is whole and
// on the disk. It writes over none.
func CreateFile(path string, write func(io.Writer) error) (err error) {
	if err := absent(path); err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.partial") // of mode 0600
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, unlessGone(os.Remove(draft.Name())))
		}
	}()
	if err := write(draft); err != nil {
		return errors.Join(err, draft.Close())
	}
	if err := errors.Join(draft.Sync(), draft.Close()); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	if err := absent(path); err != nil { // it took a while
		return err
	}
	if err := os.Rename(draft.Name(), path); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return SyncDir(filepath.Dir(path))
}

func absent(path string) error {
	_, err := os.Lstat(path)
	switch {
	case err == nil:
		return fmt.Errorf("%s is there already, and a backup writes over nothing", path)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}

func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// SyncDir makes the names in a folder durable.
func SyncDir(path string) error {
	dir, err := os.Open(path) //nolint:gosec // a folder that the operator names
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return nil
}
