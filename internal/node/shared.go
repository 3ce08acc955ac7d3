package node

import (
	"context"
	"errors"
	"fmt"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/config"
)

// openRedis takes the cache that all nodes share.
func (n *Node) openRedis(ctx context.Context) error {
	shared, err := cache.OpenRedis(ctx, string(n.cfg.RedisURL), cache.RedisOptions{Now: n.now, Log: n.log})
	if errors.Is(err, cache.ErrURL) {
		return &config.Error{Name: "FLOWXI_REDIS_URL", Given: "[secret]", Allowed: err.Error()}
	}
	if err != nil {
		return fmt.Errorf("FLOWXI_REDIS_URL: %w", err)
	}
	n.cache = shared
	n.opened = append(n.opened, shared)
	return nil
}

// openS3 takes the bucket that all nodes share.
func (n *Node) openS3(ctx context.Context) error {
	shared, err := openBucket(ctx, n.cfg.StorageURL, "FLOWXI_STORAGE_URL")
	if err != nil {
		return err
	}
	n.bucket = shared
	n.opened = append(n.opened, shared)
	return nil
}

// openBucket opens a bucket whose address was given by that name.
func openBucket(ctx context.Context, address account.Secret, name string) (*blob.S3, error) {
	bucket, err := blob.OpenS3(ctx, string(address))
	if errors.Is(err, blob.ErrURL) {
		return nil, &config.Error{Name: name, Given: "[secret]", Allowed: err.Error()}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return bucket, nil
}
