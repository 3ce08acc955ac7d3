package web

import (
	"cmp"
	"embed"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed docs/*.md
var guideFiles embed.FS

// Page is one page of the documents.
type Page struct {
	Slug     string // its name in addresses: /docs/<slug>, which may have a slash
	Title    string
	Group    string // its part of the sidebar; "Guides" comes first
	Under    string // the slug of a page that stands for it in the sidebar; empty where it is there itself
	Order    int    // within its group
	Summary  string // one sentence
	Markdown string // without the title
}

// guides is the group of the pages that are written by hand.
const guides = "Guides"

// book is all pages of the documents in their order.
type book struct {
	Chapters []*chapter
	Groups   []group
	bySlug   map[string]*chapter
	search   func() []byte // its index, as JSON
	partial  bool          // the reference could not be written
}

// group is a part of the sidebar.
type group struct {
	Title    string
	Chapters []*chapter
}

// Listed tells whether the sidebar has a page of the group.
func (g group) Listed() bool {
	return slices.ContainsFunc(g.Chapters, func(c *chapter) bool { return c.Under == "" })
}

// chapter is a page that is rendered when somebody first reads it: start-up does not
// wait for what nobody may ask for.
type chapter struct {
	Page
	Before, After *chapter
	rendered      func() rendered
}

// written is the address that the guides name. Readers see that of their server.
const written = "http://localhost:8080"

func newBook(d Deps, assets map[string]asset) *book {
	fill := filler(d, assets)
	b := &book{bySlug: make(map[string]*chapter)}
	pages := readGuides()
	if d.Reference != nil {
		reference := d.Reference()
		b.partial = len(reference) == 0
		pages = append(pages, reference...)
	}
	for _, p := range pages {
		p.Markdown = fill.Replace(p.Markdown)
		b.add(p)
	}
	for _, p := range papers() { // what they say of localhost is of another server
		b.add(p)
	}
	b.sort()
	b.add(contents(b.Chapters))
	b.arrange()
	b.search = sync.OnceValue(b.index)
	return b
}

// filler puts into the guides what is derived, and the address of this server.
func filler(d Deps, assets map[string]asset) *strings.Replacer {
	pairs := []string{written, d.Config.PublicURL.String()}
	for name, text := range d.Derived {
		pairs = append(pairs, "{{"+name+"}}", strings.TrimSpace(text))
	}
	for name, a := range assets {
		pairs = append(pairs, "](/assets/"+name+")", "]("+a.address+")")
	}
	return strings.NewReplacer(pairs...)
}

// add leaves out a page whose name is taken, since no reader could get to it.
func (b *book) add(p Page) {
	if b.bySlug[p.Slug] != nil {
		return
	}
	c := &chapter{Page: p}
	c.rendered = sync.OnceValue(func() rendered { return render(c.Markdown) })
	b.bySlug[p.Slug] = c
	b.Chapters = append(b.Chapters, c)
}

// sort puts the pages in order within their groups and the guides to the front; other
// groups stay in the order in which they came.
func (b *book) sort() {
	place := map[string]int{guides: 0}
	for _, c := range b.Chapters {
		if _, ok := place[c.Group]; !ok {
			place[c.Group] = len(place)
		}
	}
	slices.SortStableFunc(b.Chapters, func(x, y *chapter) int {
		return cmp.Or(cmp.Compare(place[x.Group], place[y.Group]), cmp.Compare(x.Order, y.Order))
	})
}

// arrange sorts the pages, and ties each to its neighbours and its group.
func (b *book) arrange() {
	b.sort()
	for i, c := range b.Chapters {
		if i > 0 {
			c.Before, b.Chapters[i-1].After = b.Chapters[i-1], c
		}
		if n := len(b.Groups); n == 0 || b.Groups[n-1].Title != c.Group {
			b.Groups = append(b.Groups, group{Title: c.Group})
		}
		last := &b.Groups[len(b.Groups)-1]
		last.Chapters = append(last.Chapters, c)
	}
}

// Here is the slug that the sidebar marks while the page is open.
func (p Page) Here() string { return cmp.Or(p.Under, p.Slug) }

func readGuides() []Page {
	entries, _ := guideFiles.ReadDir("docs") // it is embedded: it is there
	pages := make([]Page, 0, len(entries))
	for _, e := range entries {
		text, _ := guideFiles.ReadFile(path.Join("docs", e.Name()))
		pages = append(pages, parsePage(strings.TrimSuffix(e.Name(), ".md"), string(text)))
	}
	return pages
}

// parsePage reads a file that begins with lines such as "title: Welcome" between two
// lines of dashes.
func parsePage(slug, text string) Page {
	head, body, _ := strings.Cut(strings.TrimPrefix(text, "---\n"), "\n---\n")
	p := Page{Slug: slug, Group: guides, Markdown: strings.TrimSpace(body) + "\n"}
	for line := range strings.Lines(head) {
		name, value, _ := strings.Cut(line, ":")
		p.set(name, strings.TrimSpace(value))
	}
	return p
}

func (p *Page) set(name, value string) {
	switch name {
	case "title":
		p.Title = value
	case "group":
		p.Group = value
	case "summary":
		p.Summary = value
	case "order":
		p.Order, _ = strconv.Atoi(value) // what is no number comes first, for all to see
	}
}
