package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/header"
)

// drainTime is what requests under way have to finish once the node is told to stop.
// Background jobs then have some ten seconds more.
const drainTime = 8 * time.Second

// partingTime is how long connections stay open once nobody is let in any more and the
// last request came; longestParting is the most of it. A request that is on its way over
// one is answered, and its caller told to close it; without this time it would be lost to
// the end of a connection that looked idle (RFC 9112 §9.3.1).
const (
	partingTime    = 250 * time.Millisecond
	longestParting = 2 * time.Second
)

// Serve answers requests on l, by TLS where the settings say so, and runs the background
// jobs, until ctx ends. Then it takes no more requests, finishes those that are under
// way, then the jobs, and closes the node: all of it within twenty seconds, and three
// more for the last traces and scrapes.
//
// With an operator's listener it goes on taking requests for FLOWXI_DRAIN_DELAY first,
// while /readyz says no already: a proxy that asks there sends the next ones elsewhere,
// and none is cut.
func (n *Node) Serve(ctx context.Context, l net.Listener) error {
	server := n.server(l.Addr().String())
	jobs, stopJobs := context.WithCancel(context.WithoutCancel(ctx))
	defer stopJobs()
	ended := make(chan error, 1)
	go func() { ended <- n.Run(jobs) }()

	n.stage.Store(stageServing)
	served := make(chan error, 1)
	go func() { served <- n.listen(server, l) }()
	var failed error
	select {
	case <-ctx.Done():
		n.log.Info("stopping")
		n.stage.Store(stageDraining)
		n.linger(served)
		failed = errors.Join(n.part(l, served), n.drain(ctx, server))
	case err := <-served:
		n.stage.Store(stageDraining)
		failed = errors.Join(fmt.Errorf("serve: %w", err), n.drain(ctx, server))
	}
	stopJobs()
	return errors.Join(failed, <-ended, n.Close())
}

func (n *Node) server(addr string) *http.Server {
	s := api.NewServer(addr, http.HandlerFunc(n.answer), n.log)
	s.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			n.connections.Add(1)
		case http.StateClosed, http.StateHijacked:
			n.connections.Add(-1)
		}
	}
	listens(s)
	if n.certificate != nil {
		s.TLSConfig = n.certificate.config()
	}
	return s
}

// answer is the handler with what is of the connection around it. A node that is going
// asks for every connection to be closed, so that a proxy which keeps them finds none
// dead later.
func (n *Node) answer(w http.ResponseWriter, r *http.Request) {
	if n.metrics != nil {
		n.metrics.Begun()
		defer n.metrics.Ended()
	}
	if n.stage.Load() == stageDraining {
		n.lastCame.Store(time.Now().UnixNano())
		w.Header().Set("Connection", "close")
	}
	if len(r.TransferEncoding) > 0 {
		// It may have had a length too, of which net/http tells nothing. Then a proxy may
		// take what comes next for another request than we do (RFC 9112 section 6.1).
		w.Header().Set("Connection", "close")
	}
	n.handler.ServeHTTP(w, r)
}

// linger waits for proxies to hear that the node is going, if there is a way to hear.
func (n *Node) linger(served chan error) {
	if n.cfg.OpsAddr == "" {
		return
	}
	select {
	case <-time.After(n.cfg.DrainDelay):
	case err := <-served:
		served <- err
	}
}

// part lets nobody in any more, and takes what comes over open connections until they
// are closed or none comes any more.
func (n *Node) part(l net.Listener, served <-chan error) error {
	_ = l.Close() // it fails where the listener has ended by itself, as the next line tells
	if err := <-served; !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	for began := time.Now(); n.connections.Load() > 0; time.Sleep(5 * time.Millisecond) {
		last := time.Unix(0, max(began.UnixNano(), n.lastCame.Load()))
		if time.Since(last) > partingTime || time.Since(began) > longestParting {
			break
		}
	}
	return nil
}

func (n *Node) listen(s *http.Server, l net.Listener) error {
	if s.TLSConfig != nil {
		return s.Serve(newMixed(l, s.TLSConfig, s.ErrorLog, n.unheard, n.unheard.overTLS(header.Transport(n.cfg.TellsSubdomains()))))
	}
	return s.Serve(headedListener{l, n.unheard})
}

// drain lets requests finish. Those that take too long are cut off, which is what their
// clients must reckon with anyway.
func (n *Node) drain(ctx context.Context, s *http.Server) error {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err := s.Shutdown(limited)
	if errors.Is(err, context.DeadlineExceeded) {
		n.end()
		return s.Close()
	}
	return err
}
