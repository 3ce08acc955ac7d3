package attack_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/backing"
	"flowxi.app/flowxi/internal/canary"
)

// What a stranger tries through nginx, which has one connection to the server for all
// that come. Where nginx and the server do not see the same requests in it, the next one
// gets an answer that is not theirs.
var confusedProxies = []attempt{
	{kind: confusing, try: "the answer of the next one, by a request in a body, through nginx", defence: framing, run: poisonedNext},
	{kind: confusing, try: "a length and chunks at once", defence: endOfChunks, run: lengthAndChunks},
	{kind: confusing, try: "a path that hides its letters and slashes, through nginx", defence: plainPaths, run: hiddenPathBehind},
	{kind: confusing, try: "a path that leads to another host once it is cleaned, through nginx", defence: cleanPaths, run: dirtyPathBehind},
	{kind: guessing, try: "passwords behind addresses that the stranger tells nginx", defence: nearestHop, run: forgedBehind},
	{kind: reading, try: "a mailed link that leads to the host that nginx was asked for", defence: linkHome, run: otherHostBehind},
}

var endOfChunks = canary.Stands("end of chunks", canary.Refusal("internal/node/serve.go", "len(r.TransferEncoding) > 0"))

// proxied is a world behind nginx.
type proxied struct {
	*world
	careful, careless string // addresses, see scripts/nginx
}

func behindNginx(t *testing.T, w *world) *proxied {
	t.Helper()
	s, err := backing.Start("nginx", strings.TrimPrefix(w.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return &proxied{w, u.Host, net.JoinHostPort(u.Hostname(), strconv.Itoa(port+1))}
}

// both are the addresses of nginx at its most careful and at its most careless.
func (p *proxied) both() []string { return []string{p.careful, p.careless} }

// loopback returns an address of this machine that nobody else comes from. The server
// trusts another one alone.
func (w *world) loopback() string {
	n := w.given.Add(1) + 1
	return fmt.Sprintf("127.%d.%d.%d", 1+n>>16&127, n>>8&255, n&255)
}

// from opens a connection that comes from that address.
func from(t *testing.T, address, to string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	conn, err := d.DialContext(t.Context(), "tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(wireTime)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// through sends text as it is and reads one answer. That the other side hangs up without
// a word is an answer too, of no status.
func through(t *testing.T, address, to, text string) wired {
	t.Helper()
	conn := from(t, address, to)
	if _, err := io.WriteString(conn, text); err != nil {
		return wired{}
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return wired{}
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(resp.Body) // it may be cut
	return wired{resp.StatusCode, resp.Header, string(body)}
}

// lure is the beginning of a request, which the next one would end, and give its host. It
// is as long as the canary of framing takes for none.
func lure() string {
	const size = 900
	text := "GET /api/v1/health HTTP/1.1\r\nX-Request-Id: lure\r\nX-Pad: "
	return text + strings.Repeat("x", size-len(text))
}

// framings are bodies whose end is told in more than one way, or in none that is valid.
// What a server overlooks in them, it takes for the next request.
func framings() map[string]string {
	const head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
	body := lure()
	length := fmt.Sprintf("Content-Length: %d\r\n", len(body))
	chunks := "Transfer-Encoding: chunked\r\n"
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	all := map[string]string{
		"a plain length":                head + length + "\r\n" + body,
		"plain chunks":                  head + chunks + "\r\n" + chunked,
		"a length, and chunks that end": head + length + chunks + "\r\n0\r\n\r\n" + body,
		"chunks, and a short length":    head + chunks + "Content-Length: 4\r\n\r\n" + chunked,
		"two lengths":                   head + "Content-Length: 0\r\n" + length + "\r\n" + body,
		"two lengths in one line":       head + fmt.Sprintf("Content-Length: 0, %d\r\n\r\n", len(body)) + body,
		"a length with a plus":          head + fmt.Sprintf("Content-Length: +%d\r\n\r\n", len(body)) + body,
		"a negative length":             head + "Content-Length: -1\r\n\r\n" + body,
		"a length in hex":               head + fmt.Sprintf("Content-Length: 0x%x\r\n\r\n", len(body)) + body,
		"a length with an underscore":   head + fmt.Sprintf("Content_Length: %d\r\n\r\n", len(body)) + body,
		"a length before a space":       head + fmt.Sprintf("Content-Length : %d\r\n\r\n", len(body)) + body,
		"a length on a folded line":     head + fmt.Sprintf("Content-Length:\r\n %d\r\n\r\n", len(body)) + body,
		"a length behind a NUL":         head + fmt.Sprintf("X: a\x00\r\nContent-Length: %d\r\n\r\n", len(body)) + body,
		"a length behind a bare CR":     head + fmt.Sprintf("X: a\rContent-Length: %d\r\n\r\n", len(body)) + body,
		"a length behind a bare LF":     head + fmt.Sprintf("X: a\nContent-Length: %d\r\n\r\n", len(body)) + body,
		"an end of headers of bare LFs": head + "X: a\n\n" + body,
		"chunks with an extension":      head + chunks + "\r\n" + fmt.Sprintf("%x;x=\"\r\n\"\r\n%s\r\n0\r\n\r\n", len(body), body),
		"chunks with a bare LF":         head + chunks + "\r\n" + fmt.Sprintf("%x\n%s\n0\n\n", len(body), body),
		"chunks with a bad size":        head + chunks + "\r\n" + fmt.Sprintf("0x%x\r\n%s\r\n0\r\n\r\n", len(body), body),
		"chunks with a huge size":       head + chunks + "\r\n1000000000000000" + fmt.Sprintf("%x\r\n%s", len(body), body),
		"chunks with a trailer":         head + chunks + "\r\n0\r\nContent-Length: 900\r\nX-Request-Id: lure\r\n\r\n" + body,
		"a body of a GET":               strings.Replace(head, "POST", "GET", 1) + length + "\r\n" + body,
		"HTTP/1.0 with chunks":          strings.Replace(head, "HTTP/1.1", "HTTP/1.0", 1) + "Connection: keep-alive\r\n" + length + chunks + "\r\n" + chunked,
	}
	for _, coding := range []string{
		"xchunked", "chunked, identity", "identity, chunked", "chunked, chunked", "\x0bchunked", "chunked\x00", "\"chunked\"", "cHuNkEd", "gzip, chunked", " chunked", "",
	} {
		all[fmt.Sprintf("the coding %q beside a length", coding)] = head + length + "Transfer-Encoding: " + coding + "\r\n\r\n" + body
		all[fmt.Sprintf("the coding %q", coding)] = head + "Transfer-Encoding: " + coding + "\r\n\r\n" + chunked
	}
	for _, name := range []string{"Transfer-Encoding ", "Transfer_Encoding", "X: y\r\n Transfer-Encoding", "X: y\nTransfer-Encoding", "transfer-encoding: x\r\nTransfer-Encoding", "Transfer-Encoding: chunked\r\nTransfer-Encoding"} {
		all[fmt.Sprintf("chunks by %q beside a length", name)] = head + length + name + ": chunked\r\n\r\n0\r\n\r\n" + body
	}
	return all
}

// poisonedNext sends each odd framing and then asks in the name of others, two of them at
// once, who must each get their own answer.
func poisonedNext(t *testing.T, w *world) {
	p := behindNginx(t, w)
	owner, other := w.person(t), w.person(t)
	for _, at := range p.both() {
		for what, text := range framings() {
			stranger := from(t, w.loopback(), at)
			if _, err := io.WriteString(stranger, text); err != nil {
				t.Fatal(err)
			}
			_ = stranger.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			_, _ = bufio.NewReader(stranger).ReadString('\n') // whatever it gets, or nothing
			for i, victim := range []*authtest.Person{owner, other, owner} {
				own := fmt.Sprintf("own-%d", i)
				request := "GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-Id: " + own + "\r\nAuthorization: Bearer " + victim.Bearer() + "\r\n\r\n"
				a := through(t, w.loopback(), at, request)
				if a.Status != 200 || a.Header.Get("X-Request-Id") != own || !strings.Contains(a.Body, victim.Email) {
					t.Fatalf("after %s the next one gets %+v", what, a)
				}
			}
			_ = stranger.Close()
		}
	}
}

// lengthAndChunks goes to the server itself. A proxy that reads the length alone takes
// what is behind the chunks for a part of the body, so the server must not take it for a
// request.
func lengthAndChunks(t *testing.T, w *world) {
	second := "GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: second\r\n\r\n"
	for _, path := range []string{"/api/v1/auth/login", "/api/v1/no/such/path", "/docs"} {
		for _, lines := range []string{"Transfer-Encoding: chunked\r\nContent-Length: %d", "Content-Length: %d\r\ntransfer-encoding: cHunKed"} {
			conn := w.dial(t)
			chunks := "2\r\n{}\r\n0\r\n\r\n"
			both := fmt.Sprintf(lines, len(chunks)+len(second))
			if _, err := io.WriteString(conn, "POST "+path+" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+both+"\r\n\r\n"+chunks+second); err != nil {
				t.Fatal(err)
			}
			answers, err := io.ReadAll(conn)
			if n := strings.Count(string(answers), "HTTP/1.1 "); err != nil || n != 1 || strings.Contains(string(answers), "second") {
				t.Errorf("%s: %d answers came, error %v:\n%s", path, n, err, answers)
			}
		}
	}
}

func hiddenPathBehind(t *testing.T, w *world) {
	p := behindNginx(t, w)
	owner := w.person(t)
	for _, at := range p.both() {
		for _, path := range []string{
			"/api/v1/m%65", "/api/v1%2fme", "/api%2Fv1%2Fme", "/%61pi/v1/me", "/api/v1/me/", "/api/v1//me", "//api/v1/me", "/api/v1/..;/v1/me",
			"/api/v1/x/../me", "/api/v1/%2e%2e/v1/me", "/api/v1/x/%2e%2e/me", "/api/v1/me;x", "/API/V1/ME", "/api/v1/me%00", "/api/v1/me%20", "/api/v1/me%0d%0aX:y",
			"/api\\v1\\me", "/api/v1/./me", "/x/..%2fapi/v1/me",
		} {
			a := through(t, w.loopback(), at, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer "+owner.Bearer()+"\r\n\r\n")
			if a.Status != 404 && a.Status != 400 {
				t.Errorf("%s: got %+v", path, a)
			}
		}
	}
}

func dirtyPathBehind(t *testing.T, w *world) {
	p := behindNginx(t, w)
	for _, at := range p.both() {
		for _, path := range []string{"//evil.example/../register", "//evil.example//", "/register/../docs", "/./register", "/x/..//evil.example/", "/..;/register", "/%2e%2e/register", "/register%00", "/%2f%2fevil.example"} {
			a := through(t, w.loopback(), at, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
			if a.Status != 404 && a.Status != 400 || a.Header.Get("Location") != "" {
				t.Errorf("%s: got %d to %q", path, a.Status, a.Header.Get("Location"))
			}
		}
	}
}

// forgedBehind tries five wrong passwords, each time as somebody else by what the stranger
// says, and then the right one.
func forgedBehind(t *testing.T, w *world) {
	p := behindNginx(t, w)
	for _, at := range p.both() {
		owner, stranger := w.inState(t, isActive), w.loopback()
		login := func(i int, password string) wired {
			body := strings.Replace(loginBody(owner), wrongSecret, password, 1)
			names := []string{"X-Forwarded-For", "Forwarded", "X-Real-IP", "X_Forwarded_For", "x-forwarded-for"}
			said := w.address()
			if i%len(names) == 1 {
				said = "for=" + said
			}
			return through(t, stranger, at, fmt.Sprintf("POST /api/v1%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s: %s\r\nX-Forwarded-For: %s, %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
				loginPath, names[i%len(names)], said, w.address(), w.address(), len(body), body))
		}
		for i := range 5 {
			if a := login(i, wrongSecret); a.code() != "INVALID_CREDENTIALS" {
				t.Fatalf("got %+v", a)
			}
		}
		if a := login(5, authtest.Password); a.code() != "TOO_MANY_REQUESTS" {
			t.Errorf("from %s: got %+v", stranger, a)
		}
	}
}

func otherHostBehind(t *testing.T, w *world) {
	p := behindNginx(t, w)
	home := w.Config(t).PublicURL.String() + "/"
	for _, at := range p.both() {
		for _, head := range []string{
			"POST http://evil.example/api/v1/auth/register-email HTTP/1.1\r\nHost: localhost\r\n",
			"POST /api/v1/auth/register-email HTTP/1.1\r\nHost: evil.example\r\n",
			"POST /api/v1/auth/register-email HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Host: evil.example\r\nX_Host: evil.example\r\n",
		} {
			email := w.email()
			body := emailBody(email)
			a := through(t, w.loopback(), at, fmt.Sprintf("%sConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body))
			if a.code() != "MAGIC_LINK_SENT" {
				t.Fatalf("%q: got %+v", head, a)
			}
			if m := w.Client(t).Mail(email, 1); !strings.HasPrefix(m.Link, home) || strings.Contains(m.HTML, "evil.example") {
				t.Errorf("%q: the link is %s", head, m.Link)
			}
		}
		two := "GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
		if a := through(t, w.loopback(), at, two); a.Status != 400 {
			t.Errorf("two hosts: got %+v", a)
		}
	}
}
