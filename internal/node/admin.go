package node

import (
	"context"
	"errors"
	"time"

	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/config"
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

// Close gives the database back.
func (a *Admin) Close() error { return a.Store.Close() }

// Migrate makes the database where it is missing, with the key ring that belongs to it,
// and brings it up to date.
func Migrate(ctx context.Context, cfg config.Config) (err error) {
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
	return s.Migrate(ctx)
}

// Inhabited tells whether servers with these settings have a database.
func Inhabited(cfg config.Config) bool {
	return cfg.DatabaseURL != "" || there(dataDir(cfg.DataDir).database())
}

// KeyFile is the path of the key ring in the data folder.
func KeyFile(cfg config.Config) string { return dataDir(cfg.DataDir).keys() }
