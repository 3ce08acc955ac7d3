package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"flowxi.app/flowxi/internal/account"
)

const (
	markdownText = "text/markdown; charset=utf-8"
	jsonText     = "application/json; charset=utf-8"
)

func (s *site) mountDocs() {
	s.mux.HandleFunc("/docs", s.docsStart)
	s.mux.HandleFunc("/docs/{$}", s.docsStart)
	s.mux.HandleFunc("/docs/{page...}", s.docsPage)
	for l, e := range s.book.editions {
		s.mux.HandleFunc(e.folder()+"search.json", s.docsSearch(e))
		if l != english {
			start := func(w http.ResponseWriter, r *http.Request) { s.showStart(w, r, e) }
			s.mux.HandleFunc(strings.TrimSuffix(e.folder(), "/"), start)
			s.mux.HandleFunc(e.folder()+"{$}", start)
		}
	}
	s.mux.HandleFunc("/llms.txt", s.llms)
}

// reading is what the template of the documents is about.
type reading struct {
	*chapter
	Body    rendered
	Edition *edition
}

// Groups are the parts of the sidebar.
func (r reading) Groups() []group { return r.Edition.Groups }

// Start is the first page in the language.
func (r reading) Start() *chapter { return r.Edition.Chapters[0] }

// Index is where the search has its pages from.
func (r reading) Index() string { return r.Edition.folder() + "search.json" }

// docsStart shows the start in the language that is asked for, as the page at the root
// does. Who asks for none, as programs do, gets what has everything.
func (s *site) docsStart(w http.ResponseWriter, r *http.Request) {
	s.showStart(w, r, s.book.in(s.asked(r)))
}

func (s *site) showStart(w http.ResponseWriter, r *http.Request, e *edition) {
	s.showChapter(w, r, e.Chapters[0])
}

// docsPage serves a page, or with ".md" behind its name what it is made of.
func (s *site) docsPage(w http.ResponseWriter, r *http.Request) {
	slug, source := strings.CutSuffix(r.PathValue("page"), ".md")
	c := s.book.bySlug[slug]
	switch {
	case c == nil && s.book.partial: // it may be a page of the reference
		s.refuse(w, r, http.StatusInternalServerError, account.ErrServerError)
	case c == nil:
		s.notFound(w, r)
	case source:
		sendIn(w, r, c.Lang, markdownText, []byte(c.source()))
	default:
		s.showChapter(w, r, c)
	}
}

func (s *site) showChapter(w http.ResponseWriter, r *http.Request, c *chapter) {
	s.show(w, r, http.StatusOK, "docs.html", s.view(c.Lang, reading{chapter: c, Body: c.rendered(), Edition: s.book.in(c.Lang)}))
}

// source is the whole page as Markdown.
func (c *chapter) source() string {
	return fmt.Sprintf("# %s\n\n> %s\n\n%s", c.Title, c.Summary, c.filled())
}

func (s *site) docsSearch(e *edition) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { e.search().serveAs(w, r, "") }
}

// found is what the search knows of a page.
type found struct {
	Address  string    `json:"address"`
	Lang     string    `json:"lang"`
	Title    string    `json:"title"`
	Group    string    `json:"group"`
	Summary  string    `json:"summary"`
	Headings []heading `json:"headings"`
	Text     string    `json:"text"`
}

func (e *edition) index() asset {
	var pages []found
	for _, g := range e.Groups {
		for _, c := range g.Chapters {
			body := c.rendered()
			pages = append(pages, found{
				Address: "/docs/" + c.Slug, Lang: string(c.Lang), Title: c.Title, Group: c.Group, Summary: c.Summary,
				Headings: body.Headings, Text: body.Text,
			})
		}
	}
	index, _ := json.Marshal(map[string]any{"pages": pages}) // strings and lists always can be
	return newAsset("search.json", index)
}

// llms is an index of the documents for language models, in the format of
// https://llmstxt.org: a title, a summary, and sections of links to Markdown.
func (s *site) llms(w http.ResponseWriter, r *http.Request) {
	var b strings.Builder
	b.WriteString("# Flowxi\n\n> Accounts over HTTP: registration by e-mail code or link, login with one session a device, " +
		"two-factor authentication, and a profile. JSON in, JSON out, under /api/v1.\n")
	for _, g := range s.book.in(english).Groups {
		s.listForModels(&b, g.Title, g.Chapters)
	}
	for _, l := range translated() {
		s.listForModels(&b, guides+": "+s.Catalog.Text(l, "page.language", nil), s.book.in(l).Chapters)
	}
	if s.OpenAPI != nil {
		fmt.Fprintf(&b, "\n## Optional\n\n- [OpenAPI description](%s/openapi.yaml): every call, field, answer and code\n", s.Config.PublicURL)
	}
	sendIn(w, r, english, plainText, []byte(b.String()))
}

func (s *site) listForModels(b *strings.Builder, title string, chapters []*chapter) {
	fmt.Fprintf(b, "\n## %s\n\n", title)
	for _, c := range chapters {
		fmt.Fprintf(b, "- [%s](%s/docs/%s.md): %s\n", c.Title, s.Config.PublicURL, c.Slug, c.Summary)
	}
}
