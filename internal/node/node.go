// Package node is one running Flowxi: it puts the parts together as the settings say,
// serves until it is told to stop, and takes everything apart again. Its one rule:
// what was opened last is closed first, and only when nobody uses it any more.
//
// A server is New, then Serve, which runs the background and answers until its context
// ends, and closes. A test may take Handler and Run apart. The commands that work beside
// running servers (Migrate, Move, Backup, Restore, OpenAdmin) take the same settings.
package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/blob"
	"flowxi.app/flowxi/internal/cache"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/mail"
	"flowxi.app/flowxi/internal/metrics"
	"flowxi.app/flowxi/internal/password"
	"flowxi.app/flowxi/internal/photo"
	"flowxi.app/flowxi/internal/ratelimit"
	"flowxi.app/flowxi/internal/seal"
	"flowxi.app/flowxi/internal/store"
	"flowxi.app/flowxi/internal/trace"
	"flowxi.app/flowxi/internal/web"
)

// Options is what a node takes besides its settings.
type Options struct {
	Now      func() time.Time // nil is the clock of the machine
	Log      *slog.Logger     // nil is nowhere
	Version  string           // of the program, as the health check tells it
	Password password.Options // the zero value is what production uses; costs that are zero are those of the settings
	Entries  int              // that the node's own count of limits may have; zero is what production uses

	// RedisWithin is how long a call to Redis may take, and HealthWithin the database to
	// answer the health check; zero is what production uses. Tests that look for something
	// else wait longer: a machine that does much at once starves both.
	RedisWithin, HealthWithin time.Duration

	// What flowxi mock alone asks for. Production, and what has its data already or
	// elsewhere than in a folder, refuses it.
	Chance       auth.Chance // nil is auth.Random
	LocalOrigins bool        // pages of this machine, on any port, may call the API
}

// Node is one running Flowxi. Its methods may be called from any goroutine.
type Node struct {
	cfg     config.Config
	log     *slog.Logger
	now     func() time.Time
	data    dataDir
	store   *store.Store
	cache   cache.Cache
	rooms   func() []cache.Room // of the node's own count of limits
	keys    *seal.KeyRing
	bucket  blob.Bucket
	folder  *blob.Folder // the bucket where it is a folder; nil otherwise
	inbox   *mail.Inbox  // nil where mail leaves for the world
	worker  *mail.Worker
	auth    *auth.Auth
	site    func() *web.Site // makes the pages when it is first called
	handler http.Handler
	unheard unheard // what is answered to what is no request

	stage       stage           // what /readyz tells
	ended       context.Context // once those who were still served at the stop have had their time
	end         context.CancelFunc
	connections atomic.Int64 // that are open
	lastCame    atomic.Int64 // when a draining node got its last request, in nanoseconds since 1970

	certificate *certificate // nil where TLS ends elsewhere

	metrics *metrics.Metrics // nil where nobody can ask for them
	tracer  trace.Tracer     // makes nothing where traces go nowhere

	opened []io.Closer // in the order of opening
}

// photoSlots is how many photos are decoded at once, which takes much memory (see package
// photo). Uploads wait for their turn as long as photoWait, and how many there are is bounded
// before they are read (api.Uploads).
const (
	photoSlots = 1
	photoWait  = 15 * time.Second
)

// New opens everything that a node needs and brings the database up to date. Errors are
// fit to be shown to the operator; those about a setting are a *config.Error.
func New(ctx context.Context, cfg config.Config, o Options) (*Node, error) {
	if err := refuseMock(cfg, o); err != nil {
		return nil, err
	}
	n := &Node{cfg: cfg, log: o.Log, now: o.Now, data: dataDir(cfg.DataDir)}
	n.ended, n.end = context.WithCancel(context.WithoutCancel(ctx))
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	if n.now == nil {
		n.now = time.Now
	}
	if err := n.openCertificate(); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	if err := errors.Join(n.openOps(ctx, o.Version), n.openTraces(o.Version)); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	if err := n.open(ctx, o); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	n.warn(ctx)
	return n, nil
}

var errMock = errors.New("codes that are known beforehand are for a sandbox in a folder of its own")

// refuseMock keeps what flowxi mock asks for away from people's accounts, whoever asks.
func refuseMock(cfg config.Config, o Options) error {
	mock := o.Chance != nil || o.LocalOrigins
	if mock && (!cfg.Sandbox() || cfg.DatabaseURL != "" || cfg.RedisURL != "" || cfg.StorageURL != "" || there(dataDir(cfg.DataDir).database())) {
		return errMock
	}
	return nil
}

// warn tells what the settings leave open, to those too who want to read errors alone:
// nothing that guards is switched off in silence.
func (n *Node) warn(ctx context.Context) {
	level := slog.LevelWarn
	if !n.log.Enabled(ctx, level) {
		level = slog.LevelError
	}
	for _, text := range n.cfg.Warnings() {
		n.log.Log(ctx, level, text)
	}
}

func (n *Node) open(ctx context.Context, o Options) (err error) {
	if !n.cfg.Stateless() {
		if err := n.openData(); err != nil {
			return err
		}
	}
	if n.cfg.DatabaseURL == "" && there(n.data.keys()) && !there(n.data.database()) {
		n.log.Error("there is a key file and no database: a new one is made. Where there was one, stop this server and restore it", "directory", string(n.data))
	}
	if n.keys, err = openRing(n.cfg, n.data); err != nil {
		return err
	}
	if n.store, err = openStore(ctx, n.cfg, n.data, n.keys, n.observeStore()); err != nil {
		return err
	}
	n.opened = append(n.opened, n.store)
	if err := refuseHalf(ctx, n.store); err != nil {
		return err
	}
	if err := n.store.Migrate(ctx); err != nil {
		return err
	}
	if err := holdKeys(ctx, n.store, n.keys); err != nil {
		return err
	}
	if n.cfg.DatabaseURL == "" { // and so nobody else has it
		if err := n.store.Reclaim(ctx, n.now()); err != nil {
			return err
		}
	}
	if err := n.store.HoldTrail(ctx); err != nil {
		return err
	}
	if err := n.openBucket(ctx); err != nil {
		return err
	}
	if err := n.openCache(ctx, o); err != nil {
		return err
	}
	return n.assemble(o)
}

// openData makes the folder and keeps a second server off it, on PostgreSQL too:
// whatever is in it is of one process.
func (n *Node) openData() error {
	if err := n.data.make(); err != nil {
		return err
	}
	if n.data.open() {
		n.log.Warn("others can look into the data directory, where codes and mails are: chmod 700", "directory", string(n.data))
	}
	lock, err := n.data.lock()
	if err != nil {
		return err
	}
	n.opened = append(n.opened, lock)
	return nil
}

// openBucket takes a folder where the settings name no bucket.
func (n *Node) openBucket(ctx context.Context) (err error) {
	if n.cfg.StorageURL != "" {
		return n.openS3(ctx)
	}
	n.folder, err = blob.NewFolder(n.data.photos(), n.cfg.PublicURL.String(), n.keys, n.now)
	if err != nil {
		return fmt.Errorf("open photos: %w", err)
	}
	n.bucket = n.folder
	n.opened = append(n.opened, n.folder)
	return nil
}

// openCache takes the node's own memory where the settings name no Redis.
func (n *Node) openCache(ctx context.Context, o Options) error {
	if n.cfg.RedisURL != "" {
		return n.openRedis(ctx, o)
	}
	memory, err := cache.OpenMemory(n.now, cache.Options{MaxEntries: o.Entries, Kind: auth.KindOf, Log: n.log}, n.data.limits())
	if err != nil {
		return err
	}
	n.cache, n.rooms = memory, memory.Rooms
	n.opened = append(n.opened, closer(memory.Close))
	return nil
}

// assemble makes the parts out of what is open.
func (n *Node) assemble(o Options) error {
	catalog, err := locale.New()
	if err != nil {
		return fmt.Errorf("read messages: %w", err)
	}
	if err := n.openMail(catalog); err != nil {
		return err
	}
	limitKey, err := n.store.LimitKey()
	if err != nil {
		return fmt.Errorf("read key of limits: %w", err)
	}
	if o.Password.Params == (password.Params{}) {
		o.Password.Params = n.cfg.Passwords.Params()
	}
	if o.Chance == nil {
		o.Chance = auth.Random{}
	}
	hasher, photos := password.NewHasher(o.Password), photo.NewProcessor(photoSlots, photoWait)
	n.auth = auth.New(auth.Deps{
		Store: n.store, Cache: n.cache, Keys: n.keys, Bucket: n.bucket, Config: n.cfg, Now: n.now,
		Limiter:  ratelimit.New(n.cache, limitKey, !n.cfg.RateLimits),
		Hasher:   hasher,
		Photos:   photos,
		Chance:   o.Chance,
		WakeMail: n.worker.Wake,
	})
	uploads := api.NewUploads()
	n.watchParts(hasher, photos, uploads)
	n.unheard = func(asked http.Header) (http.Header, []byte) { return api.Unheard(catalog, asked) }
	n.handler = api.New(api.Deps{
		Auth: n.auth, Catalog: catalog, Config: n.cfg, Log: n.log, Version: o.Version, Now: n.now,
		Ended: n.ended, Uploads: uploads, Observe: n.observeAPI(), Tracer: n.tracer,
		Pages: n.pages(catalog, o.Version), Refused: n.refused, LocalOrigins: o.LocalOrigins, HealthWithin: o.HealthWithin,
	})
	return nil
}

// Handler answers requests, until Close.
func (n *Node) Handler() http.Handler { return n.handler }

// Inbox is where mail goes that does not leave for the world; nil where it does.
func (n *Node) Inbox() *mail.Inbox { return n.inbox }

// Close gives back everything that New opened. It comes after Run and after the last
// request.
func (n *Node) Close() error {
	n.end()
	var failed error
	for _, c := range slices.Backward(n.opened) {
		failed = errors.Join(failed, c.Close())
	}
	n.opened = nil
	return failed
}

// closer makes an io.Closer of what cannot fail.
type closer func()

// Close implements io.Closer.
func (c closer) Close() error {
	c()
	return nil
}
