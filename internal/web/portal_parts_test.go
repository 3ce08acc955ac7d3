package web_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/net/html"
	"golang.org/x/text/language"

	"flowxi.app/flowxi/internal/authtest"
	"flowxi.app/flowxi/internal/blob/s3test"
	"flowxi.app/flowxi/internal/form"
	"flowxi.app/flowxi/internal/web"
)

// TestThePortalIsSmall adds up all that a browser loads for it.
func TestThePortalIsSmall(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, lang := range []string{"fr", "en"} {
		page := s.get("/account?lang=" + lang)
		total := zipped(t, page.text)
		loads := 0
		for _, address := range append(attributes(t, page.text, "href"), attributes(t, page.text, "src")...) {
			if strings.HasPrefix(address, "/assets/") {
				packed := s.get(address, "Accept-Encoding", "br, gzip")
				packed.expect(t, http.StatusOK, "Content-Encoding", "gzip")
				if packed.Header.Get("Vary") != "Accept-Encoding" || unzipped(t, packed.text) != s.get(address, "Accept-Encoding", "gzip;q=0, br").text {
					t.Errorf("%s is another file when it is packed", address)
				}
				total += len(packed.text)
				loads++
			}
		}
		if t.Logf("%s: %d bytes in %d files", lang, total, loads); total > 60<<10 || loads < 10 {
			t.Errorf("in %s the portal is %d bytes in %d files", lang, total, loads)
		}
	}
}

func zipped(t *testing.T, text string) int {
	t.Helper()
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}

func unzipped(t *testing.T, packed string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var imported = regexp.MustCompile(`from "\./([^"]+)"`)

// TestScriptsOfThePortalStandTogether follows their imports: all are preloaded, and kept
// for ever under the digest of them all.
func TestScriptsOfThePortalStandTogether(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	page := s.get("/account").text
	main := regexp.MustCompile(`/assets/account/[0-9a-f]{12}/`).FindString(page)
	for _, address := range attributes(t, page, "href") {
		if !strings.HasPrefix(address, main) {
			continue
		}
		script := s.get(address)
		script.expect(t, http.StatusOK, "Cache-Control", "public, max-age=31536000, immutable")
		for _, other := range imported.FindAllStringSubmatch(script.text, -1) {
			if !strings.Contains(page, `href="`+main+other[1]+`"`) {
				t.Errorf("%s imports %s, which the page does not preload", address, other[1])
			}
		}
	}
	s.get("/assets/account/0123456789ab/main.js").expect(t, http.StatusOK, "Cache-Control", "no-cache")
	s.get(main+"none.js").expect(t, http.StatusNotFound, "Cache-Control", "no-store")
}

// TestScriptsOfThePortalMakeNoMarkup is beside the policy, which a browser may not heed.
func TestScriptsOfThePortalMakeNoMarkup(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir("assets/account")
	if err != nil || len(entries) < 10 {
		t.Fatalf("there are %d scripts, %v", len(entries), err)
	}
	for _, e := range entries {
		script, err := os.ReadFile("assets/account/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, sink := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "DOMParser", "setHTML", "document.cookie"} {
			if strings.Contains(string(script), sink) {
				t.Errorf("%s uses %s", e.Name(), sink)
			}
		}
	}
}

// TestWhatIsToldIsHeard holds places of messages to stand in the page from the start: a
// screen reader may not hear of one that comes with its text.
func TestWhatIsToldIsHeard(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/account", "/register", "/docs/try/", "/dev/inbox", "/docs/welcome"} {
		page := s.get(path).text
		for _, role := range []string{"status", "alert"} {
			for _, place := range elementsOf(t, page, "role", role) {
				if slices.ContainsFunc(place.Attr, func(a html.Attribute) bool { return a.Key == "hidden" }) {
					t.Errorf("in %s the %s of id %q is hidden", path, role, attribute(place, "id"))
				}
			}
		}
	}
	if of := elementsOf(t, s.get("/account").text, "id", "saved"); len(of) != 1 || attribute(of[0].Parent, "role") != "status" {
		t.Error("nobody hears that the profile is saved")
	}
}

func TestThePortalCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	off := newSite(t, func(d *web.Deps) { d.Config.Portal = false })
	off.get("/account").expect(t, http.StatusNotFound, "X-Robots-Tag", "")
	for _, path := range []string{"/", "/register"} {
		if strings.Contains(off.get(path).text, `"/account`) {
			t.Errorf("%s links to a page that is not there", path)
		}
		if !strings.Contains(newSite(t).get(path).text, `"/account`) {
			t.Errorf("%s does not link to the portal", path)
		}
	}
	authtest.Start(t, authtest.Embedded, authtest.WithEnv("FLOWXI_PORTAL=off")).Client(t).Send("GET", "/account", nil).Expect(http.StatusNotFound, "NOT_FOUND")
}

// TestThePortalOffersEveryCountry holds its list to what the server takes, no more and no
// less.
func TestThePortalOffersEveryCountry(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("assets/account/countries.js")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(script), "const codes = `")
	list, _, _ := strings.Cut(rest, "`")
	offered := map[string]bool{}
	for _, codes := range strings.Fields(list) {
		offered[codes[:2]] = true
		if !isTaken(form.Nationality(), codes[2:]) || codes[2:] != language.MustParseRegion(codes[:2]).ISO3() {
			t.Errorf("%s is not the nationality of %s", codes[2:], codes[:2])
		}
	}
	for first := 'A'; first <= 'Z'; first++ {
		for second := 'A'; second <= 'Z'; second++ {
			if code := string([]rune{first, second}); isTaken(form.Country(), code) != offered[code] {
				t.Errorf("%s is offered: %v, and taken: %v", code, offered[code], !offered[code])
			}
		}
	}
}

// onlyCode is a body with one code.
type onlyCode struct {
	rule form.Rule
	text string
}

// Fields implements form.Body.
func (c *onlyCode) Fields() []form.Field { return []form.Field{form.Require("code", c.rule, &c.text)} }

func isTaken(rule form.Rule, code string) bool {
	members := map[string]jsontext.Value{"code": jsontext.Value(quote(code))}
	return len(form.Decode(members, &onlyCode{rule: rule}, noon)) == 0
}

// TestThePortalShowsPhotosOfABucket has its policy name the origin that photos are signed
// for, and no other.
func TestThePortalShowsPhotosOfABucket(t *testing.T) {
	t.Parallel()
	srv := authtest.Start(t, authtest.Embedded, authtest.FastHash(), authtest.WithEnv("FLOWXI_STORAGE_URL="+s3test.New(t).URL))
	person := srv.Client(t).Register("bucket@example.org")
	photo := person.Upload(smallPhoto(t)).Expect(http.StatusOK, "ME_PHOTO_UPDATED").Text("data.photo_url")
	origin := regexp.MustCompile(`^http://[^/]+`).FindString(photo)
	if got, want := imagesOf(t, srv.URL+"/account"), "img-src 'self' data: "+origin; got != want || origin == srv.URL {
		t.Errorf("with photos at %s the policy says %q, want %q", photo, got, want)
	}
	here := authtest.Start(t, authtest.Embedded)
	if got := imagesOf(t, here.URL+"/account"); got != "img-src 'self' data:" {
		t.Errorf("with photos here the policy says %q", got)
	}
}

func smallPhoto(t *testing.T) []byte {
	t.Helper()
	photo, err := os.ReadFile(landscape(t))
	if err != nil {
		t.Fatal(err)
	}
	return photo
}

var imageSources = regexp.MustCompile(`img-src [^;]*`)

func imagesOf(t *testing.T, address string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return imageSources.FindString(response.Header.Get("Content-Security-Policy"))
}

// TestNoAttributeIsTakenForAScript holds names of attributes to those whose values are text
// to templates: what begins with on is an event to them, after data- too, and its value a
// script, in quotation marks of its own.
func TestNoAttributeIsTakenForAScript(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/", "/account", "/register", "/docs/try/", "/dev/inbox", "/docs/welcome"} {
		root, err := html.Parse(strings.NewReader(s.get(path).text))
		if err != nil {
			t.Fatal(err)
		}
		for node := range root.Descendants() {
			for _, a := range node.Attr {
				if strings.HasPrefix(strings.TrimPrefix(a.Key, "data-"), "on") {
					t.Errorf("%s has %s=%q", path, a.Key, a.Val)
				}
			}
		}
	}
}
