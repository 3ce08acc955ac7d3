package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"strings"
	"syscall"
	"time"
)

const (
	dirMode  = 0o700
	fileMode = 0o600

	// incoming holds objects that are being written. No key can name it, since
	// none begins with a dot.
	incoming = ".incoming"
)

// Folder is a Bucket in a directory of the file system. It keeps no content
// type: whoever serves its files tells it from the key.
type Folder struct {
	root    *os.Root
	baseURL string
	signer  Signer
	now     func() time.Time
}

var _ Bucket = (*Folder)(nil)

// NewFolder opens the directory, which it makes where it is missing, and throws
// away what an earlier process left half-written there. Its URLs begin with
// baseURL and are signed by s. One process at a time may have the directory
// open, and closes it in the end.
func NewFolder(dir, baseURL string, s Signer, now func() time.Time) (*Folder, error) {
	base, err := url.Parse(baseURL)
	if err != nil || base.Host == "" || base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("open object folder: %q is no base for its URLs", baseURL)
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, fmt.Errorf("open object folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open object folder: %w", err)
	}
	if err := sweepIncoming(root); err != nil {
		return nil, errors.Join(fmt.Errorf("sweep object folder: %w", err), root.Close())
	}
	return &Folder{root: root, baseURL: strings.TrimRight(baseURL, "/"), signer: s, now: now}, nil
}

func sweepIncoming(root *os.Root) error {
	if err := root.RemoveAll(incoming); err != nil {
		return err
	}
	return root.Mkdir(incoming, dirMode)
}

// Close gives the directory back. The folder is of no use afterwards.
func (f *Folder) Close() error { return f.root.Close() }

// Put implements Bucket.
func (f *Folder) Put(_ context.Context, key, _ string, body []byte) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := f.put(key, body); err != nil {
		return fmt.Errorf("put object: %w", err)
	}
	return nil
}

func (f *Folder) put(key string, body []byte) error {
	temp := path.Join(incoming, rand.Text())
	if err := f.write(temp, body); err != nil {
		return errors.Join(err, f.remove(temp))
	}
	if err := f.place(temp, key); err != nil {
		return errors.Join(err, f.remove(temp))
	}
	return f.syncDirs(key)
}

// Get implements Bucket.
func (f *Folder) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	return (&Files{f.root}).Get(ctx, key)
}

func (f *Folder) write(name string, body []byte) error {
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = file.Write(body)
	return errors.Join(err, file.Sync(), file.Close())
}

func (f *Folder) place(temp, key string) error {
	if err := f.root.MkdirAll(path.Dir(key), dirMode); err != nil {
		return err
	}
	return f.root.Rename(temp, key)
}

// syncDirs makes the names on the way to key durable: the object's own, and
// those of directories that may just have been made.
func (f *Folder) syncDirs(key string) error {
	for dir := path.Dir(key); ; dir = path.Dir(dir) {
		if err := f.syncDir(dir); err != nil {
			return err
		}
		if dir == "." {
			return nil
		}
	}
}

func (f *Folder) syncDir(name string) error {
	dir, err := f.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Delete implements Bucket.
func (f *Folder) Delete(_ context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := f.delete(key); err != nil {
		return fmt.Errorf("delete object: %w", err)
	}
	return nil
}

// delete leaves a directory alone, which is no object though a key may name it.
// Where the object is absent it still makes sure of that: an earlier call may
// have been cut off before its sync.
func (f *Folder) delete(key string) error {
	info, err := f.root.Lstat(key)
	if err == nil && info.IsDir() {
		return nil
	}
	if err := f.remove(key); err != nil {
		return err
	}
	return unlessAbsent(f.syncDir(path.Dir(key)))
}

func (f *Folder) remove(name string) error {
	return unlessAbsent(f.root.Remove(name))
}

func unlessAbsent(err error) error {
	if absent(err) {
		return nil
	}
	return err
}

// absent also holds where the way to a file leads through another file: keys
// are flat to a Bucket, and "a" may be an object while "a/b" is none.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// Open returns the object that a signed URL shows, and when it was last put;
// the caller closes it. The three strings are those of the URL: its key, and
// the query parameters expires and signature. It fails with ErrForbidden or
// ErrNotFound.
func (f *Folder) Open(key, expires, signature string) (io.ReadSeekCloser, time.Time, error) {
	if !f.signed(key, expires, signature) {
		return nil, time.Time{}, ErrForbidden
	}
	file, modified, err := openRegular(f.root, key)
	if absent(err) {
		return nil, time.Time{}, ErrNotFound
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("open object: %w", err)
	}
	return file, modified, nil
}
