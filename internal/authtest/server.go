// Package authtest starts the whole of Flowxi for tests, on either engine, and talks to
// it over HTTP. Its one rule: a server under test is the one that people get, with a
// database, a folder and a clock of its own.
package authtest

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"testing"

	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/dbtest"
	"flowxi.app/flowxi/internal/mail"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/password"
	"flowxi.app/flowxi/internal/seal"
)

// Engine is a kind of database to run on.
type Engine = dbtest.Engine

// Engines runs f as a parallel subtest for each engine.
func Engines(t *testing.T, f func(t *testing.T, e Engine)) {
	t.Helper()
	dbtest.Engines(t, f)
}

// Server is a running Flowxi. Any number of goroutines may use it.
type Server struct {
	URL string
	*Clock

	// OnExchange, where it is set before the first request, is told every request of
	// every Client and its answer, from many goroutines.
	OnExchange func(req *http.Request, payload []byte, resp *http.Response, body []byte)

	setup setup
	inbox *mail.Inbox // nil where mail leaves by SMTP
	stop  func()
}

// Option changes how a server is set up.
type Option func(*setup)

// setup is all that a server begins with, and begins with again after a restart.
type setup struct {
	environ   []string
	configure []func(*config.Config)
	password  password.Options
}

// WithEnv gives settings in the form of the environment: "FLOWXI_OTP_TTL=1m".
func WithEnv(environ ...string) Option {
	return func(s *setup) { s.environ = append(s.environ, environ...) }
}

// WithConfig changes the settings after they were read and checked.
func WithConfig(change func(*config.Config)) Option {
	return func(s *setup) { s.configure = append(s.configure, change) }
}

// WithLimits puts the rate limits on, which are off otherwise.
func WithLimits() Option { return WithEnv("FLOWXI_RATE_LIMITS=on") }

// FastHash makes passwords cheap, for tests that need many people and are not about
// them. Otherwise they cost what they cost in production.
func FastHash() Option {
	return func(s *setup) { s.password.Params = password.Params{MemoryKiB: 64, Time: 1, Threads: 1} }
}

// Start starts a server that ends with the test.
func Start(t testing.TB, e Engine, opts ...Option) *Server {
	t.Helper()
	s := setup{environ: []string{"FLOWXI_ADDR=127.0.0.1:0", "FLOWXI_RATE_LIMITS=off", "FLOWXI_KEYS=" + seal.NewKey()}}
	if database := dbtest.Database(t, e); database.URL != "" {
		s.environ = append(s.environ, "FLOWXI_DATABASE_URL="+database.URL, "FLOWXI_DATA_DIR="+t.TempDir())
	} else {
		s.environ = append(s.environ, "FLOWXI_DATA_DIR="+filepath.Dir(database.Path))
	}
	for _, o := range opts {
		o(&s)
	}
	return run(t, s, newClock())
}

// Restart stops the server and starts another on the same data and with the same clock,
// set up in the same way but for the options.
func (s *Server) Restart(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s.stop()
	again := s.setup.clone()
	for _, o := range opts {
		o(&again)
	}
	return run(t, again, s.Clock)
}

func run(t testing.TB, s setup, clock *Clock) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	n, err := node.New(t.Context(), s.config(t, url), node.Options{
		Now: clock.Now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Version: "test", Password: s.password,
	})
	if err != nil {
		t.Fatal(err)
	}
	stop := serve(t, n, l)
	t.Cleanup(stop)
	return &Server{URL: url, Clock: clock, OnExchange: holdToDocument(t), setup: s, inbox: n.Inbox(), stop: stop}
}

func (s setup) config(t testing.TB, url string) config.Config {
	t.Helper()
	c, err := config.Load(append([]string{"FLOWXI_PUBLIC_URL=" + url}, s.environ...))
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range s.configure {
		change(&c)
	}
	return c
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
		if err := <-ended; err != nil {
			t.Errorf("the server ended badly: %v", err)
		}
	}
}
