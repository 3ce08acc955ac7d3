package contract_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
)

// Who has sent a request may shut down their half of the connection (RFC 9112 section 9.6).
func TestSection01_Answers_ComeToWhoSendsNothingMore(t *testing.T) {
	onEach(t, func(t *testing.T, srv *authtest.Server) {
		p := srv.Client(t).Register(ada)
		for _, c := range []struct {
			method, path, header, body string
		}{
			{"PATCH", "/me", "Authorization: Bearer " + p.Bearer() + "\r\n", `{"first_name":"Ada"}`},
			{"GET", "/auth/devices", "Authorization: Bearer " + p.Bearer() + "\r\n", ""},
			{"POST", "/auth/login", "", fmt.Sprintf(`{"email":%q,"password":%q,"device_id":"laptop","device_type":"web","device_name":"Laptop"}`, ada, authtest.Password)},
		} {
			for _, after := range []time.Duration{0, 300 * time.Microsecond, time.Millisecond, 3 * time.Millisecond} {
				if status := shutDown(t, srv.URL, c.method, c.path, c.header, c.body, after); status != 200 {
					t.Errorf("%s %s, half shut down after %v, is answered %d", c.method, c.path, after, status)
				}
			}
		}
	})
}

func shutDown(t *testing.T, url, method, path, header, body string, after time.Duration) (status int) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "%s /api/v1%s HTTP/1.1\r\nHost: localhost\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		method, path, header, len(body), body)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}
