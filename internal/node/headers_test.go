package node

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/header"
	"flowxi.app/flowxi/internal/seal"
)

// answer is one answer, and how it was asked for.
type answer struct {
	asked  string
	status int
	header http.Header
}

// surface is all that can be asked of a node over the network.
type surface struct {
	t     *testing.T
	addr  string // of the public listener
	tls   bool
	ops   bool        // of operators, which has no envelope
	class map[int]int // how many answers came, by status
}

const homeOrigin = "https://app.example.com"

// dial opens a connection of HTTP/1.1.
func (s *surface) dial() net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	if s.tls {
		return tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	}
	return conn
}

// raw sends text as it is, and returns the answer with its body.
func (s *surface) raw(text string) (answer, []byte) {
	s.t.Helper()
	conn := s.dial()
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		s.t.Fatal(err)
	}
	method, _, _ := strings.Cut(text, " ")
	line, _, _ := strings.Cut(text, "\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		s.t.Fatalf("%.80q: no answer: %v", text, err)
	}
	if resp.Header.Get("Content-Type") == "text/event-stream; charset=utf-8" { // its body does not end
		return answer{line, resp.StatusCode, resp.Header}, nil
	}
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		s.t.Fatalf("%.80q: the answer is cut: %v", text, err)
	}
	return answer{line, resp.StatusCode, resp.Header}, body
}

// ask sends a request with such headers, one a line.
func (s *surface) ask(method, target, body string, headers ...string) (answer, []byte) {
	s.t.Helper()
	return s.raw(request(method, target, body, headers...))
}

func request(method, target, body string, headers ...string) string {
	all := append([]string{method + " " + target + " HTTP/1.1", "Host: localhost", "Connection: close"}, headers...)
	if body != "" {
		all = append(all, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	return strings.Join(all, "\r\n") + "\r\n\r\n" + body
}

// isText tells whether answers of that type have a charset.
func isText(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.HasPrefix(kind, "text/") || kind == "application/json" || kind == "application/yaml" || strings.HasSuffix(kind, "+xml")
}

// safe demands that an answer is of a class, and tells its type rightly.
func (s *surface) safe(c header.Class, a answer) {
	s.t.Helper()
	s.class[a.status]++
	for _, name := range c.Names() {
		if name == "Cache-Control" { // photos and assets may be kept, which tests of theirs look at
			continue
		}
		if got := a.header.Values(name); len(got) != 1 || got[0] != c.Get(name) {
			s.t.Errorf("%s: %d with %s %q, want %q", a.asked, a.status, name, got, c.Get(name))
		}
	}
	if kind := a.header.Get("Content-Type"); isText(kind) && !strings.Contains(strings.ToLower(kind), "; charset=utf-8") {
		s.t.Errorf("%s: %d of the type %q", a.asked, a.status, kind)
	}
	hsts := a.header.Get("Strict-Transport-Security")
	handled := a.header.Get("X-Request-Id") != ""
	if want := "max-age=31536000; includeSubDomains"; handled && s.tls && hsts != want || !s.tls && hsts != "" {
		s.t.Errorf("%s: %d with HSTS %q", a.asked, a.status, hsts)
	}
	for _, name := range []string{"Server", "X-Powered-By", "Set-Cookie"} {
		if got := a.header.Get(name); got != "" {
			s.t.Errorf("%s: %d with %s %q", a.asked, a.status, name, got)
		}
	}
}

// TestEveryAnswerIsSafe walks all that is served, in every way in which it can be
// answered, over plain HTTP and over TLS.
func TestEveryAnswerIsSafe(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		t.Run(map[bool]string{false: "plain", true: "TLS"}[secure], func(t *testing.T) {
			t.Parallel()
			environ := []string{
				"FLOWXI_RATE_LIMITS=on", "FLOWXI_LIMIT_REQUESTS_PER_NETWORK=400/1m", "FLOWXI_FRONTEND_ORIGINS=" + homeOrigin,
				"FLOWXI_KEYS=" + seal.NewKey(),
			}
			if secure {
				cert, key := writeCertificate(t, t.TempDir(), 1, time.Now())
				environ = append(environ, "FLOWXI_PUBLIC_URL=https://localhost", "FLOWXI_TLS_CERT="+cert, "FLOWXI_TLS_KEY="+key)
			}
			n, addr, opsURL, stop, ended := operated(t, append(environ, "FLOWXI_DRAIN_DELAY=0s")...)
			awaitServing(t, opsURL)
			s := &surface{t: t, addr: addr, tls: secure, class: map[int]int{}}
			s.walkAPI()
			s.walkPages()
			s.walkPhotos(n)
			s.walkNonsense()
			s.walkRefusals()
			o := &surface{t: t, addr: strings.TrimPrefix(opsURL, "http://"), class: s.class, ops: true}
			o.walkOps()
			t.Logf("answers by status: %v", s.class)
			for _, status := range []int{200, 204, 301, 304, 400, 401, 403, 404, 405, 413, 415, 417, 422, 429, 431, 501, 505} {
				if s.class[status] == 0 && (status != 403 || secure) {
					t.Errorf("no answer was a %d", status)
				}
			}
			stop()
			awaitEnd(t, ended)
		})
	}
}

// walkAPI asks every route by every method, and in every way to be refused.
func (s *surface) walkAPI() {
	for _, r := range api.Routes() {
		path := api.Prefix + r.Path
		for _, method := range []string{"GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "TRACE", "BREW"} {
			a, _ := s.ask(method, path, "")
			s.safe(header.Data, a)
		}
		for _, origin := range []string{homeOrigin, "https://evil.example"} {
			a, _ := s.ask("OPTIONS", path, "", "Origin: "+origin, "Access-Control-Request-Method: "+r.Method, "Access-Control-Request-Headers: authorization")
			s.safe(header.Data, a)
		}
	}
	login := api.Prefix + "/auth/login"
	for _, try := range []struct{ body, kind string }{
		{"{", "application/json"}, {"{}", "application/json"}, {"{}", "text/plain"}, {strings.Repeat(" ", 65<<10), "application/json"},
	} {
		a, _ := s.ask("POST", login, try.body, "Content-Type: "+try.kind)
		s.safe(header.Data, a)
	}
	for _, path := range []string{api.Prefix, api.Prefix + "/no/such/path", "/API/v1/me", api.Prefix + "/me?x=%zz", api.Prefix + "//me"} {
		a, _ := s.ask("GET", path, "")
		s.safe(header.Data, a)
	}
}

func (s *surface) walkPages() {
	html := "Accept: text/html"
	for _, path := range []string{"/", "/register?token=x&email=y", "/docs", "/docs/welcome", "/docs/try/", "/nowhere", "/assets/nothing"} {
		for _, method := range []string{"GET", "HEAD"} {
			a, _ := s.ask(method, path, "", html)
			s.safe(header.Page, a)
		}
	}
	photos := "http://localhost:8080" // the public address, where that is not the one that was asked
	if s.tls {
		photos = ""
	}
	for _, path := range []string{"/account", "/account?lang=en"} {
		a, _ := s.ask("GET", path, "", html)
		s.safe(header.Portal(photos), a)
	}
	for _, path := range []string{
		"/assets/account/0/main.js", "/docs/search.json", "/docs/welcome.md", "/llms.txt", "/openapi.yaml", "/openapi.json", "/docs/try", "/docs/try/swagger-ui.css",
		"/assets/flowxi.css", "/assets/register.js", "/assets/icon.svg", "/assets/flows.svg", "/nowhere", "/files/x", "/files/", "/x/../docs",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "TRACE"} {
			a, _ := s.ask(method, path, "")
			s.safe(header.Data, a)
		}
	}
	icon, _ := s.ask("GET", "/assets/icon.svg", "")
	kept, _ := s.ask("GET", "/assets/icon.svg", "", "If-None-Match: "+icon.header.Get("ETag"))
	part, _ := s.ask("GET", "/assets/icon.svg", "", "Range: bytes=99999-")
	s.safe(header.Data, kept)
	s.safe(header.Data, part)
	s.walkInbox()
}

// walkInbox looks at what only a machine of its own shows.
func (s *surface) walkInbox() {
	inbox, _ := s.ask("GET", "/dev/inbox", "")
	s.safe(header.Inbox, inbox)
	list, _ := s.ask("GET", "/dev/inbox.json", "")
	s.safe(header.Data, list)
	events, _ := s.ask("GET", "/dev/inbox/events", "")
	s.safe(header.Data, events)
	var found struct{ Mails []struct{ ID string } }
	a, _ := s.ask("POST", api.Prefix+"/register-email-code/send", `{"email":"ada@example.com"}`, "Content-Type: application/json")
	s.safe(header.Data, a)
	for deadline := time.Now().Add(10 * time.Second); len(found.Mails) == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatal("no mail comes")
		}
		if _, body := s.ask("GET", "/dev/inbox.json", ""); json.Unmarshal(body, &found) != nil {
			s.t.Fatalf("the inbox is %s", body)
		}
	}
	mail := "/dev/inbox/messages/" + found.Mails[0].ID
	shown, _ := s.ask("GET", mail+".html", "")
	s.safe(header.Mail, shown)
	source, _ := s.ask("GET", mail+".eml", "")
	s.safe(header.Data, source)
	elsewhere, _ := s.raw("GET /dev/inbox HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
	s.safe(header.Data, elsewhere)
}

// walkPhotos looks at a stored photo, whose name is of our choosing whatever its owner
// called it.
func (s *surface) walkPhotos(n *Node) {
	const key = "profile_photos/user_1_x.jpg"
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		s.t.Fatal(err)
	}
	if err := n.bucket.Put(s.t.Context(), key, "image/jpeg", picture.Bytes()); err != nil {
		s.t.Fatal(err)
	}
	address, err := n.bucket.SignedURL(s.t.Context(), key, time.Hour)
	if err != nil {
		s.t.Fatal(err)
	}
	_, path, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(address, "https://"), "http://"), "/")
	for _, method := range []string{"GET", "HEAD"} {
		a, _ := s.ask(method, "/"+path, "", "Origin: "+homeOrigin)
		s.safe(header.Photo, a)
		if got := a.header.Get("Content-Disposition"); a.status != 200 || got != `inline; filename="photo.jpg"` {
			s.t.Errorf("%s: %d with Content-Disposition %q", method, a.status, got)
		}
	}
	forged, _ := s.ask("GET", "/"+path+"x", "")
	s.safe(header.Data, forged)
	var form strings.Builder
	w := multipart.NewWriter(&form)
	if part, err := w.CreateFormFile("photo", "../evil.html"); err != nil {
		s.t.Fatal(err)
	} else if _, err := part.Write(picture.Bytes()); err != nil {
		s.t.Fatal(err)
	}
	_ = w.Close() // a builder takes all
	a, _ := s.ask("POST", api.Prefix+"/me/photo", form.String(), "Content-Type: "+w.FormDataContentType(), "Authorization: Bearer 1|x")
	s.safe(header.Data, a)
}

// walkNonsense sends what net/http answers before any handler is asked.
func (s *surface) walkNonsense() {
	const host = " HTTP/1.1\r\nHost: x\r\n"
	for _, text := range []string{
		"GET" + host + "\r\n", "GET / HTTP/9.9\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET /" + host + "Host: y\r\n\r\n",
		"GET /" + host + "X y: z\r\n\r\n", "GET /" + host + "X: a\x00b\r\n\r\n", "GET /" + host + "Content-Length: +1\r\n\r\nx",
		"GET /" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", "GET /" + host + "Transfer-Encoding: xchunked\r\n\r\n",
		"GET /" + host + "X: " + strings.Repeat("x", 32<<10) + "\r\n\r\n", "GET /" + host + "Expect: 200-maybe\r\n\r\n",
		"GET x" + host + "\r\n", "CONNECT x:1" + host + "Connection: close\r\n\r\n", "OPTIONS *" + host + "Connection: close\r\n\r\n", "\x00\x01\r\n\r\n",
	} {
		a, body := s.raw(text)
		if a.status < 400 || !s.ops && !strings.Contains(string(body), `"code":"`) || !s.ops && a.header.Get("X-Request-Id") == "" {
			s.t.Errorf("%.80q is answered with %d, %v, %s", text, a.status, a.header, body)
		}
		s.safe(header.Data, a)
	}
	if s.ops {
		return
	}
	for _, text := range []string{"GET /%zz" + host, "GET /" + host + "Expect: 200-maybe\r\n"} {
		a, _ := s.raw(text + "X-App-Locale: en\r\nX-Request-Id: mine\r\n\r\n")
		if language, id := a.header.Get("Content-Language"), a.header.Get("X-Request-Id"); language != "en" || id != "mine" {
			s.t.Errorf("%.40q is answered in %q, as %q", text, language, id)
		}
	}
}

// walkRefusals asks in the clear what is served by TLS alone, and more than a network may.
func (s *surface) walkRefusals() {
	if s.tls {
		plain := &surface{t: s.t, addr: s.addr, class: s.class}
		for _, path := range []string{"/", api.Prefix + "/me", api.Prefix + "/health"} {
			for _, accept := range []string{"*/*", "text/html"} {
				a, _ := plain.ask("GET", path, "", "Accept: "+accept)
				plain.safe(header.Data, a)
			}
		}
		plain.walkNonsense()
	}
	for range 500 {
		a, _ := s.ask("GET", "/nowhere", "", "Accept: text/html")
		if a.status != 429 {
			continue
		}
		s.safe(header.Page, a)
		for _, path := range []string{"/nowhere", api.Prefix + "/me"} {
			if a, _ = s.ask("GET", path, ""); a.status != 429 {
				s.t.Errorf("GET %s is %d past the limit", path, a.status)
			}
			s.safe(header.Data, a)
		}
		return
	}
	s.t.Error("no limit was met")
}

func (s *surface) walkOps() {
	for _, path := range []string{
		"/livez", "/readyz", "/metrics", "/debug/pprof/", "/debug/pprof/goroutine?debug=1", "/debug/pprof/heap", "/debug/pprof/nothing", "/debug/pprof/cmdline",
		"/debug/pprof/symbol", "/debug/pprof", "/", "/nothing", "/livez/", "//livez", "/x/../livez",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "TRACE"} {
			a, _ := s.ask(method, path, "")
			s.safe(header.Data, a)
		}
	}
	s.walkNonsense()
}
