package node

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/textproto"
	"sync/atomic"
	"time"

	"flowxi.app/flowxi/internal/header"
)

// To what is no request, and to an Expect that it does not know, net/http writes an
// answer past every handler, which so lacks what all others have. A headed connection
// adds it on the way out: the headers, and of the API the envelope too (contract section 1).

var (
	statusLine   = []byte("HTTP/1.1 ")
	lineEnd      = []byte("\r\n")
	bareHeaders  = []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")
	noSuchExpect = []byte("HTTP/1.1 417 ")
	badRequest   = []byte("HTTP/1.1 400 Bad Request") // whatever net/http says: one code has one status
	dataHeaders  = []byte(header.Data.Lines())
)

// unheard makes what follows the status of such an answer of the API, by the headers of what
// was asked. One that is nil leaves the text of net/http there.
type unheard func(asked http.Header) (h http.Header, body []byte)

// overTLS is the same for those who came by TLS.
func (u unheard) overTLS(transport string) unheard {
	return func(asked http.Header) (http.Header, []byte) {
		h, body := u(asked)
		h.Set(header.TransportName, transport)
		return h, body
	}
}

// whole is all that follows the status line.
func (u unheard) whole(asked http.Header) []byte {
	h, body := u(asked)
	h.Set("Connection", "close")
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	var b bytes.Buffer
	_ = h.Write(&b) // a buffer takes everything
	b.Write(lineEnd)
	b.Write(body)
	return b.Bytes()
}

// headersIn are those that begin behind the first line of what was read, as far as they are
// in it and in order.
func headersIn(read []byte) http.Header {
	r := textproto.NewReader(bufio.NewReader(bytes.NewReader(read)))
	_, _ = r.ReadLine()
	h, _ := r.ReadMIMEHeader()
	return http.Header(h)
}

// headedListener is a listener of headed connections.
type headedListener struct {
	net.Listener
	unheard unheard
}

// Accept implements net.Listener.
func (l headedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return headed(conn, l.unheard), nil
}

func headed(conn net.Conn, u unheard) net.Conn { return &headedConn{Conn: conn, unheard: u} }

// headedConn is a connection over which no answer leaves without the headers of its class.
// Its server is one that listens.
type headedConn struct {
	net.Conn
	unheard unheard
	handled atomic.Bool // a handler has the request that came last
	read    []byte      // last, of a request that no handler has; in memory of net/http
}

func (c *headedConn) handle(by bool) {
	c.handled.Store(by)
	c.read = nil
}

// Read implements net.Conn.
func (c *headedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if len(p) > 1 && !c.handled.Load() { // single bytes are looked for beside a handler, to see a connection end
		c.read = p[:n]
	}
	return n, err
}

// handled tells a connection whether a handler has its request, if it is a headed one. That
// of HTTP/2 is not.
func handled(conn any, by bool) {
	if c, ok := conn.(interface{ handle(bool) }); ok {
		c.handle(by)
	}
}

type connKey struct{}

// listens has a server tell its headed connections when a handler takes a request, since
// what handlers write may look like anything, and begin anywhere.
func listens(s *http.Server) *http.Server {
	s.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, conn)
	}
	handler, state := s.Handler, s.ConnState
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handled(r.Context().Value(connKey{}), true)
		handler.ServeHTTP(w, r)
	})
	s.ConnState = func(conn net.Conn, now http.ConnState) {
		if now == http.StateIdle { // the answer is out
			handled(conn, false)
		}
		if state != nil {
			state(conn, now)
		}
	}
	return s
}

// Write implements net.Conn. An answer past the handlers comes in one piece.
func (c *headedConn) Write(p []byte) (int, error) {
	if c.handled.Load() || !bytes.HasPrefix(p, statusLine) {
		return c.Conn.Write(p)
	}
	line, rest, _ := bytes.Cut(p, lineEnd)
	if !bytes.HasPrefix(p[len(line):], bareHeaders) && !bytes.HasPrefix(p, noSuchExpect) {
		return c.Conn.Write(p)
	}
	follows := append(bytes.Clone(dataHeaders), rest...)
	if c.unheard != nil {
		line, follows = badRequest, c.unheard.whole(headersIn(c.read))
	}
	whole := bytes.Join([][]byte{line, follows}, lineEnd)
	if _, err := c.Conn.Write(whole); err != nil {
		return 0, err
	}
	return len(p), nil
}

// CloseWrite ends what is sent and lets the client read it, where the transport can.
func (c *headedConn) CloseWrite() error { return closeWrite(c.Conn) }

func closeWrite(conn net.Conn) error {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// headedTLS tells net/http that the connection is a secure one.
type headedTLS struct {
	headedConn
	secure *tls.Conn
}

// ConnectionState tells what was agreed on. Package net/http asks for it.
func (c *headedTLS) ConnectionState() tls.ConnectionState { return c.secure.ConnectionState() }
