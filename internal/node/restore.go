package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
	"flowxi.app/flowxi/internal/transfer"
)

// RestoreOptions is what a restore takes besides the settings.
type RestoreOptions struct {
	Identities string // the text of an age identity file, where the backup is not sealed with the ring
	Progress   transfer.Progress
	Actor      string // whom the audit trail will call who restored it
}

// Restore brings back what Backup wrote, into the place that servers with these settings
// use and where nobody is yet. Where it fails, no server ever sees anything of it: an
// SQLite file gets its name at the end, and rows get into PostgreSQL in one transaction.
func Restore(ctx context.Context, cfg config.Config, from io.Reader, o RestoreOptions) (h transfer.Header, report transfer.Report, err error) {
	d := dataDir(cfg.DataDir)
	keys, err := ringForRestore(cfg, d)
	if err != nil {
		return h, report, err
	}
	if cfg.DatabaseURL == "" || cfg.StorageURL == "" {
		if err := d.make(); err != nil {
			return h, report, err
		}
		lock, err := d.lockIdle()
		if err != nil {
			return h, report, err
		}
		defer func() { err = errors.Join(err, lock.Close()) }()
	}
	if cfg.DatabaseURL == "" {
		if err := d.vacant(); err != nil {
			return h, report, err
		}
	}
	if err := transfer.Verify(from, keys, o.Identities); err != nil {
		return h, report, err
	}
	plain, err := transfer.Decrypt(from, keys, o.Identities)
	if err != nil {
		return h, report, err
	}
	bucket, closeBucket, err := bucketForRestore(ctx, cfg, d, keys)
	if err != nil {
		return h, report, err
	}
	defer func() { err = errors.Join(err, closeBucket()) }()
	into := restoring{
		Restore: transfer.Restore{Bucket: bucket, Keys: keys, Progress: o.Progress},
		from:    plain,
		record: func(ctx context.Context, s *store.Store, made time.Time) error {
			return auth.NewOperator(o.Actor, s, keys, cfg, time.Now).Record(ctx, auth.Restored, "as of "+made.UTC().Format(time.RFC3339))
		},
	}
	if cfg.DatabaseURL != "" {
		return into.fill(ctx, store.Options{URL: string(cfg.DatabaseURL)})
	}
	return into.file(ctx, d)
}

// ringForRestore is the ring of the instance that comes back; a new one would open nothing
// in it.
func ringForRestore(cfg config.Config, d dataDir) (*seal.KeyRing, error) {
	if cfg.Keys != "" {
		return openRing(cfg, d)
	}
	keys, err := seal.Load(d.keys())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the key ring is missing, without which a backup is of no use: put the key file of the instance to %s, or set FLOWXI_KEYS", d.keys())
	}
	return keys, err
}

func bucketForRestore(ctx context.Context, cfg config.Config, d dataDir, keys *seal.KeyRing) (blob.Bucket, func() error, error) {
	if cfg.StorageURL != "" {
		bucket, err := commandBucket(ctx, cfg.StorageURL, "FLOWXI_STORAGE_URL")
		if err != nil {
			return nil, nil, err
		}
		return bucket, bucket.Close, nil
	}
	folder, err := blob.NewFolder(d.photos(), cfg.PublicURL.String(), keys, time.Now)
	if err != nil {
		return nil, nil, fmt.Errorf("open photos: %w", err)
	}
	return folder, folder.Close, nil
}

// restoring is a restore with the open backup.
type restoring struct {
	transfer.Restore

	from   io.Reader
	record func(ctx context.Context, s *store.Store, made time.Time) error
}

func (r restoring) fill(ctx context.Context, where store.Options) (h transfer.Header, report transfer.Report, err error) {
	where.Keys = r.Keys
	if r.Store, err = store.Open(ctx, where); err != nil {
		return h, report, err
	}
	defer func() { err = errors.Join(err, r.Store.Close()) }()
	if h, report, err = r.Read(ctx, r.from); err != nil {
		return h, report, err
	}
	unrecorded(ctx, r.record(ctx, r.Store, h.Created))
	return h, report, nil
}

// vacant refuses a folder where a database is, or the journal of one: SQLite would play
// that over the database that comes, and who restores would have the old one. It may hold
// what is nowhere else, so that it is for the operator to put away.
func (d dataDir) vacant() error {
	if there(d.database()) {
		return fmt.Errorf("there is a database in %s already: restore into a folder without one", d)
	}
	if journal := d.journal(); journal != "" {
		return fmt.Errorf("the journal of a database before is left, %s, which may hold changes that are nowhere else and would be played over what is restored: move the whole folder %s away, and restore into an empty one with a copy of the key file", journal, d)
	}
	return nil
}

// file fills an SQLite file of another name, and then gives it its own.
func (r restoring) file(ctx context.Context, d dataDir) (h transfer.Header, report transfer.Report, err error) {
	draft := d.database() + ".restoring"
	if err := removeDatabase(draft); err != nil {
		return h, report, err
	}
	if err := createPrivate(draft); err != nil {
		return h, report, fmt.Errorf("make database: %w", err)
	}
	h, report, err = r.fill(ctx, store.Options{Path: draft}) // closed, it is one file
	if err != nil {
		return h, report, errors.Join(err, removeDatabase(draft))
	}
	if err := os.Rename(draft, d.database()); err != nil {
		return h, report, fmt.Errorf("put database in place: %w", err)
	}
	return h, report, seal.SyncDir(d.database())
}

// removeDatabase removes an SQLite file with its journal.
func removeDatabase(path string) error {
	for _, suffix := range append([]string{""}, journals...) {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove unfinished database: %w", err)
		}
	}
	return nil
}
