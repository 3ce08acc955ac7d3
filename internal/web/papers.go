package web

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"flowxi.app/flowxi"
)

// papers are the guides that are written as documents of the repository.
func papers() []Page {
	return []Page{
		paper("mock", 13, "What flowxi mock has for tests of a frontend: people, codes and a clock that are known beforehand.", flowxi.MockGuide),
		paper("changelog", 14, "What has changed, version by version.", flowxi.Changelog),
	}
}

func isPaper(slug string) bool {
	return slices.ContainsFunc(papers(), func(p Page) bool { return p.Slug == slug })
}

// elsewhere is a link to another file of the repository, which no server has, or to another
// host.
var elsewhere = regexp.MustCompile(`\[([^\]]*)\]\([^)#/][^)]*\)`)

// paper makes a page of a document that begins with its title.
func paper(slug string, order int, summary, text string) Page {
	title, body, _ := strings.Cut(text, "\n")
	return Page{
		Slug: slug, Title: strings.TrimPrefix(title, "# "), Group: guides, Order: order, Summary: summary,
		Markdown: strings.TrimSpace(elsewhere.ReplaceAllString(body, "$1")) + "\n",
	}
}

// contents lists every page, for who reads without a script, and so without the search.
func contents(pages []*chapter) Page {
	var groups []string
	lists := make(map[string]*strings.Builder)
	for _, p := range pages {
		if lists[p.Group] == nil {
			lists[p.Group] = new(strings.Builder)
			groups = append(groups, p.Group)
		}
		fmt.Fprintf(lists[p.Group], "- [%s](/docs/%s): %s\n", p.Title, p.Slug, p.Summary)
	}
	var b strings.Builder
	for _, g := range groups {
		fmt.Fprintf(&b, "## %s\n\n%s\n", g, lists[g])
	}
	return Page{Slug: "contents", Title: "All pages", Group: guides, Order: 15, Summary: "Every guide, operation and code in one list.", Markdown: b.String()}
}
