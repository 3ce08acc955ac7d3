package node

import (
	"crypto/tls"
	"errors"
	"log"
	"net"
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
	m := newMixed(f, &tls.Config{MinVersion: tls.VersionTLS12}, log.Default())
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
