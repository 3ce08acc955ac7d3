package api

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
)

// listening returns the address of a server that is stopped at the end of the test.
func listening(t *testing.T) string {
	t.Helper()
	return served(t, NewServer("", newServer(t), slog.New(slog.NewTextHandler(io.Discard, nil))))
}

// say sends a raw request and returns the status of the answer.
func say(t *testing.T, addr, request string) int {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprint(conn, request); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func TestRawRequests(t *testing.T) {
	t.Parallel()
	addr := listening(t)
	const host = " HTTP/1.1\r\nHost: x\r\n"
	for _, tt := range []struct {
		name, request string
		want          int
	}{
		{"a path", "GET /api/v1/me" + host + "\r\n", 401},
		{"two slashes", "GET //api/v1/me" + host + "\r\n", 404},
		{"dots", "GET /api/v1/../v1/me" + host + "\r\n", 404},
		{"an asterisk", "OPTIONS *" + host + "\r\n", 404},
		{"an absolute address", "GET http://evil.example/api/v1/me" + host + "\r\n", 401},
		{"two hosts", "GET /api/v1/me" + host + "Host: y\r\n\r\n", 400},
		{"two lengths", "POST /api/v1/auth/login" + host + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
		{"two tokens", "GET /api/v1/me" + host + "Authorization: Bearer 1|x\r\nauthorization: Bearer 1|x\r\n\r\n", 401},
		{"a long header", "GET /api/v1/me" + host + "X: " + strings.Repeat("x", maxHeaderBytes+8<<10) + "\r\n\r\n", 431},
		{"chunks", "POST " + verifyPath + host + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 422},
		{"no body where one is needed", "POST " + verifyPath + host + "\r\n", 400},
		{"a length with a plus", "POST " + verifyPath + host + "Content-Length: +2\r\n\r\n{}", 400},
		{"a length in hex", "POST " + verifyPath + host + "Content-Length: 0x2\r\n\r\n{}", 400},
		{"a list of lengths", "POST " + verifyPath + host + "Content-Length: 2, 2\r\n\r\n{}", 400},
		{"a negative length", "POST " + verifyPath + host + "Content-Length: -2\r\n\r\n{}", 400},
		{"a length and chunks", "POST " + verifyPath + host + "Content-Type: application/json\r\nContent-Length: 900\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 422},
		{"two codings", "POST " + verifyPath + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501},
		{"a list of codings", "POST " + verifyPath + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
		{"an unknown coding", "POST " + verifyPath + host + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
		{"a coding behind a tab of another kind", "POST " + verifyPath + host + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400},
		{"a space before a colon", "POST " + verifyPath + host + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
		{"a chunk of a bad size", "POST " + verifyPath + host + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n", 400},
		{"a chunk of a huge size", "POST " + verifyPath + host + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n", 400},
		{"a NUL in a header", "GET /api/v1/me" + host + "X: a\x00b\r\n\r\n", 400},
		{"a bare CR in a header", "GET /api/v1/me" + host + "X: a\rb\r\n\r\n", 400},
		{"no host", "GET /api/v1/me HTTP/1.1\r\n\r\n", 400},
		{"a host with a path", "GET /api/v1/me HTTP/1.1\r\nHost: x/y\r\n\r\n", 400},
		{"TRACE", "TRACE /api/v1/me" + host + "\r\n", 405},
		{"CONNECT", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", 404},
		{"CONNECT to a path", "CONNECT /api/v1/me" + host + "\r\n", 405},
		{"an unknown method", "BREW /api/v1/me" + host + "\r\n", 405},
		{"a method that is none", "G@T /api/v1/me" + host + "\r\n", 400},
		{"another protocol", "GET /api/v1/me HTTP/3.0\r\nHost: x\r\n\r\n", 505},
		{"the beginning of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 404},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := say(t, addr, tt.request); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
