package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
)

// dataDir is the folder of everything that a node keeps.
type dataDir string

func (d dataDir) database() string { return filepath.Join(string(d), "flowxi.db") }
func (d dataDir) keys() string     { return filepath.Join(string(d), "keys") }
func (d dataDir) photos() string   { return filepath.Join(string(d), "photos") }
func (d dataDir) limits() string   { return filepath.Join(string(d), "limits") }
func (d dataDir) inbox() string    { return filepath.Join(string(d), "inbox") }
func (d dataDir) server() string   { return filepath.Join(string(d), "server.lock") }

// File is what a server keeps under a path.
type File struct{ Path, What string }

// Files are all that a server keeps in its data folder.
func Files(cfg config.Config) []File {
	d := dataDir(cfg.DataDir)
	return []File{
		{d.database(), "The database, unless FLOWXI_DATABASE_URL is set; its journal is beside it."},
		{d.keys(), "The key ring, unless FLOWXI_KEYS is set. What is sealed under it, and every backup, is of no use without it: keep a copy elsewhere."},
		{d.photos(), "Photos, unless FLOWXI_STORAGE_URL is set."},
		{d.inbox(), "Mail, while none is sent."},
		{d.limits(), "Counts of limits, unless FLOWXI_REDIS_URL is set."},
		{d.server(), "The process that uses the folder."},
	}
}

// Journals are what SQLite has beside the database at times.
func Journals(cfg config.Config) (paths []string) {
	for _, suffix := range journals {
		paths = append(paths, dataDir(cfg.DataDir).database()+suffix)
	}
	return paths
}

// make creates the folder where it is missing, for its owner alone. One that is there
// keeps its mode: its owner may have reasons.
func (d dataDir) make() error {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	return nil
}

// open tells whether others than the owner may look into the folder.
func (d dataDir) open() bool {
	info, err := os.Stat(string(d))
	return err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0
}

var errInUse = errors.New("another server")

// lockIdle is lock for a command that needs the servers to be stopped.
func (d dataDir) lockIdle() (io.Closer, error) {
	lock, err := d.lock()
	if errors.Is(err, errInUse) {
		return nil, fmt.Errorf("%w: stop it first", err)
	}
	return lock, err
}

// lock takes the folder for this process. The lock goes with the process, however that
// ends, so that there is never a stale one to remove.
func (d dataDir) lock() (io.Closer, error) {
	f := flock.New(d.server(), flock.SetPermissions(0o600))
	ours, err := f.TryLock()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock data directory: %w", err), f.Close())
	}
	if !ours {
		pid, _ := os.ReadFile(f.Path()) // who it is helps, but is not what matters
		return nil, errors.Join(fmt.Errorf("%w (process %s) uses the data directory %s", errInUse, printablePID(pid), d), f.Close())
	}
	if err := os.WriteFile(f.Path(), fmt.Appendln(nil, os.Getpid()), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("lock data directory: %w", err), f.Close())
	}
	return f, nil
}

func printablePID(text []byte) string {
	pid := strings.TrimSpace(string(text))
	if pid == "" || strings.Trim(pid, "0123456789") != "" {
		return "unknown"
	}
	return pid
}

// openRing is the key ring of the settings, or that of the data folder, which is made
// at the first start: never beside a database, whose secrets it could not open.
func openRing(cfg config.Config, d dataDir) (*seal.KeyRing, error) {
	if cfg.Keys != "" {
		ring, err := seal.Parse(string(cfg.Keys))
		if err != nil {
			return nil, &config.Error{Name: "FLOWXI_KEYS", Given: "[secret]", Allowed: err.Error() + "; make one with: flowxi keys new"}
		}
		return ring, nil
	}
	if there(d.database()) && !there(d.keys()) {
		return nil, fmt.Errorf("key file %[1]s is missing, but there is a database: restore it from a backup, or give up the second factors, the waiting mails and the proof of the audit trail that it sealed, with: (umask 077; flowxi keys new > %[1]s). As root, give it to whom the folder belongs: chown --reference=%[2]s %[1]s", d.keys(), d)
	}
	return seal.LoadOrCreate(d.keys())
}

// holdKeys refuses a ring that lacks a key under which something may be sealed, such as
// one that another node has taken up: right codes would be wrong here, and second factors
// could not be read. It then notes the active key, in the same transaction, so that of two
// nodes whose rings differ one does not start.
func holdKeys(ctx context.Context, s *store.Store, ring *seal.KeyRing) error {
	ids := ring.IDs()
	return s.Tx(ctx, func(tx *store.Tx) error {
		used, err := tx.UsedKeys(ctx)
		if err != nil {
			return err
		}
		if err := holds(ids, used); err != nil {
			return err
		}
		return tx.UseKeys(ctx, ids[0])
	})
}

func holds(ids, used []string) error {
	for _, id := range used {
		if !slices.Contains(ids, id) {
			return fmt.Errorf("the database holds what is sealed under the key %[1]s, which is not in the ring: put it back (FLOWXI_KEYS, or the key file), and take it out by flowxi keys retire %[1]s; where it is lost, give up what only it opens: flowxi keys retire --lost %[1]s", id)
		}
	}
	return nil
}

// openStore opens the database, whose audit trail has its key sealed by the ring. Observe
// may be nil.
func openStore(ctx context.Context, cfg config.Config, d dataDir, keys *seal.KeyRing, observe func(store.Work, time.Duration)) (*store.Store, error) {
	if cfg.DatabaseURL != "" {
		return store.Open(ctx, store.Options{URL: string(cfg.DatabaseURL), Keys: keys, Observe: observe})
	}
	if journal := d.journal(); journal != "" && !there(d.database()) {
		return nil, fmt.Errorf("there is no database in %s, but the journal of one, %s, which a new one would delete: put the database back beside it, or move the whole folder away and restore a backup", d, journal)
	}
	if err := createPrivate(d.database()); err != nil {
		return nil, fmt.Errorf("make database: %w", err)
	}
	return store.Open(ctx, store.Options{Path: d.database(), Keys: keys, Observe: observe})
}

// journals are what SQLite adds to the name of a database for the files beside it.
var journals = []string{"-wal", "-journal", "-shm"}

// journal is the path of a journal of SQLite that is in the folder, if there is one.
func (d dataDir) journal() string {
	for _, suffix := range journals {
		if path := d.database() + suffix; there(path) {
			return path
		}
	}
	return ""
}

// createPrivate makes an empty file where there is none, before anybody else could make
// one that others may read. SQLite gives its journal the same mode.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // in the folder that the operator names
	if err != nil {
		return err
	}
	return f.Close()
}

func there(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
