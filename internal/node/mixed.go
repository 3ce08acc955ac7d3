package node

import (
	"crypto/tls"
	"errors"
	"log"
	"net"
	"sync"
	"time"

	"flowxi.app/flowxi/internal/rescue"
)

// tlsRecord is the first byte of a TLS handshake (RFC 8446 section 5.1). No HTTP
// request begins with it.
const tlsRecord = 22

// firstByte is how long a new connection may keep silent.
const firstByte = 5 * time.Second

// handshakeTime is how long a client may take to agree on TLS.
const handshakeTime = 5 * time.Second

// mixed accepts TLS and plain HTTP on one port, so that who asks in the clear gets an
// answer: HTTPS_REQUIRED, or the health of the server (contract sections 3 and 11).
type mixed struct {
	net.Listener
	config  *tls.Config
	log     *log.Logger
	unheard unheard // in the clear
	secured unheard // over TLS

	ready   chan net.Conn
	looking sync.WaitGroup // at connections that net/http does not know of yet
	failed  chan error
	closed  chan struct{}
	once    sync.Once
}

func newMixed(l net.Listener, config *tls.Config, log *log.Logger, inClear, overTLS unheard) *mixed {
	m := &mixed{Listener: l, config: config, log: log, unheard: inClear, secured: overTLS, ready: make(chan net.Conn), failed: make(chan error, 1), closed: make(chan struct{})}
	go m.run()
	return m
}

// longestPause is between two tries to accept where there are too many open files.
const longestPause = time.Second

// run looks at each connection beside the others: a silent one holds up nobody. Whatever
// keeps it from accepting, it tries again until the listener is closed.
func (m *mixed) run() {
	pause := time.Millisecond
	for {
		conn, err := m.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			m.finish()
			m.failed <- err
			return
		}
		if err != nil {
			pause = min(2*pause, longestPause)
			time.Sleep(pause)
			continue
		}
		pause = time.Millisecond
		m.looking.Go(func() { m.look(conn) })
	}
}

// finish gives those who are in the midst of the handshake as long as open connections
// have: they are open, too.
func (m *mixed) finish() {
	done := make(chan struct{})
	go func() { m.looking.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(partingTime):
	case <-m.closed:
	}
}

func (m *mixed) look(conn net.Conn) {
	var first [1]byte
	_ = conn.SetReadDeadline(time.Now().Add(firstByte))
	if _, err := conn.Read(first[:]); err != nil {
		_ = conn.Close()
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	var whole net.Conn
	err := rescue.Do(func() error {
		whole = m.greet(&begun{Conn: conn, first: first[:]})
		return nil
	})
	if err != nil {
		m.log.Printf("%v in the handshake of TLS: %v", err, rescue.Stack(err))
		_ = conn.Close()
		return
	}
	select {
	case m.ready <- whole:
	case <-m.closed:
		_ = conn.Close()
	}
}

// greet begins TLS where the client does. A connection of HTTP/2 stays one of package
// tls, as net/http wants it, and so does one that fails, for net/http to log.
func (m *mixed) greet(conn *begun) net.Conn {
	if conn.first[0] != tlsRecord {
		return headed(conn, m.unheard)
	}
	secure := tls.Server(conn, m.config)
	_ = conn.SetDeadline(time.Now().Add(handshakeTime))
	err := secure.Handshake() //nolint:noctx // the deadline ends it
	_ = conn.SetDeadline(time.Time{})
	if err != nil || secure.ConnectionState().NegotiatedProtocol == "h2" {
		return secure
	}
	return &headedTLS{headedConn{Conn: secure, unheard: m.secured}, secure}
}

// Accept implements net.Listener.
func (m *mixed) Accept() (net.Conn, error) {
	select {
	case conn := <-m.ready:
		return conn, nil
	case err := <-m.failed:
		m.failed <- err // for whoever asks again
		return nil, err
	}
}

// Close implements net.Listener.
func (m *mixed) Close() error {
	m.once.Do(func() { close(m.closed) })
	return m.Listener.Close()
}

// begun is a connection whose first bytes have been read.
type begun struct {
	net.Conn
	first []byte
}

// Read implements net.Conn.
func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) > 0 {
		n := copy(p, b.first)
		b.first = b.first[n:]
		return n, nil
	}
	return b.Conn.Read(p)
}

// CloseWrite ends what is sent and lets the client read it, where the transport can.
func (b *begun) CloseWrite() error { return closeWrite(b.Conn) }
