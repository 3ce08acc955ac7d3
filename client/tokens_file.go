package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// longestToken bounds what is read of a file that should hold a token.
const longestToken = 4 << 10

// FileTokens is a [TokenStore] in a file that its owner alone may read (mode 0600). The
// file always holds a whole token, also after a crash. It is for one process at a time.
type FileTokens struct {
	path string
	mu   sync.Mutex
}

var _ TokenStore = (*FileTokens)(nil)

// NewFileTokens returns the store in that file. The file, and the folder that it is in,
// are made when there is a token to keep.
func NewFileTokens(path string) *FileTokens { return &FileTokens{path: path} }

// Token implements [TokenStore]. A file that others may read is an error: the token in it
// may be theirs by now. [Client.Logout] ends that token all the same.
func (f *FileTokens) Token(context.Context) (Secret, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	token, err := f.read()
	if err != nil {
		return "", err
	}
	return token, nil
}

// tokenToEnd returns the token also where others may read it.
func (f *FileTokens) tokenToEnd() (Secret, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.readAny()
}

func (f *FileTokens) readAny() (Secret, error) {
	token, err := f.read()
	if errors.Is(err, errOpenToOthers) {
		err = nil
	}
	return token, err
}

// SetToken implements [TokenStore].
func (f *FileTokens) SetToken(_ context.Context, token Secret) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.write(token); err != nil {
		return fmt.Errorf("keep token: %w", err)
	}
	return nil
}

// DropToken implements [TokenStore]. It drops a token that others may read, too.
func (f *FileTokens) DropToken(_ context.Context, token Secret) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	kept, err := f.readAny()
	if err != nil || kept != token {
		return err
	}
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("drop token: %w", err)
	}
	return nil
}

// errOpenToOthers is said of a token beside that token: to log out with it is what is left to do.
var errOpenToOthers = errors.New("others may read it")

// read returns the token also where others may read it, and then the error beside it.
func (f *FileTokens) read() (Secret, error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(file, longestToken))
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	token := Secret(strings.TrimSpace(string(text)))
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return token, fmt.Errorf("read token: %w: log out, or chmod 600 %s", errOpenToOthers, f.path)
	}
	return token, nil
}

// write puts a new file in the place of the old one, so that there is never half a token.
func (f *FileTokens) write(token Secret) (err error) {
	folder := filepath.Dir(f.path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, ".token-*") // for its owner alone
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.WriteString(string(token) + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), f.path)
}
