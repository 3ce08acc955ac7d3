package web

import (
	"cmp"
	"embed"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"flowxi.app/flowxi/internal/account"
)

//go:embed docs/*.md docs/*/*.md
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

// book is all pages of the documents.
type book struct {
	editions map[account.Locale]*edition
	bySlug   map[string]*chapter
	partial  bool // the reference could not be written
}

// edition is the documents as they are read in one language. What nobody has put into that
// language stands in it in English.
type edition struct {
	Lang     account.Locale
	Chapters []*chapter // those in the language, in their order
	Groups   []group
	search   func() asset // its index, as JSON
}

// folder is the address under which its pages are.
func (e *edition) folder() string {
	if e.Lang == english {
		return "/docs/"
	}
	return "/docs/" + string(e.Lang) + "/"
}

// group is a part of the sidebar.
type group struct {
	Title    string
	Lang     account.Locale
	Chapters []*chapter
}

// Listed tells whether the sidebar has a page of the group.
func (g group) Listed() bool {
	return slices.ContainsFunc(g.Chapters, func(c *chapter) bool { return c.Under == "" })
}

// chapter is a page that is filled in and rendered when somebody first reads it: start-up
// does not wait for what nobody may ask for.
type chapter struct {
	Page
	Lang          account.Locale
	Translations  []*chapter // the same page in other languages
	Before, After *chapter
	filled        func() string // its Markdown, with what is derived in its place
	rendered      func() rendered
}

// written is the address that the guides name. Readers see that of their server.
const written = "http://localhost:8080"

func newBook(d Deps, assets map[string]asset) *book {
	b := &book{editions: make(map[account.Locale]*edition), bySlug: make(map[string]*chapter)}
	b.write(d, assets)
	for _, l := range translated() {
		b.translate(d, assets, l)
	}
	for _, e := range b.editions {
		e.search = sync.OnceValue(e.index)
	}
	return b
}

// write makes the edition in English, which has every page.
func (b *book) write(d Deps, assets map[string]asset) {
	e := b.newEdition(english)
	fill := filler(d, assets, english)
	pages := readGuides("docs", "")
	if d.Reference != nil {
		reference := d.Reference()
		b.partial = len(reference) == 0
		pages = append(pages, reference...)
	}
	for _, p := range pages {
		b.add(e, p, fill)
	}
	for _, p := range papers() {
		b.add(e, p, asItIs)
	}
	e.sort()
	b.add(e, contents(e.Chapters), asItIs)
	e.arrange()
}

// translate makes the edition in another language: its guides, and behind them what is
// there in English alone.
func (b *book) translate(d Deps, assets map[string]asset, l account.Locale) {
	e := b.newEdition(l)
	fill := filler(d, assets, l)
	prefix := string(l) + "/"
	for _, p := range readGuides("docs/"+prefix, prefix) {
		if isPaper(strings.TrimPrefix(p.Slug, prefix)) {
			b.add(e, p, asItIs)
		} else {
			b.add(e, p, fill)
		}
	}
	e.arrange()
	for _, g := range b.in(english).Groups {
		g.Chapters = slices.DeleteFunc(slices.Clone(g.Chapters), func(c *chapter) bool { return b.bySlug[prefix+c.Slug] != nil })
		if len(g.Chapters) > 0 {
			e.Groups = append(e.Groups, g)
		}
	}
}

// in is the edition in that language, or where there is none the one in English.
func (b *book) in(l account.Locale) *edition {
	if e := b.editions[l]; e != nil {
		return e
	}
	return b.editions[english]
}

func (b *book) newEdition(l account.Locale) *edition {
	e := &edition{Lang: l}
	b.editions[l] = e
	return e
}

// translated are the languages that have guides besides English.
func translated() (languages []account.Locale) {
	entries, _ := guideFiles.ReadDir("docs") // it is embedded: it is there
	for _, e := range entries {
		if e.IsDir() {
			languages = append(languages, account.Locale(e.Name()))
		}
	}
	return languages
}

// asItIs is for papers: what they say of localhost is of another server than this.
var asItIs = strings.NewReplacer()

// filler puts into the guides of a language what is derived, and the address of this server.
func filler(d Deps, assets map[string]asset, l account.Locale) *strings.Replacer {
	pairs := []string{written, d.Config.PublicURL.String()}
	for name, text := range d.Derived[l] {
		pairs = append(pairs, "{{"+name+"}}", strings.TrimSpace(text))
	}
	for name, a := range assets {
		pairs = append(pairs, "](/assets/"+name+")", "]("+a.address+")")
	}
	return strings.NewReplacer(pairs...)
}

// add leaves out a page whose name is taken, since no reader could get to it.
func (b *book) add(e *edition, p Page, fill *strings.Replacer) {
	if b.bySlug[p.Slug] != nil {
		return
	}
	c := &chapter{Page: p, Lang: e.Lang}
	c.filled = sync.OnceValue(func() string { return fill.Replace(p.Markdown) })
	c.rendered = sync.OnceValue(func() rendered { return render(c.filled()) })
	if original := b.bySlug[strings.TrimPrefix(p.Slug, string(e.Lang)+"/")]; original != nil {
		c.rendered = sync.OnceValue(func() rendered { return renderTranslation(c.filled(), original.rendered().Headings) })
		c.Translations = append(c.Translations, original)
		original.Translations = append(original.Translations, c)
	}
	b.bySlug[p.Slug] = c
	e.Chapters = append(e.Chapters, c)
}

// sort puts the pages in order within their groups and the guides to the front; other
// groups stay in the order in which they came.
func (e *edition) sort() {
	place := map[string]int{guides: 0}
	for _, c := range e.Chapters {
		if _, ok := place[c.Group]; !ok {
			place[c.Group] = len(place)
		}
	}
	slices.SortStableFunc(e.Chapters, func(x, y *chapter) int {
		return cmp.Or(cmp.Compare(place[x.Group], place[y.Group]), cmp.Compare(x.Order, y.Order))
	})
}

// arrange sorts the pages, and ties each to its neighbours and its group.
func (e *edition) arrange() {
	e.sort()
	for i, c := range e.Chapters {
		if i > 0 {
			c.Before, e.Chapters[i-1].After = e.Chapters[i-1], c
		}
		if n := len(e.Groups); n == 0 || e.Groups[n-1].Title != c.Group {
			e.Groups = append(e.Groups, group{Title: c.Group, Lang: e.Lang})
		}
		last := &e.Groups[len(e.Groups)-1]
		last.Chapters = append(last.Chapters, c)
	}
}

// Here is the slug that the sidebar marks while the page is open.
func (p Page) Here() string { return cmp.Or(p.Under, p.Slug) }

// readGuides reads the files of a folder. The prefix stands before their names in addresses.
func readGuides(folder, prefix string) []Page {
	entries, _ := guideFiles.ReadDir(path.Clean(folder)) // it is embedded: it is there
	pages := make([]Page, 0, len(entries))
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".md"); ok {
			text, _ := guideFiles.ReadFile(path.Join(folder, e.Name()))
			pages = append(pages, parsePage(prefix+name, string(text)))
		}
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
