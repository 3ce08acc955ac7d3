package node

import (
	"bytes"
	"crypto/tls"
	"net"

	"flowxi.app/flowxi/internal/header"
)

// To what is no request, and to an Expect that it does not know, net/http writes an
// answer past every handler, which so lacks what all others have. A headed connection
// adds it on the way out.

var (
	statusLine   = []byte("HTTP/1.1 ")
	lineEnd      = []byte("\r\n")
	bareHeaders  = []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")
	noSuchExpect = []byte("HTTP/1.1 417 ")
	dataHeaders  = []byte(header.Data.Lines())
)

// headedListener is a listener of headed connections.
type headedListener struct{ net.Listener }

// Accept implements net.Listener.
func (l headedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return headed(conn), nil
}

func headed(conn net.Conn) net.Conn { return &headedConn{conn} }

// headedConn is a connection over which no answer leaves without the headers of its class.
type headedConn struct{ net.Conn }

// Write implements net.Conn. An answer past the handlers comes in one piece. Those of
// handlers have a date, so none of them is taken for one.
func (c *headedConn) Write(p []byte) (int, error) {
	if !bytes.HasPrefix(p, statusLine) {
		return c.Conn.Write(p)
	}
	line, rest, _ := bytes.Cut(p, lineEnd)
	if !bytes.HasPrefix(p[len(line):], bareHeaders) && !bytes.HasPrefix(p, noSuchExpect) {
		return c.Conn.Write(p)
	}
	whole := bytes.Join([][]byte{line, lineEnd, dataHeaders, rest}, nil)
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
