package seal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxFileSize is far above any ring, and keeps a wrong path from filling memory.
const maxFileSize = 64 << 10

const advice = "restore it from a backup, since what was sealed under its keys opens with no others"

// Load reads the ring from a file with one "id:base64" line for each key, the
// active one first. Nobody but the owner may have any right to the file. Errors
// name the file and say what to do; errors.Is tells fs.ErrNotExist.
func Load(path string) (*KeyRing, error) {
	k, at, err := readFile(path)
	if err != nil {
		return nil, err
	}
	r := &KeyRing{path: path, lastRead: at}
	r.keys.Store(&k)
	return r, nil
}

// LoadOrCreate is Load, and makes the file with one new key where there is
// none. It never writes over a file: of two processes that start at once, one
// makes it and both read it.
func LoadOrCreate(path string) (*KeyRing, error) {
	r, err := Load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	err = CreateFile(path, func(w io.Writer) error {
		_, err := io.WriteString(w, NewKey()+"\n")
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("create key file %s: %w", path, err)
	}
	return Load(path)
}

// Reload reads the file again where it changed since it was last read, and puts
// its keys in place at once for all users of the ring. Where the file is gone
// or bad, it returns the error, keeps the keys it has, and looks again when next
// called. A ring that came from Parse has nothing to reload.
func (r *KeyRing) Reload() error {
	if r.path == "" {
		return nil
	}
	r.reloads.Lock()
	defer r.reloads.Unlock()
	info, err := os.Stat(r.path)
	if err != nil {
		return fmt.Errorf("look at key file: %w", err)
	}
	if sameState(r.lastRead, info) {
		return nil
	}
	k, at, err := readFile(r.path)
	if err != nil {
		return err
	}
	r.keys.Store(&k)
	r.lastRead = at
	return nil
}

// sameState tells whether the file is as it was. Add and Remove put a new file in
// the old one's place, which shows even within one tick of the clock.
func sameState(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size() && a.Mode() == b.Mode()
}

func readFile(path string) (keys, fs.FileInfo, error) {
	f, info, err := openFile(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }()
	lines, err := readLines(f)
	if err != nil {
		return nil, nil, err
	}
	k, err := parseLines(path, lines)
	return k, info, err
}

func readLines(f *os.File) ([]string, error) {
	content, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	if len(content) > maxFileSize {
		return nil, fmt.Errorf("key file %s is too large for a key file: %s", f.Name(), advice)
	}
	var lines []string
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// openFile opens a file that only its owner may read. It looks before it opens,
// since to open a pipe would wait.
func openFile(path string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fmt.Errorf("look at key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("key file %s is not a regular file: give the path of the file itself", path)
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			err = fmt.Errorf("%w: run as the user whose it is, or give it to the user of the server", err)
		}
		return nil, nil, fmt.Errorf("open key file: %w", err)
	}
	if info, err = checkMode(f); err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func checkMode(f *os.File) (fs.FileInfo, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("look at key file: %w", err)
	}
	if perm := info.Mode().Perm(); perm&othersBits != 0 {
		return nil, fmt.Errorf("key file %s is open to others (mode %04o): run chmod 600 on it, and add a new key if others may have read it", f.Name(), perm)
	}
	return info, nil
}

func parseLines(path string, lines []string) (keys, error) {
	if len(lines) == 0 {
		return nil, fmt.Errorf("key file %s is empty, as one whose making was cut short: remove it if there is no database yet, else %s", path, advice)
	}
	k, err := parseKeys(lines)
	if err != nil {
		return nil, fmt.Errorf("key file %s is damaged (%w): %s", path, err, advice)
	}
	return k, nil
}
