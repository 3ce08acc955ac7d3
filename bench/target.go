package main

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
	_ "modernc.org/sqlite"             // the driver
)

const (
	sqlite   = "sqlite"
	postgres = "postgres"
)

// target is a server with people, and what is under load of it.
type target struct {
	name    string
	engine  string
	floor   bool
	server  *process
	others  []*process // nodes beside the server, which are asked in turns
	behind  []charged  // what the nodes ask; empty where it is in the server
	people  people
	http    *http.Client
	next    atomic.Int64 // request, so that no two are alike
	turn    atomic.Int64 // of the nodes
	factors *factors     // of those who have two; nil until somebody asks

	node    func(ctx context.Context, data string) (*process, error) // starts one, with a folder of its own: two never share one
	restart func(context.Context) error
}

// charged is somebody whom the system charges for CPU.
type charged interface{ CPU() (time.Duration, error) }

// nodes are all servers of the target.
func (t *target) nodes() []*process { return append([]*process{t.server}, t.others...) }

// url is that of the node whose turn it is.
func (t *target) url() string {
	if i := int(t.turn.Add(1)) % (len(t.others) + 1); i > 0 {
		return t.others[i-1].URL
	}
	return t.server.URL
}

// stop ends all nodes.
func (t *target) stop() (err error) {
	for _, p := range t.nodes() {
		err = errors.Join(err, p.Stop())
	}
	return err
}

// house is where the programs are, and where their data go.
type house struct {
	flowxi             string
	self               string // this program, which is the floor too
	pocketbase, kratos string // none where peers are not measured
	dir                string
	postgres           *database // nil where there is none
	redis              *redis    // nil where limits are in the memory of each server
	slots              int       // of hashes at once
}

// limits are so wide that nobody meets one: they are a part of the work.
func limits() []string {
	var all []string
	for _, name := range []string{
		"MAIL_PER_EMAIL", "MAIL_PER_NETWORK", "CODE_PER_EMAIL", "CODE_PER_NETWORK", "LOGIN_PER_EMAIL_NETWORK", "LOGIN_PER_EMAIL",
		"LOGIN_PER_NETWORK", "LOGIN_PER_DEVICE", "TWOFA_PER_PERSON", "TWOFA_PER_NETWORK", "PHOTO_PER_PERSON", "REQUESTS_PER_NETWORK",
		"REQUESTS_PER_TOKEN",
	} {
		all = append(all, "FLOWXI_LIMIT_"+name+"=100000/1s")
	}
	return all
}

func newClient() *http.Client {
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true}}
}

// open starts a server over a database of its own, with that many people.
func (h house) open(ctx context.Context, name, engine string, floor bool, count int) (*target, error) {
	t := &target{
		name: name, engine: engine, floor: floor, people: people{count: count, prefix: "fxp_"},
		http: newClient(),
	}
	data := filepath.Join(h.dir, name)
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	// What is set for others is not for these.
	environ := append(limits(), "FLOWXI_DATA_DIR="+data, "HOME="+h.dir)
	driver, dsn := "sqlite", filepath.Join(data, "flowxi.db")
	if engine == postgres {
		var err error
		if dsn, err = h.createDatabase(ctx, name); err != nil {
			return nil, err
		}
		driver, t.behind = "pgx", []charged{h.postgres}
		environ = append(environ, "FLOWXI_DATABASE_URL="+dsn, "FLOWXI_KEYS=bench:"+base64.StdEncoding.EncodeToString(make([]byte, 32)))
	}
	if h.redis != nil {
		environ = append(environ, "FLOWXI_REDIS_URL="+h.redis.URL)
		t.behind = append(t.behind, h.redis)
	}
	if err := run(ctx, environ, h.flowxi, "migrate", "up"); err != nil {
		return nil, err
	}
	if err := t.settle(ctx, driver, dsn); err != nil {
		return nil, fmt.Errorf("settle %s: %w", name, err)
	}
	t.node = func(ctx context.Context, data string) (*process, error) {
		if floor {
			return start(ctx, "/api/v1/health", nil, h.self, "floor", "-addr", "{addr}", "-engine", engine, "-dsn", dsn, "-slots", fmt.Sprint(h.slots))
		}
		environ := append(environ, "FLOWXI_DATA_DIR="+data, "FLOWXI_ADDR={addr}", "FLOWXI_OPS_ADDR={ops}", "FLOWXI_DRAIN_DELAY=0s")
		return start(ctx, "/api/v1/health", environ, h.flowxi, "serve")
	}
	t.restart = func(ctx context.Context) (err error) {
		if t.server != nil {
			if err := t.server.Stop(); err != nil {
				return err
			}
		}
		t.http.CloseIdleConnections()
		t.server, err = t.node(ctx, data)
		return err
	}
	return t, t.restart(ctx)
}

func (t *target) settle(ctx context.Context, driver, dsn string) (err error) {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := t.people.settle(ctx, db, t.engine); err != nil {
		return err
	}
	// As the servers would by themselves, sooner or later.
	if t.engine == postgres {
		_, err = db.ExecContext(ctx, `VACUUM ANALYZE`)
		return err
	}
	_, err = db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return err
}

// createDatabase makes an empty database, and tells its URL.
func (h house) createDatabase(ctx context.Context, name string) (dsn string, err error) {
	if h.postgres == nil {
		return "", errors.New("there is no PostgreSQL: see -postgres")
	}
	db, err := sql.Open("pgx", h.postgres.URL)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, `CREATE DATABASE "`+name+`"`); err != nil {
		return "", err
	}
	u, err := url.Parse(h.postgres.URL)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}
