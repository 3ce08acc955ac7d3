package api

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPlainHTTPIsRefusedWhereThePublicURLIsHTTPS(t *testing.T) {
	t.Parallel()
	s := newServer(t, overHTTPS, trusting("192.0.2.0/24")) // where httptest comes from
	for _, target := range []string{Prefix + "/me", Prefix + "/nowhere", "/", "/docs", "/%61pi/v1/health"} {
		w := ask(s, "GET", target, "", "X-App-Locale", "en")
		expect(t, w, 403, "HTTPS_REQUIRED")
		expectHeader(t, w, "Location", "")
		expectHeader(t, w, "Content-Language", "en")
		expectHeader(t, w, "Strict-Transport-Security", "")
	}
	told := ask(s, "GET", Prefix+"/me", "", "X-Forwarded-Proto", "https")
	expect(t, told, 401, "UNAUTHENTICATED")
	expectHeader(t, told, "Strict-Transport-Security", "max-age=31536000; includeSubDomains")
}

func TestBrowsersAreToldOfTheHostAlone(t *testing.T) {
	t.Parallel()
	s := newServer(t, overHTTPS, trusting("192.0.2.0/24"), func(d *Deps) { d.Config.HSTS = "host" })
	expectHeader(t, ask(s, "GET", Prefix+"/me", "", "X-Forwarded-Proto", "https"), "Strict-Transport-Security", "max-age=31536000")
}

func TestNobodyElseIsBelievedOnTLS(t *testing.T) {
	t.Parallel()
	s := newServer(t, overHTTPS, trusting("10.0.0.0/8"))
	expect(t, ask(s, "GET", Prefix+"/me", "", "X-Forwarded-Proto", "https", "Forwarded", "proto=https"), 403, "HTTPS_REQUIRED")
}

func TestHealthIsOpenOverPlainHTTP(t *testing.T) {
	t.Parallel()
	s := newServer(t, overHTTPS)
	expect(t, ask(s, "POST", healthPath, ""), 405, "METHOD_NOT_ALLOWED")
}

func TestSaneRequestIDsAreEchoed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, id := range []string{"a", "4f9d3b3e-5f1c-4f6e-9a39-3f1f3c1f6a77", "A.b_c-9", strings.Repeat("x", 64)} {
		expectHeader(t, ask(s, "GET", "/", "", RequestIDHeader, id), RequestIDHeader, id)
	}
	seen := make(map[string]bool)
	for _, id := range []string{"", " ", "a b", "é", `"x"`, "<x>", "a\nb", strings.Repeat("x", 65)} {
		got := ask(s, "GET", "/", "", RequestIDHeader, id).Header().Get(RequestIDHeader)
		if len(got) != 32 || seen[got] {
			t.Errorf("for %q the id is %q, want a new one", id, got)
		}
		seen[got] = true
	}
}

const frontend = "https://app.example.com"

func withFrontend(d *Deps) { d.Config.FrontendOrigins = []string{frontend} }

func TestCORSIsForTheFrontendsOnly(t *testing.T) {
	t.Parallel()
	s := newServer(t, withFrontend)
	ours := ask(s, "GET", Prefix+"/me", "", "Origin", frontend)
	expect(t, ours, 401, "UNAUTHENTICATED")
	expectHeader(t, ours, "Access-Control-Allow-Origin", frontend)
	expectHeader(t, ours, "Access-Control-Allow-Credentials", "")
	expectHeader(t, ours, "Vary", "X-App-Locale, Accept-Language, Origin")
	for _, origin := range []string{"https://evil.example", "http://app.example.com", frontend + ".evil.example", frontend + "/", "null", "*", "HTTPS://APP.EXAMPLE.COM"} {
		expectHeader(t, ask(s, "GET", Prefix+"/me", "", "Origin", origin), "Access-Control-Allow-Origin", "")
	}
}

func TestPreflightsAreAnswered(t *testing.T) {
	t.Parallel()
	s := newServer(t, withFrontend)
	preflight := func(origin, method, header string) *httptest.ResponseRecorder {
		return ask(s, "OPTIONS", Prefix+"/me", "", "Origin", origin,
			"Access-Control-Request-Method", method, "Access-Control-Request-Headers", header)
	}
	w := preflight(frontend, "PATCH", "accept-language,authorization,content-type,x-app-locale,x-request-id")
	if w.Code != http.StatusNoContent {
		t.Errorf("status %d", w.Code)
	}
	expectHeader(t, w, "Access-Control-Allow-Origin", frontend)
	expectHeader(t, w, "Access-Control-Allow-Methods", "PATCH")
	expectHeader(t, preflight(frontend, "PUT", "authorization"), "Access-Control-Allow-Origin", "")
	expectHeader(t, preflight(frontend, "GET", "x-evil"), "Access-Control-Allow-Origin", "")
	expectHeader(t, preflight("https://evil.example", "GET", "authorization"), "Access-Control-Allow-Origin", "")
}

func TestWithoutFrontendsThereIsNoCORS(t *testing.T) {
	t.Parallel()
	w := ask(newServer(t), "OPTIONS", Prefix+"/me", "", "Origin", frontend, "Access-Control-Request-Method", "GET")
	expect(t, w, 405, "METHOD_NOT_ALLOWED")
	expectHeader(t, w, "Access-Control-Allow-Origin", "")
}

func TestAPanicIsA500(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newServer(t, logTo(&log), func(d *Deps) {
		d.Pages = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret detail") })
	})
	w := ask(s, "GET", "/", "", RequestIDHeader, "req-1")
	expect(t, w, 500, "SERVER_ERROR")
	if strings.Contains(w.Body.String(), "detail") {
		t.Errorf("the client is told %s", w.Body)
	}
	if strings.Contains(log.String(), "detail") {
		t.Errorf("the log tells what may be a secret: %s", log.String())
	}
	for _, want := range []string{"a value of type string", "middleware_test.go", "request_id=req-1", "status=500"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s: %s", want, log.String())
		}
	}
}

func TestAPanicInTheMiddleOfAnAnswerCutsTheConnection(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(d *Deps) {
		d.Pages = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			panic("too late")
		})
	})
	defer func() {
		if recover() != http.ErrAbortHandler { //nolint:errorlint // a panic value, which net/http compares like this too
			t.Error("the connection goes on")
		}
	}()
	ask(s, "GET", "/", "")
}

func TestTheAccessLogHasALineWithoutSecrets(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newServer(t, logTo(&log))
	ask(s, "GET", Prefix+"/me?secret=1", "", "Authorization", "Bearer secret", "User-Agent", "secret", RequestIDHeader, "req-1")
	ask(s, "SECRET", "/secret?secret", "")
	post(s, Prefix+"/auth/login", `{"email":"secret@example.com","password":"secret"}`)
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 3 || strings.Contains(strings.ToLower(log.String()), "secret") {
		t.Fatalf("the log is %s", log.String())
	}
	for _, want := range []string{"method=GET", "route=/api/v1/me", "status=401", "code=UNAUTHENTICATED", "duration=", "bytes=", "request_id=req-1", "network=192.0.2.1"} {
		if !strings.Contains(lines[0], want) {
			t.Errorf("%s lacks %s", lines[0], want)
		}
	}
	if !strings.Contains(lines[1], "method=other route=none status=404") {
		t.Errorf("the line is %s", lines[1])
	}
}

// A refusal is told with its code: one status stands for many.
func TestTheAccessLogTellsTheCodeOfEachAnswer(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	behindProxy := newServer(t, overHTTPS, trusting("192.0.2.0/24"), logTo(&log))
	login := Prefix + "/auth/login"
	for _, c := range []struct{ scheme, method, path, body, want string }{
		{"http", "POST", login, `{}`, "status=403 code=HTTPS_REQUIRED"},
		{"https", "POST", login, `{}`, "status=422 code=VALIDATION_FAILED"},
		{"https", "POST", login, `{`, "status=400 code=MALFORMED_REQUEST"},
		{"https", "POST", login, `{"a":"` + strings.Repeat("a", 1<<20) + `"}`, "status=413 code=PAYLOAD_TOO_LARGE"},
		{"https", "DELETE", login, "", "status=405 code=METHOD_NOT_ALLOWED"},
		{"https", "GET", "/nowhere", "", "status=404 code=NOT_FOUND"},
	} {
		log.Reset()
		ask(behindProxy, c.method, c.path, c.body, "X-Forwarded-Proto", c.scheme, "Content-Type", "application/json")
		if !strings.Contains(log.String(), c.want+" ") {
			t.Errorf("%s %s over %s leaves %s; want %s", c.method, c.path, c.scheme, log.String(), c.want)
		}
	}
}

func TestTheAccessLogTellsNoCodeOfPages(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newServer(t, logTo(&log), func(d *Deps) {
		d.Pages = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	})
	ask(s, "GET", "/", "")
	if !strings.Contains(log.String(), `route=pages status=200 code=""`) {
		t.Errorf("the line is %s", log.String())
	}
}

// TestWhatIsAnsweredBeforeTheLimitsCostsNothing has a server whose limits, database and
// cache are missing: whoever asked one of them would panic. So these answers cost less
// than the refusal of a limit would, which has to be counted first.
func TestWhatIsAnsweredBeforeTheLimitsCostsNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, overHTTPS, withFrontend, trusting("192.0.2.0/24"), func(d *Deps) { d.Auth = nil })
	for range 2000 { // more than the limits of any network
		expect(t, ask(s, "POST", Prefix+"/auth/login", "{}"), 403, "HTTPS_REQUIRED")
		preflight := ask(s, "OPTIONS", Prefix+"/me", "", "X-Forwarded-Proto", "https", "Origin", frontend, "Access-Control-Request-Method", "GET")
		if preflight.Code != http.StatusNoContent || preflight.Body.Len() > 0 {
			t.Fatalf("a preflight is answered with %d", preflight.Code)
		}
	}
	counted := ask(s, "GET", Prefix+"/me", "", "X-Forwarded-Proto", "https")
	expect(t, counted, 500, "SERVER_ERROR") // this one did ask
}
