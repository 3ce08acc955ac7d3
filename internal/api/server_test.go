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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := NewServer("", newServer(t), slog.New(slog.NewTextHandler(io.Discard, nil)))
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
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
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := say(t, addr, tt.request); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
