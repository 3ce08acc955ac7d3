package web_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

var (
	fencedCode  = regexp.MustCompile("(?ms)^```.*?^```$")
	headingMark = regexp.MustCompile(`(?m)^#+ `)
	linkTarget  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	orderLine   = regexp.MustCompile(`(?m)^order: .*$`)
)

// skeleton is what a guide is in any language: what stands between its words.
type skeleton struct {
	Order, Headings, Blocks, Codes, Links []string
}

func skeletonOf(text string) skeleton {
	prose := fencedCode.ReplaceAllString(text, "")
	s := skeleton{
		Order: orderLine.FindAllString(text, -1), Headings: headingMark.FindAllString(prose, -1),
		Blocks: fencedCode.FindAllString(text, -1), Codes: quoted.FindAllString(prose, -1), Links: linkTarget.FindAllString(prose, -1),
	}
	slices.Sort(s.Codes) // words have another order in another language
	slices.Sort(s.Links)
	return s
}

// A guide says the same in both languages: it has the same headings, samples and codes, and
// leads to the same places.
func TestTheGuidesAreAlikeInBothLanguages(t *testing.T) {
	t.Parallel()
	texts := guides(t)
	for name, text := range texts {
		if filepath.Base(filepath.Dir(name)) == "fr" {
			if texts["docs/"+filepath.Base(name)] == "" {
				t.Errorf("%s is of no guide", name)
			}
			continue
		}
		french := texts["docs/fr/"+filepath.Base(name)]
		if french == "" {
			t.Errorf("%s is not there in French", name)
			continue
		}
		french = strings.NewReplacer("](/docs/fr/", "](/docs/", "](/assets/flows.fr.svg", "](/assets/flows.svg").Replace(french)
		if diff := cmp.Diff(skeletonOf(text), skeletonOf(french)); diff != "" {
			t.Errorf("%s in English and in French:\n%s", name, diff)
		}
	}
}

// A straight apostrophe, and a mark that may stand at the start of a line, are typing errors
// in French.
func TestTheGuidesInFrenchAreSetAsFrenchIs(t *testing.T) {
	t.Parallel()
	wrong := regexp.MustCompile(`\pL'\pL| [:;?!»]|« `)
	for name, text := range guides(t) {
		if !strings.HasPrefix(name, "docs/fr/") {
			continue
		}
		prose := quoted.ReplaceAllString(fencedCode.ReplaceAllString(text, ""), "")
		if found := wrong.FindAllString(prose, -1); len(found) > 0 {
			t.Errorf("%s has %q", name, found)
		}
	}
}

func TestAGuideLeadsToItselfInTheOtherLanguage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	seen := 0
	for _, path := range pagesIn(t, s, "/docs/fr/") {
		slug, french := strings.CutPrefix(path, "/docs/fr/")
		if !french {
			if text := s.get(path).text; len(elementsOf(t, text, "class", "languages")) > 0 {
				t.Errorf("%s is in English alone, and offers another language", path)
			}
			continue
		}
		seen++
		checkSwitch(t, s, path, "fr", "/docs/"+slug, "en")
		checkSwitch(t, s, "/docs/"+slug, "en", path, "fr")
	}
	if seen != len(guides(t))/2 {
		t.Errorf("there are %d guides in French", seen)
	}
}

func checkSwitch(t *testing.T, s site, path, language, to, other string) {
	t.Helper()
	a := s.get(path)
	if got := a.Header.Get("Content-Language"); got != language || attributes(t, a.text, "lang")[0] != language {
		t.Errorf("%s is in %q", path, got)
	}
	s.get(path+".md").expect(t, 200, "Content-Language", language)
	for _, tag := range []string{"a", "link"} {
		found := slices.ContainsFunc(elementsOf(t, a.text, "href", to), func(n *html.Node) bool {
			return n.Data == tag && attribute(n, "hreflang") == other && (tag == "link" || attribute(n, "lang") == other)
		})
		if !found {
			t.Errorf("%s has no <%s> to %s", path, tag, to)
		}
	}
}

// Nothing that is in English is passed off as French: a link around a guide says which
// language it leads to, and a guide tells it in words, in the section of the link.
func TestWhatIsInEnglishIsMarkedSo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	marked := 0
	for _, path := range pagesIn(t, s, "/docs/fr/") {
		if !strings.HasPrefix(path, "/docs/fr/") {
			continue
		}
		sections := headingMark.Split(s.get(path+".md").text, -1)
		for _, n := range elements(t, s.get(path).text, "a") {
			to := attribute(n, "href")
			if !strings.HasPrefix(to, "/docs/") || strings.HasPrefix(to, "/docs/fr/") {
				continue
			}
			marked++
			if !isToldInEach(sections, to) && attribute(n, "hreflang") != "en" {
				t.Errorf("%s does not say that %s is in English", path, to)
			}
		}
	}
	if marked < 50 {
		t.Errorf("%d links lead to English", marked)
	}
}

// isToldInEach tells whether every section with a link says that what it leads to is in
// English.
func isToldInEach(sections []string, to string) bool {
	linked := slices.DeleteFunc(slices.Clone(sections), func(s string) bool { return !strings.Contains(s, "]("+to+")") })
	return len(linked) > 0 && !slices.ContainsFunc(linked, func(s string) bool { return !strings.Contains(s, "en anglais") })
}

func elements(t *testing.T, text, tag string) (found []*html.Node) {
	t.Helper()
	for n := range parse(t, text).Descendants() {
		if n.Type == html.ElementNode && n.Data == tag {
			found = append(found, n)
		}
	}
	return found
}

// elementsOf are the elements of a page that have an attribute of that value.
func elementsOf(t *testing.T, text, name, value string) (found []*html.Node) {
	t.Helper()
	for n := range parse(t, text).Descendants() {
		if attribute(n, name) == value {
			found = append(found, n)
		}
	}
	return found
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// The drawing is one; its words are in two languages.
func TestTheDrawingIsTheSameInBothLanguages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	words := regexp.MustCompile(`>[^<>{}]+<`)
	english, french := s.get("/assets/flows.svg").text, s.get("/assets/flows.fr.svg").text
	if diff := cmp.Diff(words.ReplaceAllString(english, "><"), words.ReplaceAllString(french, "><")); diff != "" {
		t.Error(diff)
	}
	if english == french || !strings.Contains(french, "<title id=\"title\">Les trois parcours de Flowxi</title>") {
		t.Error("it is not in French")
	}
}
