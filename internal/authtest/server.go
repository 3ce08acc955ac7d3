// Package authtest starts the whole of Flowxi for tests, in either shape, and talks to it
// over HTTP. Its one rule: a server under test is the one that people get, with a
// database, a place for photos and a clock of its own. It is only more patient with what
// it stands on (patience, redistest.Patience).
package authtest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/blob/s3test"
	"flowxi.app/flowxi/internal/cache/redistest"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/mail"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/password"
	"flowxi.app/flowxi/internal/seal"
)

// patience is what the database may take to answer a health check: without it, a test of
// anything else fails by a 503 now and then, on a machine that does much at once. What
// production waits is held by internal/faults TestAHealthCheckGivesUpASilentDatabase.
const patience = 10 * time.Second

// Engine is the shape in which Flowxi runs.
type Engine string

// The shapes.
const (
	// Embedded is one node that keeps everything in its folder.
	Embedded Engine = "embedded"

	// Scaled is two nodes on PostgreSQL, Redis and S3. Each request of a client goes to
	// the next node, so that nothing which is of one node alone can pass for shared.
	Scaled Engine = "scaled"
)

// Engines runs f as a parallel subtest for each shape.
func Engines(t *testing.T, f func(t *testing.T, e Engine)) {
	t.Helper()
	for _, e := range []Engine{Embedded, Scaled} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			f(t, e)
		})
	}
}

// Server is a running Flowxi. Any number of goroutines may use it.
type Server struct {
	URL string // of the first node
	*Clock

	// OnExchange, where it is set before the first request, is told every request of
	// every Client and its answer, from many goroutines.
	OnExchange func(req *http.Request, payload []byte, resp *http.Response, body []byte)

	setup   setup
	urls    []string // of all nodes
	turn    *atomic.Uint64
	inboxes []*mail.Inbox
	mails   func(t TB, to string) []mail.Entry // newest first, whole
	stops   []func()
}

// Remote is a server that somebody else runs, with so many nodes. It has no clock to set
// and knows nothing of what is behind it but how to read the mails for an address,
// newest first.
func Remote(t testing.TB, urls []string, mails func(t TB, to string) []mail.Entry) *Server {
	t.Helper()
	return &Server{URL: urls[0], OnExchange: holdToDocument(t), urls: urls, turn: new(atomic.Uint64), mails: mails}
}

// next is the address of the node that answers the next request.
func (s *Server) next() string { return s.urls[s.turn.Add(1)%uint64(len(s.urls))] }

// Option changes how a server is set up.
type Option func(*setup)

// setup is all that a server begins with, and begins with again after a restart.
type setup struct {
	environ   []string
	folders   []string // of the nodes
	redis     string
	configure []func(*config.Config)
	password  password.Options
	entries   int
	log       io.Writer // nil is the output of the test
}

// WithEnv gives settings in the form of the environment: "FLOWXI_OTP_TTL=1m".
func WithEnv(environ ...string) Option {
	return func(s *setup) { s.environ = append(s.environ, environ...) }
}

// WithConfig changes the settings after they were read and checked.
func WithConfig(change func(*config.Config)) Option {
	return func(s *setup) { s.configure = append(s.configure, change) }
}

// On has an embedded server run on a folder that is there already, with such settings.
func On(folder string, environ ...string) Option {
	return func(s *setup) {
		s.folders = []string{folder}
		s.environ = append(s.environ, environ...)
	}
}

// WithLimits puts the rate limits on, which are off otherwise.
func WithLimits() Option { return WithEnv("FLOWXI_RATE_LIMITS=on") }

// FastHash makes passwords cheap, for tests that need many people and are not about
// them. Otherwise they cost what they cost in production.
func FastHash() Option {
	return func(s *setup) { s.password.Params = password.Params{MemoryKiB: 64, Time: 1, Threads: 1} }
}

// NarrowGate lets so many passwords be hashed at once and so many wait. Each costs what
// it costs in production.
func NarrowGate(slots, queue int) Option {
	return func(s *setup) { s.password = password.Options{Slots: slots, Queue: queue} }
}

// WithEntries bounds what each node's own count of limits may hold.
func WithEntries(n int) Option { return func(s *setup) { s.entries = n } }

// WithLog has all nodes write all that they ever log to w, which many write to at once.
func WithLog(w io.Writer) Option { return func(s *setup) { s.log = w } }

// Start starts a server that ends with the test.
func Start(t testing.TB, e Engine, opts ...Option) *Server {
	t.Helper()
	s := setup{environ: []string{"FLOWXI_ADDR=127.0.0.1:0", "FLOWXI_RATE_LIMITS=off", "FLOWXI_KEYS=" + seal.NewKey()}}
	switch e {
	case Embedded:
		s.folders = []string{filepath.Dir(dbtest.Database(t, dbtest.SQLite).Path)}
	case Scaled:
		s.folders = []string{t.TempDir(), t.TempDir()}
		s.redis = redistest.Database(t)
		s.environ = append(s.environ, "FLOWXI_DATABASE_URL="+dbtest.Database(t, dbtest.Postgres).URL,
			"FLOWXI_REDIS_URL="+s.redis, "FLOWXI_STORAGE_URL="+s3test.New(t).URL)
	}
	for _, o := range opts {
		o(&s)
	}
	return run(t, s, newClock(t, s.redis))
}

// Restart stops the server and starts another on the same data and with the same clock,
// set up in the same way but for the options.
func (s *Server) Restart(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s.Stop()
	again := s.setup.clone()
	for _, o := range opts {
		o(&again)
	}
	return run(t, again, s.Clock)
}

func run(t testing.TB, s setup, clock *Clock) *Server {
	t.Helper()
	srv := &Server{Clock: clock, OnExchange: holdToDocument(t), setup: s, turn: new(atomic.Uint64)}
	srv.mails = srv.inboxMails
	for _, folder := range s.folders {
		srv.add(t, folder)
	}
	return srv
}

// add starts a node.
func (s *Server) add(t testing.TB, folder string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.urls = append(s.urls, "http://"+l.Addr().String())
	s.URL = s.urls[0]
	n, err := node.New(t.Context(), s.setup.config(t, s.URL, "FLOWXI_DATA_DIR="+folder), node.Options{
		Now: s.Now, Log: s.setup.logger(t), Version: "test", Password: s.setup.password, Entries: s.setup.entries,
		RedisWithin: redistest.Patience, HealthWithin: patience,
	})
	if err != nil {
		t.Fatal(err)
	}
	stop := serve(t, n, l)
	t.Cleanup(stop)
	s.stops = append(s.stops, stop)
	if inbox := n.Inbox(); inbox != nil {
		s.inboxes = append(s.inboxes, inbox)
	}
}

// config reads the settings of the first node, or of the one that environ names.
func (s setup) config(t testing.TB, url string, environ ...string) config.Config {
	t.Helper()
	if len(environ) == 0 {
		environ = []string{"FLOWXI_DATA_DIR=" + s.folders[0]}
	}
	c, err := config.Load(slices.Concat([]string{"FLOWXI_PUBLIC_URL=" + url}, s.environ, environ))
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range s.configure {
		change(&c)
	}
	return c
}

func (s setup) logger(t testing.TB) *slog.Logger {
	if s.log == nil {
		return slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	return slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (s setup) clone() setup {
	s.environ = slices.Clone(s.environ)
	s.configure = slices.Clone(s.configure)
	return s
}

// serve returns the function that stops the server, and does nothing the second time.
func serve(t testing.TB, n *node.Node, l net.Listener) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- n.Serve(ctx, l)
		close(ended)
	}()
	return func() {
		cancel()
		switch err := <-ended; {
		case errors.Is(err, context.DeadlineExceeded):
			// A machine that does much at once may not get the last of the audit trail written in
			// the seconds there are. Who needs it after a stop looks for it.
			t.Logf("the server had not the time to end: %v", err)
		case err != nil:
			t.Errorf("the server ended badly: %v", err)
		}
	}
}

// Stop ends the server before the test does.
func (s *Server) Stop() {
	for _, stop := range s.stops {
		stop()
	}
}

// Config is the settings that the server runs with, for what works beside it.
func (s *Server) Config(t testing.TB) config.Config {
	t.Helper()
	return s.setup.config(t, s.URL)
}
