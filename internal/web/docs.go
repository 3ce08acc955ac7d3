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
	s.mux.HandleFunc("/docs/search.json", s.docsSearch)
	s.mux.HandleFunc("/llms.txt", s.llms)
}

// reading is what the template of the documents is about.
type reading struct {
	*chapter
	Body   rendered
	Groups []group
}

func (s *site) docsStart(w http.ResponseWriter, r *http.Request) {
	s.showChapter(w, r, s.book.Chapters[0])
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
		sendEnglish(w, r, markdownText, []byte(c.source()))
	default:
		s.showChapter(w, r, c)
	}
}

func (s *site) showChapter(w http.ResponseWriter, r *http.Request, c *chapter) {
	s.show(w, r, http.StatusOK, "docs.html", s.view(english, reading{chapter: c, Body: c.rendered(), Groups: s.book.Groups}))
}

// source is the whole page as Markdown.
func (c *chapter) source() string {
	return fmt.Sprintf("# %s\n\n> %s\n\n%s", c.Title, c.Summary, c.Markdown)
}

func (s *site) docsSearch(w http.ResponseWriter, r *http.Request) {
	send(w, r, http.StatusOK, jsonText, s.book.search())
}

// found is what the search knows of a page.
type found struct {
	Address  string    `json:"address"`
	Title    string    `json:"title"`
	Group    string    `json:"group"`
	Summary  string    `json:"summary"`
	Headings []heading `json:"headings"`
	Text     string    `json:"text"`
}

func (b *book) index() []byte {
	pages := make([]found, 0, len(b.Chapters))
	for _, c := range b.Chapters {
		body := c.rendered()
		pages = append(pages, found{
			Address: "/docs/" + c.Slug, Title: c.Title, Group: c.Group, Summary: c.Summary,
			Headings: body.Headings, Text: body.Text,
		})
	}
	index, _ := json.Marshal(map[string]any{"pages": pages}) // strings and lists always can be
	return index
}

// llms is an index of the documents for language models, in the format of
// https://llmstxt.org: a title, a summary, and sections of links to Markdown.
func (s *site) llms(w http.ResponseWriter, r *http.Request) {
	var b strings.Builder
	b.WriteString("# Flowxi\n\n> Accounts over HTTP: registration by e-mail code or link, login with one session a device, " +
		"two-factor authentication, and a profile. JSON in, JSON out, under /api/v1.\n")
	for _, g := range s.book.Groups {
		fmt.Fprintf(&b, "\n## %s\n\n", g.Title)
		for _, c := range g.Chapters {
			fmt.Fprintf(&b, "- [%s](%s/docs/%s.md): %s\n", c.Title, s.Config.PublicURL, c.Slug, c.Summary)
		}
	}
	if s.OpenAPI != nil {
		fmt.Fprintf(&b, "\n## Optional\n\n- [OpenAPI description](%s/openapi.yaml): every call, field, answer and code\n", s.Config.PublicURL)
	}
	sendEnglish(w, r, plainText, []byte(b.String()))
}
