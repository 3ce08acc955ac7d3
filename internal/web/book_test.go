package web

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"flowxi.app/flowxi/internal/config"
)

func TestAPageIsReadFromItsFile(t *testing.T) {
	t.Parallel()
	got := parsePage("login", "---\ntitle: Login: how\norder: 6\nsummary: In.\n---\n\n## One\n\nText\n\n")
	want := Page{Slug: "login", Title: "Login: how", Group: "Guides", Order: 6, Summary: "In.", Markdown: "## One\n\nText\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMarkdownBecomesPlainHTML(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ markdown, has, lacks string }{
		"raw HTML is dropped":          {"a <script>alert(1)</script> b", "alert(1)", "<script"},
		"a block of it is dropped too": {"<div onclick=\"x()\">\nhi\n</div>", "", "onclick"},
		"addresses that run scripts":   {"[x](javascript:alert(1))", "<a href=\"\"", "javascript"},
		"aligned tables wear no style": {"| a |\n|--:|\n| b |\n", "<td>b</td>", "style"},
		"headings can be linked to":    {"## Set the password\n", `id="set-the-password"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := string(render(c.markdown).HTML)
			if !strings.Contains(got, c.has) || c.lacks != "" && strings.Contains(got, c.lacks) {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestHeadingsAndWordsOfAPage(t *testing.T) {
	t.Parallel()
	got := render("## One `two`\n\nThree\nfour, [five](/x).\n\n### Six\n\n#### Seven\n\n```sh\ncurl x\n```\n")
	want := []heading{{2, "one-two", "One two"}, {3, "six", "Six"}}
	if diff := cmp.Diff(want, got.Headings); diff != "" {
		t.Error(diff)
	}
	if want := "One two Three four, five. Six Seven curl x"; got.Text != want {
		t.Errorf("the words are %q, want %q", got.Text, want)
	}
}

func TestPagesOfOneNameAndOfOtherGroups(t *testing.T) {
	t.Parallel()
	b := newBook(Deps{
		Config: config.Config{PublicURL: &url.URL{Scheme: "http", Host: "localhost:8080"}},
		Reference: func() []Page {
			return []Page{
				{Slug: "z", Group: "Login", Order: 2}, {Slug: "welcome", Group: "Login"}, {Slug: "y", Group: "Me"}, {Slug: "x", Group: "Login", Order: 1},
			}
		},
	}, nil)
	var got []string
	for _, g := range b.in(english).Groups[1:] {
		for _, c := range g.Chapters {
			got = append(got, g.Title+"/"+c.Slug)
		}
	}
	if diff := cmp.Diff([]string{"Login/x", "Login/z", "Me/y"}, got); diff != "" {
		t.Error(diff)
	}
	if b.bySlug["welcome"].Group != guides || b.in(english).Chapters[0].Slug != "welcome" {
		t.Error("a page of the reference took the place of a guide")
	}
	if c := b.bySlug["z"]; c.Before.Slug != "x" || c.After.Slug != "y" {
		t.Errorf("z stands between %s and %s", c.Before.Slug, c.After.Slug)
	}
}
