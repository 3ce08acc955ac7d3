package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/web"
)

// pages are the pages for people, one of each kind.
var pages = []string{
	"/", "/?lang=fr", "/account", "/account?lang=en", "/register", "/register?lang=en&token=abc&email=ada@example.org", "/dev/inbox",
	"/docs", "/docs/welcome", "/docs/errors", "/docs/call-me", "/docs/fr", "/docs/fr/login", "/docs/try/", "/nowhere",
}

func TestEveryPageHasStrictHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range pages {
		a := s.get(path)
		for name, want := range map[string]string{
			"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		checkPolicy(t, path, a.Header.Get("Content-Security-Policy"))
		if !strings.Contains(a.Header.Get("Permissions-Policy"), "camera=()") {
			t.Errorf("%s lets itself use the camera", path)
		}
	}
}

func checkPolicy(t *testing.T, path, policy string) {
	t.Helper()
	for _, part := range []string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
		"form-action 'none'", "frame-ancestors 'none'", "base-uri 'none'",
	} {
		if !strings.Contains(policy+";", part+";") {
			t.Errorf("the policy of %s lacks %s: %s", path, part, policy)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy of %s is unsafe: %s", path, policy)
	}
}

func TestNoPageHasInlineScriptOrStyle(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range append(pages, docsPages(t, s)...) {
		for n := range parse(t, s.get(path).text).Descendants() {
			if n.Type == html.ElementNode {
				checkElement(t, path, n)
			}
		}
	}
}

func checkElement(t *testing.T, path string, n *html.Node) {
	t.Helper()
	if n.Data == "style" || n.Data == "script" && n.FirstChild != nil {
		t.Errorf("%s has an inline <%s>", path, n.Data)
	}
	for _, a := range n.Attr {
		outside := strings.Contains(a.Val, "//") && a.Key != "href"
		if a.Key == "style" || strings.HasPrefix(a.Key, "on") || outside || strings.HasPrefix(a.Val, "javascript:") {
			t.Errorf("%s has <%s %s=%q>", path, n.Data, a.Key, a.Val)
		}
	}
}

func parse(t *testing.T, text string) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// attributes lists the values of an attribute in a page.
func attributes(t *testing.T, text, name string) (values []string) {
	t.Helper()
	for n := range parse(t, text).Descendants() {
		for _, a := range n.Attr {
			if a.Key == name {
				values = append(values, a.Val)
			}
		}
	}
	return values
}

func TestWhatPagesReferToIsThereAndKeptForever(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range pages {
		text := s.get(path).text
		for _, address := range append(attributes(t, text, "href"), attributes(t, text, "src")...) {
			if !strings.HasPrefix(address, "/assets/") {
				continue
			}
			s.get(address).expect(t, http.StatusOK, "Cache-Control", "public, max-age=31536000, immutable")
		}
	}
}

func TestAnAssetOfAnotherVersionIsNotKept(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.get("/assets/flowxi.css?v=older")
	a.expect(t, http.StatusOK, "Cache-Control", "no-cache")
	again := s.get("/assets/flowxi.css", "If-None-Match", a.Header.Get("ETag"))
	again.expect(t, http.StatusNotModified, "Content-Type", "")
}

func TestTheLanguageOfAPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, c := range []struct{ path, accept, want string }{
		{"/register", "", "fr"},
		{"/register", "en-GB,en;q=0.9", "en"},
		{"/register", "tlh", "fr"},
		{"/register?lang=fr", "en", "fr"},
		{"/register?lang=xx", "en", "en"},
		{"/", "en", "en"},
		{"/nowhere", "en", "en"},
		{"/docs", "fr-CA,fr;q=0.9,en;q=0.8", "fr"},
		{"/docs", "en,fr", "en"},
		{"/docs", "", "en"},
		{"/docs", "tlh", "en"},
		{"/docs?lang=fr", "en", "fr"},
		{"/docs/login", "fr", "en"},
		{"/docs/fr", "en", "fr"},
		{"/docs/fr/login", "en", "fr"},
		{"/docs/call-me", "fr", "en"},
	} {
		a := s.get(c.path, "Accept-Language", c.accept)
		if got := a.Header.Get("Content-Language"); got != c.want {
			t.Errorf("%s for %q is in %q, want %q", c.path, c.accept, got, c.want)
		}
		if lang := attributes(t, a.text, "lang"); lang[0] != c.want {
			t.Errorf("%s for %q says that it is in %q, want %q", c.path, c.accept, lang[0], c.want)
		}
		if strings.Contains(a.text, ">page.") || strings.Contains(a.text, `"page.`) {
			t.Errorf("%s for %q lacks a text", c.path, c.accept)
		}
	}
}

func TestTheRegisterPageDoesNotRepeatTheLink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.get("/register?token=0123456789abcdef&email=ada@example.org")
	if a.expect(t, http.StatusOK, "X-Robots-Tag", "noindex"); strings.Contains(a.text, "0123456789abcdef") || strings.Contains(a.text, "ada@") {
		t.Error("the page holds what was in its address")
	}
}

func TestUnknownPathsArePagesForPeopleAndCodesForPrograms(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.get("/nowhere").expect(t, http.StatusNotFound, "Content-Type", "text/html; charset=utf-8")
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		a := s.ask(method, "/nowhere", "X-App-Locale", "en")
		a.expect(t, http.StatusNotFound, "Content-Language", "en")
		var e map[string]string
		if err := json.Unmarshal([]byte(a.text), &e); err != nil || e["code"] != "NOT_FOUND" || e["message"] == "" || len(e) != 2 {
			t.Errorf("%s got %s", method, a.text)
		}
	}
}

func TestTheWaitIsToldInWhatPeopleCountIn(t *testing.T) {
	t.Parallel()
	pages := web.New(newDeps(t))
	for seconds, want := range map[string]string{"1": "in 1 s.", "59": "in 59 s.", "60": "in 1 min.", "61": "in 2 min.", "3599": "in 60 min.", "3601": "in 2 h.", "": "", "later": ""} {
		w := httptest.NewRecorder()
		w.Header().Set("Retry-After", seconds)
		r := httptest.NewRequest(http.MethodGet, "/account?lang=en", nil)
		r.Header.Set("Accept", "text/html")
		if !pages.Refused(w, r, http.StatusTooManyRequests, account.ErrTooManyRequests) || w.Code != http.StatusTooManyRequests {
			t.Fatalf("it is %d", w.Code)
		}
		if told := strings.Contains(w.Body.String(), "Reload this page "+want); told != (want != "") {
			t.Errorf("after %q seconds it says %s", seconds, w.Body)
		}
	}
}

func TestPagesAreOnlyLookedAt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/", "/register", "/docs", "/dev/inbox.json", "/openapi.yaml", "/files/x"} {
		s.ask(http.MethodPost, path).expect(t, http.StatusMethodNotAllowed, "Allow", "GET, HEAD")
		if a := s.ask(http.MethodHead, path); a.StatusCode == http.StatusMethodNotAllowed || a.text != "" {
			t.Errorf("HEAD %s got %d with %d bytes", path, a.StatusCode, len(a.text))
		}
	}
}

func TestWhatIsNotThereIsNotMounted(t *testing.T) {
	t.Parallel()
	s := site{t: t, handler: web.New(bareDeps(t))}
	for _, path := range []string{
		"/dev/inbox", "/dev/inbox.json", "/dev/inbox/events", "/openapi.yaml", "/openapi.json", "/docs/try/", "/files/profile_photos/x.jpg",
	} {
		if a := s.get(path); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s got %d", path, a.StatusCode)
		}
	}
	for _, path := range []string{"/", "/docs"} {
		if text := s.get(path).text; strings.Contains(text, "/dev/inbox\"") || strings.Contains(text, "\"/docs/try/\"") || strings.Contains(text, "\"/openapi.yaml\"") {
			t.Errorf("%s links to what is not there", path)
		}
	}
}
