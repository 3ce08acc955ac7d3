package transfer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"flowxi.app/flowxi/internal/seal"
)

// CreateFile writes a file for its owner alone, which gets its name once it is whole and
// on the disk. It writes over none, and says so before it writes where it can.
func CreateFile(path string, write func(io.Writer) error) error {
	if err := absent(path); err != nil {
		return err
	}
	var failed error
	err := seal.CreateFile(path, func(w io.Writer) error {
		failed = write(w)
		return failed
	})
	switch {
	case err == nil || failed != nil:
		return err
	case errors.Is(err, fs.ErrExist): // it took a while
		return taken(path)
	default:
		return fmt.Errorf("write backup: %w", err)
	}
}

func absent(path string) error {
	_, err := os.Lstat(path)
	switch {
	case err == nil:
		return taken(path)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}

func taken(path string) error {
	return fmt.Errorf("%s is there already, and a backup writes over nothing", path)
}
