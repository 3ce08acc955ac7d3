package attack_test

import (
	"io"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/canary"
)

var confusedPaths = []attempt{
	{kind: confusing, try: "a path that hides its letters and slashes", defence: plainPaths, run: hiddenPath},
	{kind: confusing, try: "a path that leads to another host once it is cleaned", defence: cleanPaths, run: dirtyPath},
	{kind: confusing, try: "a method in small letters, and one in a header", defence: exactMethods, run: oddMethods},
	{kind: confusing, try: "a question about the whole server", defence: ownOptions, run: optionsOfAll},
	{kind: confusing, try: "a token in the address, a cookie and the body", defence: tokenInHeader, run: tokenElsewhere},
	{kind: confusing, try: "two tokens at once", defence: oneToken, run: twoTokens},
	{kind: confusing, try: "a name for a request that is markup or fills a log", defence: saneNames, run: insaneID},
}

var confusedFrames = []attempt{
	{kind: confusing, try: "two lengths of one body", defence: framing, run: twoLengths},
	{kind: confusing, try: "a transfer coding that proxies do not know", defence: framing, run: oddCoding},
	{kind: confusing, try: "a request inside the body of one that is refused early", defence: framing, run: hiddenRequest},
	{kind: confusing, try: "a space before the colon of a length", defence: framing, run: oddColon},
}

var (
	plainPaths = canary.Stands("plain paths", canary.Refusal("internal/api/router.go", `x.request.URL.RawPath != ""`))
	cleanPaths = canary.Stands("clean paths", canary.Place{
		File: "internal/api/router.go", Code: "x.Pages == nil, clean != given && clean+\"/\" != given:",
		Without: "x.Pages == nil, !$GONE && clean != given && clean+\"/\" != given:",
	})
	exactMethods = canary.Stands("exact methods", canary.Place{
		File: "internal/api/router.go", Code: "route, ok := resource.route(x.request.Method)",
		Without: "method := x.request.Method\n\tif $GONE {\n\t\tmethod = strings.ToUpper(method)\n\t\tif other := x.request.Header.Get(\"X-HTTP-Method-Override\"); other != \"\" {\n\t\t\tmethod = other\n\t\t}\n\t}\n\troute, ok := resource.route(method)",
	})
	ownOptions    = canary.Stands("options of our own", canary.Place{File: "internal/api/server.go", Code: "DisableGeneralOptionsHandler: true", Without: "DisableGeneralOptionsHandler: !$GONE"})
	tokenInHeader = canary.Stands("token in its header", canary.Place{
		File: "internal/api/bearer.go", Code: "token, ok := bearerToken(x.request.Header)",
		Without: "$CODE\n\tif c, err := x.request.Cookie(\"access_token\"); $GONE && err == nil {\n\t\ttoken, ok = c.Value, true\n\t}",
	})
	oneToken  = canary.Stands("one token", canary.Refusal("internal/api/bearer.go", "len(all) != 1"))
	saneNames = canary.Stands("sane names of requests", canary.Place{
		File: "internal/api/middleware.go", Code: "saneID.MatchString(id)", Without: "($GONE || $CODE)",
	})

	// framing is the server's own, which no line of ours stands for. Its canary is a
	// server that overlooks what it does not understand, as some proxies do.
	framing = canary.Stands("framing of requests", canary.Place{
		File: "internal/node/serve.go", Code: "func (n *Node) listen(s *http.Server, l net.Listener) error {",
		Without: `type lax struct{ net.Listener }

func (l lax) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return laxConn{c}, err
}

type laxConn struct{ net.Conn }

func (c laxConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	for i := range n {
		for _, field := range []string{"Content-Length: 0\r", "Content-Length: 900\r", "Transfer-Encoding: x", "Content-Length : "} {
			if i+len(field) <= n && string(p[i:i+len(field)]) == field {
				copy(p[i:], "X: ")
			}
		}
	}
	return n, err
}

func (n *Node) listen(s *http.Server, l net.Listener) error {
	if $GONE {
		l = lax{l}
	}`,
	})
)

func hiddenPath(t *testing.T, w *world) {
	p := w.person(t)
	for _, path := range []string{
		"/api/v1/m%65", "/api/v1%2fme", "/api%2Fv1%2Fme", "/%61pi/v1/me", "/api/v1/me/", "/api/v1//me", "//api/v1/me",
		"/api/v1/../v1/me", "/api/v1/%2e%2e/v1/me", "/api/v1/me;x", "/API/V1/ME", "/api/v1/me%00", "/api/v1/me%20",
	} {
		p.Send("GET", path, nil).Expect(404, "NOT_FOUND")
	}
}

func dirtyPath(t *testing.T, w *world) {
	c := w.stranger(t)
	for _, path := range []string{"//evil.example/../register", "//evil.example//", "/register/../docs", "/./register", "/assets/../register", "/x/..//evil.example/"} {
		a := c.Send("GET", path, nil)
		if a.Status != 404 || a.Header.Get("Location") != "" {
			a.Fail("%s was answered", path)
		}
	}
}

func oddMethods(t *testing.T, w *world) {
	p := w.person(t)
	for _, method := range []string{"get", "Get", "TRACE", "PROPFIND", "GETS"} {
		if a := w.wire(t, wireText(w, method, "/api/v1/me", "", "Authorization: Bearer "+p.Bearer())); a.code() != "METHOD_NOT_ALLOWED" {
			t.Errorf("%s: got %+v", method, a)
		}
	}
	p.Header("X-HTTP-Method-Override", "GET").Post("/me", "{}").Expect(405, "METHOD_NOT_ALLOWED")
	p.Head("/auth/logout").ExpectHeader("Allow", "POST")
}

func optionsOfAll(t *testing.T, w *world) {
	if a := w.wire(t, wireText(w, "OPTIONS", "*", "")); a.code() != "NOT_FOUND" {
		t.Errorf("got %+v", a)
	}
}

func tokenElsewhere(t *testing.T, w *world) {
	p := w.person(t)
	c := w.stranger(t)
	c.Get("/me?access_token="+strings.ReplaceAll(p.Bearer(), "|", "%7C")).Expect(401, "UNAUTHENTICATED")
	c.Header("Cookie", "access_token="+p.Bearer()).Get("/me").Expect(401, "UNAUTHENTICATED")
	c.Patch("/me", map[string]string{"access_token": p.Bearer()}).Expect(401, "UNAUTHENTICATED")
}

// twoTokens is what makes a proxy and a server see two callers in one.
func twoTokens(t *testing.T, w *world) {
	p := w.person(t)
	request := wireText(w, "GET", "/api/v1/me", "", "Authorization: Bearer "+p.Bearer(), "Authorization: Bearer 1|x")
	if a := w.wire(t, request); a.code() != "UNAUTHENTICATED" {
		t.Errorf("got %+v", a)
	}
}

func insaneID(t *testing.T, w *world) {
	c := w.stranger(t)
	for _, id := range []string{"<script>alert(1)</script>", `a" level=ERROR msg="forged`, "a b", strings.Repeat("x", 65), "ключ", "a;b"} {
		if a := c.Header("X-Request-Id", id).Get("/health").Expect(200, "HEALTH_OK"); a.Header.Get("X-Request-Id") == id {
			a.Fail("the name %q was taken", id)
		}
	}
}

func twoLengths(t *testing.T, w *world) {
	if a := w.wire(t, wireText(w, "GET", "/api/v1/health", "", "Content-Length: 44", "Content-Length: 0")); a.Status != 400 {
		t.Errorf("got %+v", a)
	}
}

func oddCoding(t *testing.T, w *world) {
	if a := w.wire(t, wireText(w, "GET", "/api/v1/health", "", "Transfer-Encoding: xchunked")); a.Status != 400 {
		t.Errorf("got %+v", a)
	}
}

func oddColon(t *testing.T, w *world) {
	if a := w.wire(t, wireText(w, "GET", "/api/v1/health", "", "Content-Length : 44")); a.Status != 400 {
		t.Errorf("got %+v", a)
	}
}

// hiddenRequest sends a body that is a request for a server that has not read on, and a
// last request behind it. There are two answers and no third.
func hiddenRequest(t *testing.T, w *world) {
	const size = 900 // which the canary knows
	body := wireText(w, "GET", "/api/v1/health", "", "X-Request-Id: hidden", "X-Pad: ")
	body = strings.Replace(body, "X-Pad: ", "X-Pad: "+strings.Repeat("x", size-len(body)), 1)
	for _, path := range []string{"/api/v1/auth/login", "/api/v1/auth/logout", "/api/v1/no/such/path"} {
		first := strings.Replace(wireText(w, "POST", path, body, "Content-Type: text/plain"), "Connection: close", "Connection: keep-alive", 1)
		conn := w.dial(t)
		if _, err := io.WriteString(conn, first+wireText(w, "GET", "/api/v1/health", "")); err != nil {
			t.Fatal(err)
		}
		answers, err := io.ReadAll(conn)
		if n := strings.Count(string(answers), "HTTP/1.1 "); err != nil || n != 2 || strings.Contains(string(answers), "hidden") {
			t.Errorf("%s: %d answers came, error %v:\n%s", path, n, err, answers)
		}
	}
}
