package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/transfer"
)

// BackupOptions is what a backup takes besides the settings.
type BackupOptions struct {
	Recipients []string // of age, in the place of the key ring
	Version    string   // of the program
	Progress   transfer.Progress
}

// Backup writes everything that servers with these settings keep to w, encrypted: the
// database as it is at one moment, and the photos that belong to it. Servers may be at
// work meanwhile. The key ring is not in it.
func Backup(ctx context.Context, cfg config.Config, w io.Writer, o BackupOptions) (report transfer.Report, err error) {
	d := dataDir(cfg.DataDir)
	if cfg.DatabaseURL == "" {
		if err := d.holdsInstance(); err != nil {
			return report, err
		}
	}
	keys, err := openRing(cfg, d)
	if err != nil {
		return report, err
	}
	s, err := openStore(ctx, cfg, d, keys, nil)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := refuseHalf(ctx, s); err != nil {
		return report, err
	}
	photos, closePhotos, err := openPhotos(ctx, cfg, d)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, closePhotos()) }()
	out, err := transfer.Encrypt(w, keys, o.Recipients)
	if err != nil {
		return report, err
	}
	b := transfer.Backup{Store: s, Photos: photos, Keys: keys, Version: o.Version, Now: time.Now, Progress: o.Progress}
	if report, err = b.Write(ctx, out); err != nil {
		return transfer.Report{}, err // out stays open, so that what was written is no whole file
	}
	if err := out.Close(); err != nil {
		return transfer.Report{}, fmt.Errorf("end backup: %w", err)
	}
	return report, nil
}

// openPhotos opens the photos for reading, beside whoever writes them.
func openPhotos(ctx context.Context, cfg config.Config, d dataDir) (blob.Reader, func() error, error) {
	if cfg.StorageURL != "" {
		bucket, err := commandBucket(ctx, cfg.StorageURL, "FLOWXI_STORAGE_URL")
		if err != nil {
			return nil, nil, err
		}
		return bucket, bucket.Close, nil
	}
	files, err := blob.OpenFiles(d.photos())
	if err != nil {
		return nil, nil, err
	}
	return files, files.Close, nil
}
