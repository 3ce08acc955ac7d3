// Package mock is a Flowxi for frontend tests: the whole of it, with people who are always
// the same, codes that are known beforehand, and a clock that stands still until it is told
// to move. Its one rule: nothing of it can be had by who does not run it, since whoever
// calls it may log in as anybody there.
package mock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/rs/cors"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/header"
	"flowxi.app/flowxi/internal/node"
	"flowxi.app/flowxi/internal/password"
)

// Start is when the clock stands unless it is told otherwise.
var Start = time.Date(2026, time.January, 9, 17, 8, 57, 0, time.UTC)

// Options are what a mock is made with.
type Options struct {
	URL     string       // by which clients reach it, such as http://localhost:8080
	Environ []string     // the environment, which may hold a few settings and none of a server with people
	Now     time.Time    // zero is [Start]
	Running bool         // the clock goes on from there
	Exposed bool         // others than this machine may call it
	Log     *slog.Logger // nil is nowhere
	Version string       // as the health check tells it
}

// Mock is a running mock. It is safe for concurrent use.
type Mock struct {
	options Options
	config  config.Config // but for the folder
	own     http.Handler  // of what is under /mock

	mu   sync.Mutex // held for as long as a reset takes
	play *play
}

// play is what runs from one reset to the next.
type play struct {
	node     *node.Node
	clock    *clock
	folder   string
	people   []Person
	requests sync.WaitGroup // under way
	ctx      context.Context
	stop     context.CancelFunc
	jobs     sync.WaitGroup
	failed   error // of the jobs, once they have ended
}

// New starts a mock, with everybody in it. A setting that it refuses is a *config.Error.
// Its folder is gone after Close.
func New(ctx context.Context, o Options) (*Mock, error) {
	cfg, err := settings(o)
	if err != nil {
		return nil, err
	}
	if o.Now.IsZero() {
		o.Now = Start
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	m := &Mock{options: o, config: cfg}
	m.own = cors.New(cors.Options{
		AllowOriginFunc: config.IsLocalOrigin, AllowedMethods: []string{http.MethodGet, http.MethodPost}, AllowedHeaders: []string{"Content-Type"},
	}).Handler(m.routes())
	if m.play, err = m.begin(ctx); err != nil {
		return nil, err
	}
	return m, nil
}

// quick is what a password costs here, where none is worth anything.
var quick = password.Params{MemoryKiB: 64, Time: 1, Threads: 1}

// begin starts a node in a folder of its own, and has everybody come.
func (m *Mock) begin(ctx context.Context) (_ *play, err error) {
	p := &play{clock: new(clock)}
	p.ctx, p.stop = context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			err = errors.Join(err, p.end())
		}
	}()
	if p.folder, err = os.MkdirTemp("", "flowxi-mock-"); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	cfg := m.config
	cfg.DataDir = p.folder
	p.clock.set(m.options.Now, false)
	p.node, err = node.New(ctx, cfg, node.Options{
		Now: p.clock.now, Log: m.options.Log, Version: m.options.Version, Password: password.Options{Params: quick},
		Chance: newChance(), LocalOrigins: true,
	})
	if err != nil {
		return nil, err
	}
	p.jobs.Go(func() { p.failed = p.node.Run(p.ctx) })
	if p.people, err = populate(ctx, p.clock, p.node, cfg, m.options.Now); err != nil {
		return nil, fmt.Errorf("make the people: %w", err)
	}
	p.clock.set(m.options.Now, m.options.Running)
	return p, nil
}

// end stops everything and removes the folder.
func (p *play) end() error {
	p.stop()
	p.requests.Wait()
	p.jobs.Wait()
	failed := p.failed
	if p.node != nil {
		failed = errors.Join(failed, p.node.Close())
	}
	if p.folder == "" {
		return failed
	}
	return errors.Join(failed, os.RemoveAll(p.folder))
}

// Reset begins again: afterwards everything is as at the start. Requests under way are
// given up, and those that come meanwhile wait. Where the new start fails, or ctx ends before
// it is made, everything is as it was. What is left behind of what ran before is logged.
func (m *Mock) Reset(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	next, err := m.begin(ctx)
	if err != nil {
		return err
	}
	last := m.play
	m.play = next
	if err := last.end(); err != nil {
		m.options.Log.Error("cannot end what ran before", "error", err)
	}
	return nil
}

// Close ends everything and removes the folder.
func (m *Mock) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.play.end()
}

// enter takes part in what runs now.
func (m *Mock) enter() *play {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.play.requests.Add(1)
	return m.play
}

// ServeHTTP answers what a server does, and what is under /mock.
func (m *Mock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !m.isMeant(r.Host) {
		header.Data.Set(w.Header())
		refuse(w, http.StatusForbidden, account.ErrForbidden, "A mock answers to localhost, to IP addresses and to the host of --url, unless --expose lets others call it.")
		return
	}
	if isOwn(r.URL.Path) {
		m.guard(w, r)
		return
	}
	p := m.enter()
	defer p.requests.Done()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(p.ctx, func() {
		cancel()                                                      // the inbox of a page waits for mails without end
		_ = http.NewResponseController(w).SetReadDeadline(time.Now()) // and who sends half a body may not go on
	})()
	p.node.Handler().ServeHTTP(w, r.WithContext(ctx))
}

// parting is what requests under way have to finish once a mock is told to stop.
const parting = 5 * time.Second

// end lets requests finish until ctx ends, and then breaks them off.
func end(ctx context.Context, s *http.Server) error {
	err := s.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return s.Close()
	}
	return err
}

// Serve answers requests on l until ctx ends, and closes the mock.
func (m *Mock) Serve(ctx context.Context, l net.Listener) error {
	server := api.NewServer(l.Addr().String(), m, m.options.Log)
	stopped := make(chan error, 1)
	defer context.AfterFunc(ctx, func() {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), parting)
		defer cancel()
		stopped <- end(limited, server)
	})()
	err := server.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		err = <-stopped
	}
	return errors.Join(err, m.Close())
}
