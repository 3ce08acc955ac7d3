package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/store"
	"flowxi.app/flowxi/internal/transfer"
)

// Target is where an embedded instance moves to.
type Target struct {
	Database account.Secret // a PostgreSQL URL
	Storage  account.Secret // an S3 URL; empty leaves the photos in the data folder
	Actor    string         // whom the audit trail of the target will call who moved it
}

// Move copies the embedded instance of the settings to a PostgreSQL database and a
// bucket. No server may run on it, and none can start meanwhile. It changes nothing that
// is there but to give the instance a name, and may be stopped at any moment and run
// again.
func Move(ctx context.Context, cfg config.Config, to Target, progress transfer.Progress) (report transfer.Report, err error) {
	if cfg.DatabaseURL != "" {
		return report, errors.New("FLOWXI_DATABASE_URL is set, but only an embedded instance can be moved: leave it out, and name the target by --to")
	}
	if err := to.check(); err != nil {
		return report, err
	}
	d := dataDir(cfg.DataDir)
	if err := d.holdsInstance(); err != nil {
		return report, err
	}
	lock, err := d.lockIdle()
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	keys, err := openRing(cfg, d)
	if err != nil { // the copy would be of no use without it
		return report, err
	}
	m := transfer.Move{Keys: keys.IDs(), Progress: progress}
	if to.Storage != "" {
		bucket, err := commandBucket(ctx, to.Storage, "--storage")
		if err != nil {
			return report, err
		}
		defer func() { err = errors.Join(err, bucket.Close()) }()
		m.Bucket = bucket
	}
	photos, err := blob.OpenFiles(d.photos())
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, photos.Close()) }()
	m.Photos = photos
	if m.From, err = openStore(ctx, cfg, d, keys, nil); err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, m.From.Close()) }()
	if m.To, err = store.Open(ctx, store.Options{URL: string(to.Database), Keys: keys}); err != nil {
		return report, fmt.Errorf("--to: %w", err)
	}
	defer func() { err = errors.Join(err, m.To.Close()) }()
	if report, err = m.Run(ctx); err != nil {
		return report, err
	}
	unrecorded(ctx, auth.NewOperator(to.Actor, m.To, keys, cfg, time.Now).Record(ctx, auth.Moved, ""))
	return report, nil
}

// unrecorded warns where the audit trail could not be told of what has been done: it
// cannot be done again.
func unrecorded(ctx context.Context, err error) {
	if err != nil {
		slog.WarnContext(ctx, "the audit trail does not tell of this", "error", err)
	}
}

func (t Target) check() error {
	u, err := url.Parse(string(t.Database))
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || strings.Trim(u.Path, "/") == "" {
		return &config.Error{Name: "--to", Given: "[secret]", Allowed: "allowed: postgres://user:password@host:port/name, or postgresql://…"}
	}
	if t.Storage != "" && !strings.HasPrefix(string(t.Storage), "s3://") {
		return &config.Error{Name: "--storage", Given: "[secret]", Allowed: "allowed: s3://KEYID:SECRET@host:port/bucket?region=…"}
	}
	return nil
}

// ErrNoDatabase says that there is nothing yet to look into.
var ErrNoDatabase = errors.New("there is no database")

func (d dataDir) holdsInstance() error {
	if !there(d.database()) {
		return fmt.Errorf("%w in %s: it is made by flowxi serve or flowxi migrate up. Where there is one, set FLOWXI_DATA_DIR to its folder, or FLOWXI_DATABASE_URL", ErrNoDatabase, d)
	}
	return nil
}

// refuseHalf refuses a database that holds but the beginning of an instance.
func refuseHalf(ctx context.Context, s *store.Store) error {
	mark, err := s.Moving(ctx)
	if err == nil && mark != "" {
		err = transfer.ErrMoving
	}
	return err
}
