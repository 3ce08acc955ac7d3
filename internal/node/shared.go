package node

import (
	"context"
	"errors"
	"fmt"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/config"
)

// openRedis takes the cache that all nodes share.
func (n *Node) openRedis(ctx context.Context, o Options) error {
	shared, err := cache.OpenRedis(ctx, string(n.cfg.RedisURL), cache.RedisOptions{
		Now: n.now, Log: n.log, MaxEntries: o.Entries, Kind: auth.KindOf, Within: o.RedisWithin,
	})
	if err != nil {
		return Refused(err, "FLOWXI_REDIS_URL")
	}
	n.cache, n.rooms = shared, shared.Rooms
	n.opened = append(n.opened, shared)
	return nil
}

// openS3 takes the bucket that all nodes share. One that does not answer just now, or
// only that it fails, keeps no node from starting: everything but photos goes on without it.
func (n *Node) openS3(ctx context.Context) error {
	shared, err := blob.NewS3(ctx, string(n.cfg.StorageURL))
	if err != nil {
		return Refused(err, "FLOWXI_STORAGE_URL")
	}
	n.bucket = shared
	n.opened = append(n.opened, shared)
	err = shared.Ping(ctx)
	if errors.Is(err, blob.ErrUnavailable) || errors.Is(err, blob.ErrFailing) {
		n.log.Warn("S3 is out of order: photos are refused until it answers", "error", err)
		return nil
	}
	return Refused(err, "FLOWXI_STORAGE_URL")
}

// commandBucket opens a bucket, whose address was given by that name, for a command.
func commandBucket(ctx context.Context, address account.Secret, name string) (*blob.S3, error) {
	bucket, err := blob.OpenS3(ctx, string(address))
	return bucket, Refused(err, name)
}

// Refused names the setting by which the address of a service was given. Where that is no
// such address at all, it is a *config.Error.
func Refused(err error, name string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, blob.ErrURL), errors.Is(err, cache.ErrURL):
		return &config.Error{Name: name, Given: "[secret]", Allowed: err.Error()}
	}
	return fmt.Errorf("%s: %w", name, err)
}
