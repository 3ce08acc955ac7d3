package faults_test

import (
	"bytes"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy stands between a server and PostgreSQL and does things to commits.
type proxy struct {
	listener net.Listener
	to       string

	mute  atomic.Bool  // nobody hears an answer
	delay atomic.Int64 // nanoseconds from the database's answer to a commit until it is passed on
	jobs  atomic.Bool  // the commits of background jobs are cut, too
	skip  atomic.Int64 // commits of requests that are let through first
	cut   atomic.Int64 // commits that the database takes and whose answer nobody hears
	heard atomic.Int64 // commits that were cut
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, to: to}
	var running sync.WaitGroup
	running.Go(func() { p.accept(&running) })
	t.Cleanup(func() {
		_ = l.Close()
		running.Wait()
	})
	return p
}

func (p *proxy) accept(running *sync.WaitGroup) {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.to)
		if err != nil {
			_ = client.Close()
			continue
		}
		l := &line{proxy: p, client: client, server: server}
		running.Go(l.ask)
		running.Go(l.answer)
	}
}

// line is one connection through the proxy.
type line struct {
	*proxy
	client, server net.Conn
	committing     atomic.Bool // the database has been told to, and has not answered
	audited        atomic.Bool // the transaction is that of a request, and no background job's
}

// commit is the message by which a client of PostgreSQL commits: a simple query. What is
// done for a request says so in the audit trail before.
var (
	commit  = []byte("commit\x00")
	audited = []byte("INSERT INTO audit_events")
)

func (l *line) ask() {
	defer l.close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := l.client.Read(buffer)
		if err != nil {
			return
		}
		if bytes.Contains(buffer[:n], audited) {
			l.audited.Store(true)
		}
		if bytes.Contains(buffer[:n], commit) {
			l.committing.Store(true)
		}
		if _, err := l.server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (l *line) answer() {
	defer l.close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := l.server.Read(buffer)
		if err != nil {
			return
		}
		for l.mute.Load() {
			time.Sleep(5 * time.Millisecond)
		}
		if l.committing.Swap(false) {
			time.Sleep(time.Duration(l.delay.Load()))
			if request := l.audited.Swap(false); (request || l.jobs.Load()) && l.take() {
				l.heard.Add(1)
				return
			}
		}
		if _, err := io.Copy(l.client, bytes.NewReader(buffer[:n])); err != nil {
			return
		}
	}
}

// take tells whether this commit is one of those to be cut.
func (p *proxy) take() bool {
	if p.skip.Add(-1) >= 0 {
		return false
	}
	return p.cut.Add(-1) >= 0
}

// cutNext has so many commits cut, after some that go through.
func (p *proxy) cutNext(skip, n int) {
	p.heard.Store(0)
	p.skip.Store(int64(skip))
	p.cut.Store(int64(n))
}

func (l *line) close() {
	_ = l.client.Close()
	_ = l.server.Close()
}
