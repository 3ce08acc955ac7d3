package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/header"
	"flowxi.app/flowxi/internal/metrics"
)

const (
	opsWrite = 2 * time.Minute // a profile takes as long as it is asked to, 30 seconds by default
	opsClose = time.Second     // for a scrape that is under way at the very end
)

// stage is how far a node is in its life. The zero value is starting.
type stage struct{ atomic.Int32 }

const (
	stageStarting = iota
	stageServing
	stageDraining
)

// ops is the operator's own listener: whether the node lives and takes requests, its
// metrics and its profiles. It is there before the node is and ends after it.
//
// Importing net/http/pprof has profiles served by http.DefaultServeMux too, as a matter
// of its init. Nothing here serves that mux: the public listener has a handler of its own
// (see package api), and this one the mux that newOps makes.
type ops struct {
	server   *http.Server
	listener net.Listener
	ended    chan error
}

// openOps begins to listen where the settings name an address for it.
func (n *Node) openOps(ctx context.Context, version string) error {
	if n.cfg.OpsAddr == "" {
		return nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", n.cfg.OpsAddr)
	if err != nil {
		return fmt.Errorf("FLOWXI_OPS_ADDR: %w", err)
	}
	n.metrics = metrics.New(version) // without a listener that tells of them nothing is counted
	n.metrics.WatchReady(func() bool { return n.stage.Load() == stageServing })
	server := listens(api.NewServer(l.Addr().String(), n.opsHandler(), n.log))
	server.WriteTimeout = opsWrite
	o := &ops{server: server, listener: l, ended: make(chan error, 1)}
	go func() { o.ended <- server.Serve(headedListener{Listener: l}) }()
	n.opened = append(n.opened, o)
	n.log.Info("listening for operators", "addr", l.Addr().String())
	return nil
}

func (n *Node) opsHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { tell(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", n.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(n.metrics.Gatherer(), promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	for path, show := range map[string]http.HandlerFunc{
		"/debug/pprof/": pprof.Index, "/debug/pprof/cmdline": pprof.Cmdline, "/debug/pprof/profile": pprof.Profile,
		"/debug/pprof/symbol": pprof.Symbol, "/debug/pprof/trace": pprof.Trace,
	} {
		mux.HandleFunc(path, n.byOwnName(show))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header.Data.Set(w.Header())
		mux.ServeHTTP(w, r)
	})
}

// byOwnName lets only requests through that were sent to an address, or to a name that is
// this listener's. A page that an operator has open elsewhere can point a name of its own
// at this machine and then read profiles as its own (DNS rebinding); what it cannot do is
// change the Host. Probes and metrics answer to every name, since monitoring has its own
// for a node and they tell of nobody.
func (n *Node) byOwnName(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !n.isOwnName((&url.URL{Host: r.Host}).Hostname()) {
			tell(w, http.StatusForbidden, "profiles are for an IP address, for localhost and for the host of FLOWXI_OPS_ADDR")
			return
		}
		next(w, r)
	}
}

func (n *Node) isOwnName(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	own, _, _ := net.SplitHostPort(n.cfg.OpsAddr) // it was checked
	return strings.EqualFold(name, "localhost") || own != "" && strings.EqualFold(name, own)
}

// readyz tells a proxy whether to send requests here. It is about this node alone, and
// never about what all nodes share: where the database is down, every node would say no,
// and clients would get the proxy's bare 503 instead of an answer of ours that says when
// to come back.
func (n *Node) readyz(w http.ResponseWriter, _ *http.Request) {
	switch n.stage.Load() {
	case stageServing:
		tell(w, http.StatusOK, "ok")
	case stageDraining:
		tell(w, http.StatusServiceUnavailable, "draining")
	case stageStarting:
		tell(w, http.StatusServiceUnavailable, "starting")
	}
}

func tell(w http.ResponseWriter, status int, what string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, what+"\n") // whoever asked may be gone
}

// Close implements io.Closer.
func (o *ops) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), opsClose)
	defer cancel()
	if err := o.server.Shutdown(ctx); err != nil {
		_ = o.server.Close() // a profile that somebody waits for is not worth waiting for
	}
	if err := <-o.ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("FLOWXI_OPS_ADDR: %w", err)
	}
	return nil
}
