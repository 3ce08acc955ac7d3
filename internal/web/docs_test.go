package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"flowxi.app/flowxi/internal/web"
)

type index struct {
	Pages []struct {
		Address, Title, Group, Summary, Text string
		Headings                             []struct{ ID, Text string }
	}
}

// search is the index of a language, by the folder of its pages.
func search(t *testing.T, s site, folder string) (found index) {
	t.Helper()
	if err := json.Unmarshal([]byte(s.get(folder+"search.json").text), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// pagesIn are the pages that the search of a language finds, in their order.
func pagesIn(t *testing.T, s site, folder string) (paths []string) {
	t.Helper()
	for _, p := range search(t, s, folder).Pages {
		paths = append(paths, p.Address)
	}
	if len(paths) < 12 {
		t.Fatalf("there are %d pages: %v", len(paths), paths)
	}
	return paths
}

// docsPages are the pages in all languages.
func docsPages(t *testing.T, s site) []string {
	t.Helper()
	all := append(pagesIn(t, s, "/docs/"), pagesIn(t, s, "/docs/fr/")...)
	slices.Sort(all)
	return slices.Compact(all)
}

var id = regexp.MustCompile(` id="([^"]*)"`)

// The script of the documents stops at an id that is there twice, as where a heading is
// called like the field of the search.
func TestNoPageHasAnIDTwice(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range append(docsPages(t, s), "/", "/register", "/dev/inbox") {
		seen := map[string]bool{}
		for _, found := range id.FindAllStringSubmatch(s.get(path).text, -1) {
			if seen[found[1]] {
				t.Errorf("%s has the id %s twice", path, found[1])
			}
			seen[found[1]] = true
		}
		if len(seen) == 0 && path != "/" {
			t.Errorf("%s has no ids", path)
		}
	}
}

func TestGuidesComeFirstAndPagesAreInOrder(t *testing.T) {
	t.Parallel()
	want := strings.Fields(`welcome introduction api overview registration login two-factor errors localization me browsers limits clients mock changelog contents call-login call-me`)
	var got []string
	for _, path := range pagesIn(t, newSite(t), "/docs/") {
		got = append(got, strings.TrimPrefix(path, "/docs/"))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryPageOfTheDocumentsIsWhole(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, p := range append(search(t, s, "/docs/").Pages, search(t, s, "/docs/fr/").Pages...) {
		if p.Title == "" || p.Group == "" || p.Text == "" || !strings.HasSuffix(p.Summary, ".") {
			t.Errorf("%s has title %q, group %q, summary %q and %d bytes of text", p.Address, p.Title, p.Group, p.Summary, len(p.Text))
		}
	}
}

func TestEveryLinkOfTheDocumentsLeadsSomewhere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range append(docsPages(t, s), "/", "/docs/try/", "/dev/inbox", "/register", "/nowhere") {
		text := s.get(path).text
		for _, link := range append(attributes(t, text, "href"), attributes(t, text, "src")...) {
			checkLink(t, s, path, link)
		}
	}
}

func checkLink(t *testing.T, s site, path, link string) {
	t.Helper()
	base := &url.URL{Scheme: "http", Host: "flowxi.example:8080", Path: path}
	target, err := base.Parse(link)
	if err != nil || target.Host != base.Host {
		t.Errorf("%s links to %q, which is not here", path, link)
		return
	}
	a := s.get(target.RequestURI())
	if a.StatusCode != http.StatusOK && target.Path != path {
		t.Errorf("%s links to %q, which is %d", path, link, a.StatusCode)
	}
	if id := strings.TrimPrefix(target.Fragment, "/"); id != "" && // a view of the portal has a slash before its id
		!slices.Contains(attributes(t, a.text, "id"), id) {
		t.Errorf("%s links to %q, which has no such part", path, link)
	}
}

func TestNoIdStandsTwiceInAPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range append(pages, docsPages(t, s)...) {
		ids := attributes(t, s.get(path).text, "id")
		slices.Sort(ids)
		if unique := slices.Compact(slices.Clone(ids)); len(unique) != len(ids) {
			t.Errorf("%s has an id twice: %v", path, ids)
		}
	}
}

func TestThePlaceholdersAreFilledIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range docsPages(t, s) {
		for _, form := range []string{path, path + ".md"} {
			text := s.get(form).text
			ofMock := strings.HasSuffix(path, "/mock") || path == "/docs/changelog"
			if strings.Contains(text, "{{") || !ofMock && strings.Contains(text, "localhost:8080") {
				t.Errorf("%s has a placeholder", form)
			}
		}
	}
	if text := s.get("/docs/errors").text; !strings.Contains(text, "<code>NOT_FOUND</code>") || !strings.Contains(text, "<table>") {
		t.Error("/docs/errors lacks the table of codes")
	}
	if text := s.get("/docs/welcome").text; !strings.Contains(text, "http://flowxi.example:8080/api/v1/auth/login") {
		t.Error("/docs/welcome does not speak of this server")
	}
}

func TestPagesCanBeHadAsMarkdown(t *testing.T) {
	t.Parallel()
	a := newSite(t).get("/docs/call-me.md")
	a.expect(t, http.StatusOK, "Content-Type", "text/markdown; charset=utf-8")
	if want := "# Read the profile\n\n> Reads.\n\n## Answer\n\nText.\n"; a.text != want {
		t.Errorf("got %q, want %q", a.text, want)
	}
}

func TestTheIndexForLanguageModels(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	text := s.get("/llms.txt").text
	if !strings.HasPrefix(text, "# Flowxi\n\n> ") {
		t.Errorf("it begins with %.40q", text)
	}
	for _, path := range docsPages(t, s) {
		if !strings.Contains(text, "](http://flowxi.example:8080"+path+".md): ") {
			t.Errorf("it lacks %s", path)
		}
	}
	for _, part := range []string{"\n## Guides\n", "\n## Reference\n", "\n## Guides: Français\n", "http://flowxi.example:8080/openapi.yaml"} {
		if !strings.Contains(text, part) {
			t.Errorf("it lacks %q", part)
		}
	}
}

func TestTheDescriptionOfTheAPI(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if a := s.get("/openapi.yaml"); a.text != "openapi: 3.1.0\n" || a.Header.Get("Content-Type") != "application/yaml; charset=utf-8" {
		t.Errorf("got %q as %q", a.text, a.Header.Get("Content-Type"))
	}
	if a := s.get("/openapi.json"); a.text != description || a.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("got %q as %q", a.text, a.Header.Get("Content-Type"))
	}
}

func TestPagesHaveOneAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for from, to := range map[string]string{"/docs/try": "/docs/try/", "/account/?lang=en": "/account?lang=en"} {
		s.get(from).expect(t, http.StatusMovedPermanently, "Location", to)
	}
}

func TestWhatCannotBeWrittenIsAServerError(t *testing.T) {
	t.Parallel()
	deps := newDeps(t)
	deps.Reference = func() []web.Page { return nil }
	deps.OpenAPI = func() (yaml, json []byte) { return nil, nil }
	s := site{t: t, handler: web.New(deps)}
	for _, path := range []string{"/openapi.yaml", "/openapi.json", "/docs/call-me", "/docs/call-me.md"} {
		s.get(path).expect(t, http.StatusInternalServerError, "Content-Type", "text/html; charset=utf-8")
		a := s.ask(http.MethodGet, path)
		a.expect(t, http.StatusInternalServerError, "Content-Type", "application/json; charset=utf-8")
		if !strings.Contains(a.text, `"code":"SERVER_ERROR"`) {
			t.Errorf("%s: got %q", path, a.text)
		}
	}
	s.get("/docs/welcome").expect(t, http.StatusOK, "Content-Language", "en")
}

func TestSwaggerUIComesPackedOrNot(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const path = "/docs/try/swagger-ui.css"
	packed := s.get(path, "Accept-Encoding", "gzip, br")
	packed.expect(t, http.StatusOK, "Content-Encoding", "gzip")
	plain := s.get(path)
	plain.expect(t, http.StatusOK, "Content-Encoding", "")
	if !strings.Contains(plain.text, ".swagger-ui") || len(plain.text) < 2*len(packed.text) {
		t.Errorf("got %d bytes, packed %d", len(plain.text), len(packed.text))
	}
}
