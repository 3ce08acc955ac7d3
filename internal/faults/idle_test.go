package faults_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	// idleClients wait on a connection of their own, and a tenth as many stop within a
	// header, where FLOWXI_FAULT_CONNECTIONS names no other number.
	idleClients = 2000

	// mostEach is what one of these connections may take, in bytes of resident memory.
	mostEach = 48 << 10

	// The server gives a header five seconds, and a connection two minutes between requests.
	headerPatience = 15 * time.Second
	idlePatience   = 150 * time.Second

	// And an answer a minute, which is sooner than it closes what is idle.
	readPatience = 90 * time.Second

	// bigPage is asked for until no buffer of the system, of four MiB, can take it all.
	bigPage         = "/openapi.yaml"
	moreThanBuffers = 16 << 20
	mostReading     = 128 << 10
)

// TestIdleClientsTakeLittle has thousands of connections wait after an answer, as those of
// browsers and proxies do, while people log in. With FLOWXI_FAULT_CONNECTIONS it waits, too,
// until the server has closed them.
func TestIdleClientsTakeLittle(t *testing.T) {
	n := int(setting(t, "FLOWXI_FAULT_CONNECTIONS", idleClients))
	allowDescriptors(t, n+n/10+200)
	s := newSingle(t, t.TempDir())
	s.start(t)
	before, descriptors := s.status(t, "VmRSS:"), s.descriptors(t)
	idle := connect(t, n, func() (net.Conn, error) { return answered(s.addr) })
	defer idle.close()
	slow := connect(t, n/10, func() (net.Conn, error) { return say(s.addr, "GET /api/v1/health HTTP/1.1\r\nHost: lo") })
	defer slow.close()
	at := s.status(t, "VmRSS:")
	if open := s.descriptors(t) - descriptors; open < n {
		t.Errorf("%d of %d connections are kept", open, n)
	}
	each := (at - before) << 10 / (n + n/10)
	p := newVisitor(t, s)
	took := p.visit(t)
	slow.expectClosed(t, headerPatience)
	if left := s.descriptors(t) - descriptors; left > n+50 {
		t.Errorf("%d connections are left of %d that wait", left, n)
	}
	took = max(took, p.visit(t))
	ended := "closed by the clients"
	if os.Getenv("FLOWXI_FAULT_CONNECTIONS") != "" {
		idle.expectClosed(t, idlePatience)
		ended = "closed by the server"
	} else {
		idle.close()
	}
	eventually(t, "the descriptors are given back", func() bool { return s.descriptors(t) < descriptors+50 })
	took = max(took, p.visit(t))
	fmt.Printf("FAULT %-42s %d KiB before, %d at, %d after people came and they were %s; %d bytes each; the slowest call took %v\n",
		fmt.Sprintf("%d idle clients and %d slow ones", n, n/10), before, at, s.status(t, "VmRSS:"), ended, each, took.Round(time.Millisecond))
	expectLight(t, each, mostEach, took)
}

// TestSlowReadersTakeLittle has many ask for page after page and read a byte a second, while
// people log in. With FLOWXI_FAULT_CONNECTIONS it waits, too, until the server has cut them.
func TestSlowReadersTakeLittle(t *testing.T) {
	n := int(setting(t, "FLOWXI_FAULT_CONNECTIONS", idleClients)) / 10
	allowDescriptors(t, n+200)
	s := newSingle(t, t.TempDir())
	s.start(t)
	page := pageSize(t, s.url()+bigPage)
	before, descriptors := s.status(t, "VmRSS:"), s.descriptors(t)
	ask := strings.Repeat("GET "+bigPage+" HTTP/1.1\r\nHost: localhost\r\n\r\n", moreThanBuffers/page+1)
	readers := connect(t, n, func() (net.Conn, error) { return say(s.addr, ask) })
	defer readers.close()
	begun := time.Now()
	stop := make(chan struct{})
	var reading sync.WaitGroup
	reading.Go(func() { readers.readSlowly(stop) })
	defer reading.Wait()
	defer close(stop)
	time.Sleep(2 * time.Second) // the buffers are full by then
	if open := s.descriptors(t) - descriptors; open < n {
		t.Errorf("%d of %d connections are kept", open, n)
	}
	at := s.status(t, "VmRSS:")
	each := (at - before) << 10 / n
	took := newVisitor(t, s).visit(t)
	ended := "were let go"
	if os.Getenv("FLOWXI_FAULT_CONNECTIONS") != "" {
		ended = "were cut after " + s.awaitCut(t, descriptors+50, begun).String()
	}
	fmt.Printf("FAULT %-42s %d KiB before, %d at; they %s; %d bytes each; the slowest call took %v\n",
		fmt.Sprintf("%d slow readers", n), before, at, ended, each, took.Round(time.Millisecond))
	expectLight(t, each, mostReading, took)
}

// awaitCut waits until no more descriptors than that are open, and tells how long it took.
func (s *single) awaitCut(t *testing.T, most int, begun time.Time) time.Duration {
	t.Helper()
	for s.descriptors(t) > most && time.Since(begun) < readPatience {
		time.Sleep(100 * time.Millisecond)
	}
	if left := s.descriptors(t); left > most {
		t.Errorf("%d descriptors are left, want %d at the most", left, most)
	}
	return time.Since(begun).Round(time.Second)
}

// expectLight judges what a connection takes, and how long a person waits meanwhile.
func expectLight(t *testing.T, each, most int, took time.Duration) {
	t.Helper()
	if each > most {
		t.Errorf("a connection takes %d bytes, want %d at the most", each, most)
	}
	if took > 5*time.Second {
		t.Errorf("a person waits for %v", took)
	}
}

func pageSize(t *testing.T, url string) int {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil || n == 0 {
		t.Fatalf("a page of %d bytes, %v", n, err)
	}
	return int(n)
}

// readSlowly reads a byte a second of each.
func (c crowd) readSlowly(stop <-chan struct{}) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for one := make([]byte, 1); ; {
		select {
		case <-stop:
			return
		case <-second.C:
		}
		for _, conn := range c {
			_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
			_, _ = conn.Read(one) // whoever was cut is seen at the server
		}
	}
}

// allowDescriptors raises what this process may open, where the system lets it.
func allowDescriptors(t *testing.T, n int) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur >= uint64(n) {
		return
	}
	limit.Cur = max(limit.Cur, limit.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < uint64(n) {
		t.Fatalf("%d descriptors are needed, and %d allowed (%v): set ulimit -n", n, limit.Max, err)
	}
}

// visitor is a person who logs in and reads the profile.
type visitor struct {
	*caller
	email string
}

func newVisitor(t *testing.T, s *single) visitor {
	t.Helper()
	l := newTally("idle clients", 1)
	w := newStorm(s, l).workers[0]
	w.register()
	if len(w.people) != 1 {
		t.Fatal("nobody could register")
	}
	return visitor{w.caller, w.people[0].email}
}

// visit returns how long the slower of its two calls took.
func (v visitor) visit(t *testing.T) time.Duration {
	t.Helper()
	v.http.CloseIdleConnections() // so that they need a connection of their own
	in := v.call("POST", "/auth/login", "", map[string]any{
		"email": v.email, "password": password, "device_id": "d", "device_type": "web", "device_name": "d",
	})
	if in.Code != "LOGIN_SUCCESS" {
		t.Fatalf("a login is answered %d %s", in.Status, in.Code)
	}
	me := v.call("GET", "/me", in.text("data", "access_token"), nil)
	if me.Code != "ME_OK" {
		t.Fatalf("/me is answered %d %s", me.Status, me.Code)
	}
	return max(in.Took, me.Took)
}

// crowd is connections that nothing more is sent over.
type crowd []net.Conn

// connect opens so many, from 32 callers at once.
func connect(t *testing.T, n int, open func() (net.Conn, error)) crowd {
	t.Helper()
	conns := make(crowd, n)
	var failed atomic.Pointer[error]
	var opening sync.WaitGroup
	for part := range 32 {
		opening.Go(func() {
			for i := part; i < n && failed.Load() == nil; i += 32 {
				var err error
				if conns[i], err = open(); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	opening.Wait()
	if err := failed.Load(); err != nil {
		conns.close()
		t.Fatal(*err)
	}
	return conns
}

// say opens a connection with as little room to receive as the system allows.
func say(addr, text string) (net.Conn, error) {
	narrow := func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 1) })
	}
	c, err := (&net.Dialer{Timeout: patience, Control: narrow}).Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(c, text)
	return c, err
}

// answered opens a connection over which there was an answer.
func answered(addr string) (net.Conn, error) {
	c, err := say(addr, "GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if err != nil {
		return c, err
	}
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return c, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return c, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return c, err
}

// expectClosed demands that the server closes all of them.
func (c crowd) expectClosed(t *testing.T, within time.Duration) {
	t.Helper()
	deadline, kept := time.Now().Add(within), 0
	for _, conn := range c {
		_ = conn.SetReadDeadline(deadline)
		if _, err := io.Copy(io.Discard, conn); os.IsTimeout(err) {
			kept++
		}
	}
	if kept > 0 {
		t.Errorf("after %v the server keeps %d connections of %d", within, kept, len(c))
	}
}

func (c crowd) close() {
	for _, conn := range c {
		if conn != nil {
			_ = conn.Close()
		}
	}
}
