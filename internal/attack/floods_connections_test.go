package attack_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/canary"
)

// The first two wait for what the server gives a client, ten seconds at the most.
var floodsOfConnections = []attempt{
	{kind: wearing, try: "many connections whose headers never end", defence: headerTime, run: slowHeaders},
	{kind: wearing, try: "many bodies that never end, a byte at a time", defence: bodyTime, run: slowBodies},
	{kind: wearing, try: "a body of chunks without an end", defence: size, run: endlessBody},
	{kind: wearing, try: "a header that is longer than all others together", defence: headerSize, run: longHeader},
	{kind: wearing, try: "connections that wait for mails and never leave", defence: seats, run: manyStreams},
}

var floodsOfTraces = []attempt{
	{kind: wearing, try: "lines of the log that are as long as a stranger likes", defence: shortLines, run: longLines},
	{kind: wearing, try: "series of metrics for ever more paths and methods", defence: routesCounted, run: manySeries},
}

var (
	headerTime = canary.Stands("time of a header", canary.Place{
		File: "internal/api/server.go", Code: "ReadHeaderTimeout: headerTimeout,", Without: "ReadHeaderTimeout: ifGone($NAME, 24*time.Hour, headerTimeout),",
	})
	bodyTime = canary.Stands("time of a body", canary.Place{
		File: bodySource, Code: "x.readUntil(time.Now().Add(bodyTime))", Without: "x.readUntil(time.Now().Add(ifGone($NAME, time.Hour, bodyTime)))",
	})
	headerSize = canary.Stands("size of a header", canary.Place{
		File: "internal/api/server.go", Code: "MaxHeaderBytes:    maxHeaderBytes,", Without: "MaxHeaderBytes:    ifGone($NAME, 1<<30, maxHeaderBytes),",
	})
	seats = canary.Stands("seats of the inbox", canary.Place{
		File: "internal/web/stream.go", Code: "default:\n\t\treturn nil, false", Without: "default:\n\t\tif $GONE {\n\t\t\treturn func() {}, true\n\t\t}\n\t\treturn nil, false",
	})
	shortLines = canary.Stands("short lines of the log", canary.Place{
		File: "internal/api/middleware.go", Code: `slog.String("method", knownMethod(x.request.Method))`,
		Without: `slog.String("method", ifGone($NAME, x.request.Method, knownMethod(x.request.Method)))`,
	})
)

func slowHeaders(t *testing.T, w *world) {
	var open []net.Conn
	for range callers {
		conn := w.dial(t)
		if _, err := io.WriteString(conn, "GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
			t.Fatal(err)
		}
		open = append(open, conn)
	}
	w.stranger(t).Get("/health").Expect(200, "HEALTH_OK")
	for _, conn := range open {
		if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("a connection was held for %s", wireTime)
		}
	}
}

func slowBodies(t *testing.T, w *world) {
	var open []net.Conn
	for range callers {
		conn := w.dial(t)
		whole := wireText(w, "POST", "/api/v1/auth/login", strings.Repeat(" ", 100), "Content-Type: application/json")
		if _, err := io.WriteString(conn, whole[:len(whole)-99]); err != nil {
			t.Fatal(err)
		}
		open = append(open, conn)
	}
	w.stranger(t).Get("/health").Expect(200, "HEALTH_OK")
	for _, conn := range open {
		if a := readWired(t, conn); a.code() != "MALFORMED_REQUEST" {
			t.Fatalf("got %+v", a)
		}
	}
}

// endlessBody writes until the server has heard enough, a mebibyte at the most.
func endlessBody(t *testing.T, w *world) {
	conn := w.dial(t)
	head := wireText(w, "POST", "/api/v1/auth/login", "", "Content-Type: application/json", "Transfer-Encoding: chunked")
	chunk := fmt.Sprintf("%x\r\n%s\r\n", 4096, strings.Repeat(" ", 4096))
	if _, err := io.WriteString(conn, head+strings.Repeat(chunk, 17)); err != nil {
		t.Fatal(err)
	}
	if a := readWired(t, conn); a.code() != "PAYLOAD_TOO_LARGE" {
		t.Errorf("got %+v", a)
	}
}

func longHeader(t *testing.T, w *world) {
	if a := w.wire(t, wireText(w, "GET", "/api/v1/health", "", "X-Long: "+strings.Repeat("x", 32<<10))); a.Status != 400 {
		t.Errorf("got %d", a.Status)
	}
}

func manyStreams(t *testing.T, w *world) {
	refused := 0
	for range callers {
		conn := w.dial(t)
		if _, err := io.WriteString(conn, "GET /dev/inbox/events HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		status, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(status, " 503 ") {
			refused++
		}
	}
	if refused == 0 {
		t.Errorf("%d connections wait", callers)
	}
}

func longLines(t *testing.T, w *world) {
	own, log := logged(t, w)
	before := len(log.String())
	long := strings.Repeat("X", 3000)
	request := wireText(own, long, "/"+long, "", "User-Agent: "+long, "X-Request-Id: "+long, "X-App-Locale: "+long, "Authorization: Bearer "+long)
	if a := own.wire(t, request); a.Status < 400 {
		t.Fatalf("got %+v", a)
	}
	if grown := len(log.String()) - before; grown < 50 || grown > 1000 {
		t.Errorf("the log grew by %d bytes", grown)
	}
}

func manySeries(t *testing.T, w *world) {
	own, log := logged(t, w, observed)
	series := func() int {
		return strings.Count(string(own.stranger(t).Send("GET", log.operators(t)+"/metrics", nil).Body), "\n")
	}
	visit := func(from, to int) {
		for i := from; i < to; i++ {
			for range 2 { // nodes
				own.stranger(t).Send([]string{"GET", "BREW", "PUT"}[i%3], fmt.Sprintf("/page%d?x=%d", i, i), nil)
			}
		}
	}
	visit(0, 3)
	before := series()
	visit(3, 30)
	if grown := series() - before; grown > 3 {
		t.Errorf("%d lines came to the metrics", grown)
	}
}
