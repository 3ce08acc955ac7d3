package node

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// faltering is a listener that cannot accept for a while, as where there are too many
// open files.
type faltering struct {
	net.Listener
	failures atomic.Int32
}

func (f *faltering) Accept() (net.Conn, error) {
	if f.failures.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return f.Listener.Accept()
}

func TestAListenerThatFaltersGoesOn(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &faltering{Listener: l}
	f.failures.Store(3)
	m := newMixed(f, &tls.Config{MinVersion: tls.VersionTLS12}, log.Default(), nil, nil)
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Write([]byte("GET")); err != nil {
		t.Fatal(err)
	}
	accepted := make(chan net.Conn, 1)
	go func() {
		if conn, err := m.Accept(); err == nil {
			accepted <- conn
		}
	}()
	select {
	case conn := <-accepted:
		_ = conn.Close()
	case <-time.After(10 * time.Second):
		t.Fatal("nobody is accepted any more")
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := m.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Fatalf("a closed listener says %v", err)
		}
	}
}

// A bug in the handshake of TLS costs the connection that met it, and is told.
func TestAPanicInAHandshakeCostsOneConnection(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	broken := &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		panic("no certificate for fxp_secret")
	}}
	m := newMixed(l, broken, log.New(&said, "", 0), nil, nil)
	client := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	for range 2 {
		if conn, err := client.DialContext(t.Context(), "tcp", l.Addr().String()); err == nil {
			_ = conn.Close()
			t.Fatal("the handshake came through")
		}
	}
	plain, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := plain.Write([]byte("GET")); err != nil {
		t.Fatal(err)
	}
	conn, err := m.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	_ = m.Close()
	m.looking.Wait()
	if text := said.String(); strings.Count(text, "in the handshake of TLS") != 2 || !strings.Contains(text, "greet") || strings.Contains(text, "fxp_secret") {
		t.Errorf("the log is %s", text)
	}
}

// halting is a connection that sends the first half of what it has to say, and the rest
// when it may.
type halting struct {
	net.Conn
	half, may chan struct{}
}

func (h *halting) Write(p []byte) (int, error) {
	select {
	case <-h.half:
		return h.Conn.Write(p)
	default:
	}
	n, err := h.Conn.Write(p[:len(p)/2])
	close(h.half)
	if err != nil {
		return n, err
	}
	<-h.may
	rest, err := h.Conn.Write(p[n:])
	return n + rest, err
}

// TestAHandshakeUnderWayIsFinished stops a node between two parts of a client's hello. A
// machine that is busy may be too late for partingTime, but not each time.
func TestAHandshakeUnderWayIsFinished(t *testing.T) {
	t.Parallel()
	for range 5 {
		if answeredInMidHandshake(t) {
			return
		}
	}
	t.Error("no request is answered")
}

func answeredInMidHandshake(t *testing.T) bool {
	t.Helper()
	cert, key := writeCertificate(t, t.TempDir(), 1, time.Now())
	addr, stop, ended := serving(t, newNode(t, "FLOWXI_PUBLIC_URL=https://localhost", "FLOWXI_TLS_CERT="+cert, "FLOWXI_TLS_KEY="+key))
	plain, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	h := &halting{Conn: plain, half: make(chan struct{}), may: make(chan struct{})}
	status := make(chan int, 1)
	go func() { status <- askOnce(tls.Client(h, &tls.Config{InsecureSkipVerify: true})) }()
	<-h.half
	if resp, err := http.Get("http://" + addr); err != nil { // who came before is let in by now
		t.Fatal(err)
	} else {
		_ = resp.Body.Close()
	}
	stop()
	awaitClosed(t, addr)
	time.Sleep(partingTime / 5) // and not just at that moment
	close(h.may)
	got := <-status
	awaitEnd(t, ended)
	return got == http.StatusOK
}

// askOnce returns the status that a request over conn is answered with, or 0.
func askOnce(conn net.Conn) int {
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, "GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return 0
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// TestASilentConnectionDoesNotHoldUpTheEnd has a client connect that never says a word.
func TestASilentConnectionDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	cert, key := writeCertificate(t, t.TempDir(), 1, time.Now())
	addr, stop, ended := serving(t, newNode(t, "FLOWXI_PUBLIC_URL=https://localhost", "FLOWXI_TLS_CERT="+cert, "FLOWXI_TLS_KEY="+key))
	client, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	began := time.Now()
	stop()
	awaitEnd(t, ended)
	if took := time.Since(began); took > firstByte-time.Second {
		t.Errorf("it took %s", took)
	}
}
