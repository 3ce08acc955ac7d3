package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
)

// Admin is the database and the verbs on it, for an operator's command.
type Admin struct {
	*auth.Operator
	Store *store.Store
}

// OpenAdmin opens the database that servers with these settings use, as it is. It makes
// nothing that is not there. The audit trail will call whoever acts actor.
func OpenAdmin(ctx context.Context, cfg config.Config, actor string) (*Admin, error) {
	d := dataDir(cfg.DataDir)
	if cfg.DatabaseURL == "" {
		if err := d.holdsInstance(); err != nil {
			return nil, err
		}
	}
	keys, err := openRing(cfg, d)
	if err != nil {
		return nil, err
	}
	s, err := openStore(ctx, cfg, d, keys, nil)
	if err != nil {
		return nil, err
	}
	return &Admin{Store: s, Operator: auth.NewOperator(actor, s, keys, cfg, time.Now)}, nil
}

// OpenDatabase opens the database for whoever only looks at it, and leaves it as it is: the
// key ring need not be there.
func OpenDatabase(ctx context.Context, cfg config.Config) (*store.Store, error) {
	d := dataDir(cfg.DataDir)
	if cfg.DatabaseURL == "" {
		if err := d.holdsInstance(); err != nil {
			return nil, err
		}
	}
	return store.Open(ctx, store.Options{URL: string(cfg.DatabaseURL), Path: d.database(), Look: true})
}

// ErrNoKeyFile says that an instance has no key ring, or not yet.
var ErrNoKeyFile = errors.New("there is no key file")

// ReadRing reads the key ring that a server would have, and makes none. It returns
// ErrNoKeyFile where there is neither one nor a database.
func ReadRing(cfg config.Config) (*seal.KeyRing, error) {
	d := dataDir(cfg.DataDir)
	if cfg.Keys == "" && !there(d.database()) {
		ring, err := seal.Load(d.keys())
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w %s, which a server makes at its first start: where there is one, set FLOWXI_DATA_DIR to its folder, or FLOWXI_KEYS", ErrNoKeyFile, d.keys())
		}
		return ring, err
	}
	return openRing(cfg, d)
}

// CheckKeys returns the error with which a server does not start whose ring lacks a key.
func CheckKeys(ctx context.Context, s *store.Store, ring *seal.KeyRing) error {
	used, err := s.UsedKeys(ctx)
	if err != nil {
		return err
	}
	return holds(ring.IDs(), used)
}

// Close gives the database back.
func (a *Admin) Close() error { return a.Store.Close() }

// Migrate makes the database where it is missing, with the key ring that belongs to it,
// and brings it up to date. It tells of each step before it is taken, which one it is of
// how many; nil is for nobody.
func Migrate(ctx context.Context, cfg config.Config, tell func(step store.Migration, n, of int)) (err error) {
	d := dataDir(cfg.DataDir)
	if !cfg.Stateless() {
		if err := d.make(); err != nil {
			return err
		}
	}
	keys, err := openRing(cfg, d)
	if err != nil {
		return err
	}
	s, err := openStore(ctx, cfg, d, keys, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.MigrateTelling(ctx, tell)
}

// Inhabited tells whether servers with these settings have a database.
func Inhabited(cfg config.Config) bool {
	return cfg.DatabaseURL != "" || there(dataDir(cfg.DataDir).database())
}

// DatabaseFile is the path of the SQLite file in the data folder.
func DatabaseFile(cfg config.Config) string { return dataDir(cfg.DataDir).database() }

// PhotoFolder is the path of the photos in the data folder.
func PhotoFolder(cfg config.Config) string { return dataDir(cfg.DataDir).photos() }

// KeyFile is the path of the key ring in the data folder.
func KeyFile(cfg config.Config) string { return dataDir(cfg.DataDir).keys() }
