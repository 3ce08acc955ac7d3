package node

import (
	"context"
	"errors"
	"fmt"

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
func (n *Node) openS3(context.Context) error {
	return errors.New("FLOWXI_STORAGE_URL: not built yet")
}
