package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/password"
	"flowxi.app/flowxi/internal/ratelimit"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
)

// Admin is the database and the verbs on it, for an operator's command. It works beside
// any number of running servers.
type Admin struct {
	Auth  *auth.Auth
	Store *store.Store

	cache *cache.Memory
}

// OpenAdmin opens the database that servers with these settings use, as it is. It makes
// nothing that is not there.
func OpenAdmin(ctx context.Context, cfg config.Config) (*Admin, error) {
	d := dataDir(cfg.DataDir)
	if cfg.DatabaseURL == "" && !there(d.database()) {
		return nil, fmt.Errorf("there is no database in %s: it is made by flowxi serve or flowxi migrate up", d)
	}
	keys, err := openRing(cfg, d)
	if err != nil {
		return nil, err
	}
	s, err := openStore(ctx, cfg, d)
	if err != nil {
		return nil, err
	}
	return newAdmin(cfg, s, keys), nil
}

func newAdmin(cfg config.Config, s *store.Store, keys *seal.KeyRing) *Admin {
	memory := cache.NewMemory(time.Now, cache.Options{})
	return &Admin{Store: s, cache: memory, Auth: auth.New(auth.Deps{
		Store: s, Cache: memory, Keys: keys, Bucket: noBucket{}, Config: cfg, Now: time.Now,
		Limiter:  ratelimit.New(memory, true),
		Hasher:   password.NewHasher(password.Options{}),
		WakeMail: func() {},
	})}
}

// Close gives the database back.
func (a *Admin) Close() error {
	a.cache.Close()
	return a.Store.Close()
}

// Migrate makes the database where it is missing, with the key ring that belongs to it,
// and brings it up to date.
func Migrate(ctx context.Context, cfg config.Config) (err error) {
	d := dataDir(cfg.DataDir)
	if err := d.make(); err != nil {
		return err
	}
	if _, err := openRing(cfg, d); err != nil {
		return err
	}
	s, err := openStore(ctx, cfg, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.Migrate(ctx)
}

// KeyFile is the path of the key ring in the data folder.
func KeyFile(cfg config.Config) string { return dataDir(cfg.DataDir).keys() }

// noBucket stands where an operator's command has no business: a running server has the
// folder of photos for itself.
type noBucket struct{}

var errNoBucket = errors.New("objects belong to the running server")

func (noBucket) Put(context.Context, string, string, []byte) error { return errNoBucket }
func (noBucket) Delete(context.Context, string) error              { return errNoBucket }

func (noBucket) SignedURL(context.Context, string, time.Duration) (string, error) {
	return "", errNoBucket
}

var _ blob.Bucket = noBucket{}
