package api

import (
	"fmt"
	"net/http"
	"strings"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/form"
	"flowxi.app/flowxi/internal/locale"
)

// Page is one page of the reference.
type Page struct {
	Slug     string // its name in addresses, such as post-auth-login
	Title    string // of the operation, such as POST /auth/login
	Group    string // the tag of the operation
	Order    int    // within the whole reference, from 1 on
	Summary  string // one sentence
	Markdown string // without the title
}

// Reference writes a page on each operation: what it does, what it takes, how to ask
// for it in three languages, and every answer that it can give. It follows from the
// same table as OpenAPI does.
func Reference(cfg config.Config, catalogue *locale.Catalog) []Page {
	d := newDocument(cfg, catalogue)
	var pages []Page
	for i, r := range Routes() {
		pages = append(pages, Page{
			Slug: slug(r), Title: r.Method + " " + r.Path, Group: string(r.Tag), Order: i + 1,
			Summary: r.Summary, Markdown: d.page(r),
		})
	}
	return pages
}

// slug turns POST /auth/login into post-auth-login, which no guide is called.
func slug(r Route) string { return strings.ToLower(r.Method) + strings.ReplaceAll(r.Path, "/", "-") }

func (d *document) page(r Route) string {
	parts := []string{
		d.opening(r), d.fill(notes(r.Operation)), d.limitSection(r), requestSection(r), d.sampleSection(r), d.answerSection(r),
	}
	var filled []string
	for _, p := range parts {
		if p != "" {
			filled = append(filled, p)
		}
	}
	return strings.Join(filled, "\n\n") + "\n"
}

// opening tells what is asked by whom with what.
func (d *document) opening(r Route) string {
	who := "Open to everybody."
	if r.Access == Bearer {
		who = "Needs a token: `Authorization: Bearer <token>`."
	}
	line := fmt.Sprintf("```http\n%s %s%s%s\n```\n\n%s", r.Method, d.cfg.PublicURL, Prefix, r.Path, who)
	if r.Method == http.MethodGet {
		line += " `HEAD` gives the headers alone."
	}
	return line
}

func (d *document) limitSection(r Route) string {
	limits := d.limits(r)
	if limits == "" {
		return "## Limits\n\nNone."
	}
	return "## Limits\n\n" + limits + "\n\nPast a limit the answer is 429 `TOO_MANY_REQUESTS` with `Retry-After`. " +
		"`RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` tell the tightest limit that the request met."
}

func requestSection(r Route) string {
	const head = "## Request\n\n"
	switch {
	case r.Upload:
		return head + "`multipart/form-data`, up to 6 MiB in all.\n\n| Part | Required | Holds |\n|---|---|---|\n" +
			"| `photo` | yes | A JPEG, PNG or WebP file, up to 5 MiB and 40 megapixels. |"
	case r.body == nil:
		return head + "No body."
	}
	rows := []string{"| Member | Type | Required | Rules |", "|---|---|---|---|"}
	for _, f := range r.Body().Fields() {
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s | %s |", f.Name, typeText(f), requiredText(f), ruleText(f)))
	}
	return head + "`application/json`, up to 64 KiB.\n\n" + strings.Join(rows, "\n")
}

func typeText(f form.Field) string {
	if f.Required && f.With == "" {
		return "string"
	}
	return "string or null"
}

func requiredText(f form.Field) string {
	switch {
	case f.Required && f.With != "":
		return "with `" + f.With + "`"
	case f.Required:
		return "yes"
	}
	return "no"
}

func ruleText(f form.Field) string {
	s := f.Rule.Schema
	text := s.Description + "."
	switch {
	case s.MinLength > 0 && s.MinLength == s.MaxLength:
		text += fmt.Sprintf(" %d characters.", s.MaxLength)
	case s.MinLength > 1:
		text += fmt.Sprintf(" %d to %d characters.", s.MinLength, s.MaxLength)
	case s.MaxLength > 0:
		text += fmt.Sprintf(" Up to %d characters.", s.MaxLength)
	}
	if s.Pattern != "" {
		text += " `" + s.Pattern + "`"
	}
	return text
}

// answerSection shows every answer, under a table of all codes.
func (d *document) answerSection(r Route) string {
	rows := []string{"| Code | Status | When | What a client does |", "|---|---|---|---|"}
	var shown []string
	for _, a := range statusesOf(r) {
		for _, s := range a.successes {
			rows = append(rows, fmt.Sprintf("| `%s` | %d | %s | Goes on. |", s.Outcome, a.status, outcomeMeaning(s.Outcome)))
			shown = append(shown, d.successExamples(s)...)
		}
		for _, e := range a.errors {
			m := meaningOf(e)
			rows = append(rows, fmt.Sprintf("| `%s` | %d | %s | %s |", e.Code, a.status, m.when, m.then))
			shown = append(shown, d.refusalExample(r, a, e))
		}
	}
	return "## Answers\n\n" + strings.Join(rows, "\n") + "\n\n" + strings.Join(shown, "\n\n")
}

func (d *document) successExamples(s Success) []string {
	examples, err := d.examples.success(s)
	if err != nil {
		return nil // the tests show each of them
	}
	var all []string
	for _, e := range examples {
		title := fmt.Sprintf("### 200 `%s`", s.Outcome)
		if e.summary != "" {
			title += "\n\n" + e.summary + "."
		}
		all = append(all, title+"\n\n"+fenced("json", e.value))
	}
	return all
}

func (d *document) refusalExample(r Route, a answers, refused account.Error) string {
	e, err := d.examples.refusal(r, refused, english)
	if err != nil {
		return "" // the tests show each of them
	}
	return fmt.Sprintf("### %d `%s`\n\n%s", a.status, refused.Code, fenced("json", e.value))
}

func fenced(language string, tree any) string {
	text, err := toJSON(tree)
	if err != nil {
		return "" // the tests show each of them
	}
	return "```" + language + "\n" + strings.TrimSpace(string(text)) + "\n```"
}
