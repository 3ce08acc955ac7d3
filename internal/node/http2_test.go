package node

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// framed is a connection of HTTP/2 that is written to frame by frame.
type framed struct {
	t      *testing.T
	conn   *tls.Conn
	frames *http2.Framer
	block  bytes.Buffer
	pack   *hpack.Encoder
	stream uint32 // of the last request
}

func dialFramed(t *testing.T, addr string) *framed {
	t.Helper()
	conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	f := &framed{t: t, conn: conn, frames: http2.NewFramer(conn, conn)}
	f.frames.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	f.pack = hpack.NewEncoder(&f.block)
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	f.must(f.frames.WriteSettings())
	return f
}

func (f *framed) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// ask sends a request with such fields, in that order, and a body unless it is nil.
// Fields that are none are for the server to refuse.
func (f *framed) ask(fields [][2]string, body []byte) {
	f.t.Helper()
	f.block.Reset()
	for _, field := range fields {
		f.must(f.pack.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}))
	}
	f.stream += 1 + min(f.stream, 1) // odd ones
	f.must(f.frames.WriteHeaders(http2.HeadersFrameParam{
		StreamID: f.stream, BlockFragment: f.block.Bytes(), EndHeaders: true, EndStream: body == nil,
	}))
	if body != nil {
		f.must(f.frames.WriteData(f.stream, true, body))
	}
}

// answer is the status of the answer to the last request, or the name of the error by
// which its stream or the connection ended.
func (f *framed) answer() string {
	f.t.Helper()
	for {
		frame, err := f.frames.ReadFrame()
		if err != nil {
			return err.Error()
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			if frame.StreamID == f.stream {
				return frame.PseudoValue("status")
			}
		case *http2.RSTStreamFrame:
			if frame.StreamID == f.stream {
				return frame.ErrCode.String()
			}
		case *http2.GoAwayFrame:
			return "GOAWAY " + frame.ErrCode.String()
		}
	}
}

// login are the fields of a login, and others behind them.
func login(more ...[2]string) [][2]string {
	return append([][2]string{
		{":method", "POST"}, {":scheme", "https"}, {":authority", "localhost"}, {":path", "/api/v1/auth/login"}, {"content-type", "application/json"},
	}, more...)
}

// Each is sent over a connection of its own, and no route takes it for a login.
func TestWhatIsNoRequestOfHTTP2IsRefused(t *testing.T) {
	t.Parallel()
	var log lines
	addr, _ := secured(t, &log)
	body := []byte("{}")
	for what, try := range map[string]struct {
		fields [][2]string
		body   []byte
	}{
		"a length that is too long":     {login([2]string{"content-length", "3"}), body},
		"a length that is too short":    {login([2]string{"content-length", "1"}), body},
		"a length without a body":       {login([2]string{"content-length", "3"}), nil},
		"connection":                    {login([2]string{"connection", "keep-alive"}), body},
		"keep-alive":                    {login([2]string{"keep-alive", "timeout=5"}), body},
		"proxy-connection":              {login([2]string{"proxy-connection", "keep-alive"}), body},
		"transfer-encoding":             {login([2]string{"transfer-encoding", "chunked"}), body},
		"upgrade":                       {login([2]string{"upgrade", "h2c"}), body},
		"te of more than trailers":      {login([2]string{"te", "gzip"}), body},
		"CR and LF in a value":          {login([2]string{"x-a", "b\r\nauthorization: Bearer 1|x"}), body},
		"LF in a value":                 {login([2]string{"x-a", "b\nc"}), body},
		"CR in a value":                 {login([2]string{"x-a", "b\rc"}), body},
		"NUL in a value":                {login([2]string{"x-a", "b\x00c"}), body},
		"CR and LF in a name":           {login([2]string{"x-a: b\r\nx-c", "d"}), body},
		"a colon in a name":             {login([2]string{"x:a", "d"}), body},
		"a space in a name":             {login([2]string{"x a", "d"}), body},
		"an empty name":                 {login([2]string{"", "d"}), body},
		"capitals in a name":            {login([2]string{"X-Request-Id", "d"}), body},
		"CR and LF in the path":         {withField(login(), ":path", "/api/v1/me HTTP/1.1\r\nx: y"), body},
		"a space in the path":           {withField(login(), ":path", "/api/v1/me HTTP/1.1"), body},
		"an empty path":                 {withField(login(), ":path", ""), body},
		"a path without a slash":        {withField(login(), ":path", "api/v1/me"), body},
		"CR and LF in the method":       {withField(login(), ":method", "GET / HTTP/1.1\r\nx: y\r\n\r\nPOST"), body},
		"a space in the method":         {withField(login(), ":method", "GET /"), body},
		"CR and LF in the authority":    {withField(login(), ":authority", "localhost\r\nx: y"), body},
		"a path of two":                 {login([2]string{":path", "/api/v1/me"}), body},
		"a pseudo field that is none":   {append([][2]string{{":secret", "x"}}, login()...), body},
		"a pseudo field behind another": {append([][2]string{{"x-a", "b"}}, login()...), body},
		"no method":                     {login()[1:], body},
	} {
		f := dialFramed(t, addr)
		f.ask(try.fields, try.body)
		switch got := f.answer(); got {
		case "400", "404", "405", "PROTOCOL_ERROR", "GOAWAY PROTOCOL_ERROR":
		default:
			t.Errorf("%s is answered with %s", what, got)
		}
	}
	if text := log.String(); strings.Contains(text, "status=422") || strings.Contains(text, "status=401") {
		t.Errorf("something got through:\n%s", text)
	}
}

func withField(fields [][2]string, name, value string) [][2]string {
	for i := range fields {
		if fields[i][0] == name {
			fields[i][1] = value
		}
	}
	return fields
}

// What is right is answered over the same connection, one stream beside the other.
func TestRequestsOfHTTP2AreAnswered(t *testing.T) {
	t.Parallel()
	addr, _ := secured(t, io.Discard)
	f := dialFramed(t, addr)
	f.ask(login([2]string{"content-length", "2"}, [2]string{"te", "trailers"}), []byte("{}"))
	if got := f.answer(); got != "422" {
		t.Errorf("a login is answered with %s", got)
	}
	for method, want := range map[string]string{"TRACE": "405", "BREW": "405", "GET": "405"} {
		f.ask(withField(login(), ":method", method), nil)
		if got := f.answer(); got != want {
			t.Errorf("%s is answered with %s", method, got)
		}
	}
	f.ask([][2]string{{":method", "CONNECT"}, {":authority", "evil.example:443"}}, nil)
	if got := f.answer(); got != "404" {
		t.Errorf("CONNECT is answered with %s", got)
	}
	for i := range 3 {
		f.ask(withField(withField(login(), ":method", "GET"), ":path", fmt.Sprintf("/api/v1/health?%d", i)), nil)
		if got := f.answer(); got != "200" {
			t.Errorf("the health check is answered with %s", got)
		}
	}
}
