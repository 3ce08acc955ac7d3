package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Add puts a new key first in the file, so that it is the active one for every
// ring that reloads from now on, and returns its id. Changes of one file by any
// number of processes come one after the other.
func Add(path string) (id string, err error) {
	line := NewKey()
	id, _, _ = strings.Cut(line, ":")
	err = change(path, func(lines []string) ([]string, error) {
		return slices.Insert(lines, 0, line), nil
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// Remove takes a key out of the file. What is still sealed under it cannot be
// opened afterwards (KeyRing.SealedBy finds it). It refuses the active key and
// one that is not there.
func Remove(path, id string) error {
	return change(path, func(lines []string) ([]string, error) {
		at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, id+":") })
		switch at {
		case -1:
			return nil, errors.New("no key has this id")
		case 0:
			return nil, errors.New("this is the active key: add a new one first")
		}
		return slices.Delete(lines, at, at+1), nil
	})
}

// change rewrites the lines of the file under its lock.
func change(path string, edit func(lines []string) ([]string, error)) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("find key file: %w", err)
	}
	f, info, err := openLocked(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	lines, err := readLines(f)
	if err != nil {
		return err
	}
	if lines, err = edited(path, lines, edit); err != nil {
		return err
	}
	if err := replaceFile(path, strings.Join(lines, "\n")+"\n", info); err != nil {
		return fmt.Errorf("change key file %s: %w", path, err)
	}
	return nil
}

// edited is what edit makes of the lines. Both must be a ring: a damaged file is
// not built upon, and no edit damages one.
func edited(path string, lines []string, edit func([]string) ([]string, error)) ([]string, error) {
	if _, err := parseLines(path, lines); err != nil {
		return nil, err
	}
	lines, err := edit(lines)
	if err != nil {
		return nil, fmt.Errorf("change key file %s: %w", path, err)
	}
	if _, err := parseKeys(lines); err != nil {
		return nil, fmt.Errorf("change key file %s: %w", path, err)
	}
	return lines, nil
}

// openLocked opens the file that has the path once the lock is ours: who held
// it before us may have put another in its place.
func openLocked(path string) (*os.File, fs.FileInfo, error) {
	for {
		f, info, err := openFile(path)
		if err != nil {
			return nil, nil, err
		}
		if err := lock(f); err != nil {
			_ = f.Close()
			return nil, nil, fmt.Errorf("lock key file %s: %w", path, err)
		}
		if now, err := os.Stat(path); err == nil && os.SameFile(info, now) {
			return f, info, nil
		}
		_ = f.Close()
	}
}
