package web

import (
	"bytes"
	"html/template"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// rendered is a page for a browser.
type rendered struct {
	HTML     template.HTML
	Headings []heading
	Text     string // all words, for the search
}

// heading is an entry of a table of contents.
type heading struct {
	Level int    `json:"-"`
	ID    string `json:"id"`
	Text  string `json:"text"`
}

// lowestHeading is the level down to which headings are in a table of contents.
const lowestHeading = 3

// newMarkdown reads GitHub's dialect. Raw HTML is dropped, and cells are not aligned,
// which would take inline style.
func newMarkdown() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(
			extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignNone)),
			extension.Strikethrough, extension.Linkify, extension.TaskList,
		),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
	)
}

func render(markdown string) rendered { return renderTranslation(markdown, nil) }

// renderTranslation gives the headings the names that they have in the original, so that a
// part of a page has one name in every language.
func renderTranslation(markdown string, original []heading) rendered {
	source := []byte(markdown)
	md := newMarkdown()
	document := md.Parser().Parse(text.NewReader(source))
	for i, h := range contentsOf(document) {
		if i < len(original) {
			h.SetAttributeString("id", []byte(original[i].ID))
		}
	}
	var page bytes.Buffer
	if err := md.Renderer().Render(&page, source, document); err != nil {
		page.Reset() // a buffer does not fail to be written to; a half page would be worse than none
	}
	// What goldmark writes is escaped, and without raw HTML by its default.
	return rendered{HTML: template.HTML(page.String()), Headings: headings(document, source), Text: words(document, source)} //nolint:gosec // see above
}

// contentsOf are the headings for a table of contents.
func contentsOf(document ast.Node) (all []*ast.Heading) {
	for n := document.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok && h.Level <= lowestHeading {
			all = append(all, h)
		}
	}
	return all
}

func headings(document ast.Node, source []byte) []heading {
	all := []heading{}
	for _, h := range contentsOf(document) {
		if id, ok := h.AttributeString("id"); ok {
			all = append(all, heading{Level: h.Level, ID: string(id.([]byte)), Text: words(h, source)}) //nolint:forcetypeassert // ids of headings are made so, by goldmark and here
		}
	}
	return all
}

// words is the text of a node and all below it, with single spaces.
func words(n ast.Node, source []byte) string {
	var all strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // nothing in it fails
		if entering {
			gather(&all, n, source)
		} else if n.Type() == ast.TypeBlock {
			all.WriteByte(' ')
		}
		return ast.WalkContinue, nil
	})
	return strings.Join(strings.Fields(all.String()), " ")
}

func gather(all *strings.Builder, n ast.Node, source []byte) {
	switch n := n.(type) {
	case *ast.Text:
		all.Write(n.Value(source))
		if n.SoftLineBreak() || n.HardLineBreak() {
			all.WriteByte(' ')
		}
	case *ast.String:
		all.Write(n.Value)
	case *ast.AutoLink:
		all.Write(n.Label(source))
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		all.Write(n.Lines().Value(source))
	}
}
