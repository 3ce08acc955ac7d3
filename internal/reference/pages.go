package reference

import (
	"fmt"
	"slices"
	"strings"

	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/form"
	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/web"
)

// Pages writes a page on each operation: what it does, what it takes, how to ask for
// it in three languages, and every answer that it can give. Behind them comes a page on
// each code of a refusal. They follow from the same tables as OpenAPI does.
func Pages(cfg config.Config, catalogue *locale.Catalog) ([]web.Page, error) {
	d := newDocument(cfg, catalogue)
	var pages []web.Page
	for i, r := range api.Routes() {
		text, err := d.page(r)
		if err != nil {
			return nil, fmt.Errorf("write the page of %s: %w", r.Operation, err)
		}
		pages = append(pages, web.Page{
			Slug: slug(r), Title: r.Method + " " + r.Path, Group: string(r.Tag), Order: i + 1,
			Summary: r.Summary, Markdown: text,
		})
	}
	codes, err := d.errorPages()
	if err != nil {
		return nil, err
	}
	return append(pages, codes...), nil
}

// slug turns POST /auth/login into post-auth-login, which no guide is called.
func slug(r api.Route) string {
	return strings.ToLower(r.Method) + strings.ReplaceAll(r.Path, "/", "-")
}

func (d *document) page(r api.Route) (string, error) {
	samples, err := d.sampleSection(r)
	if err != nil {
		return "", err
	}
	answers, err := d.answerSection(r)
	if err != nil {
		return "", err
	}
	parts := []string{d.opening(r), d.fill(notes(r.Operation)), d.limitSection(r), d.requestSection(r), samples, answers}
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	return strings.Join(parts, "\n\n") + "\n", nil
}

// opening tells what is asked by whom with what.
func (d *document) opening(r api.Route) string {
	who := "Open to everybody."
	if r.Access == api.Bearer {
		who = "Needs a token: `Authorization: Bearer <token>`."
	}
	line := fmt.Sprintf("```http\n%s %s%s%s\n```\n\n%s", r.Method, d.cfg.PublicURL, api.Prefix, r.Path, who)
	if r.Method == methodGet {
		line += " `HEAD` gives the headers alone."
	}
	return line
}

func (d *document) limitSection(r api.Route) string {
	limits := d.limits(r)
	if limits == "" {
		return "## Limits\n\nNone."
	}
	return "## Limits\n\n" + limits + "\n\nPast a limit the answer is 429 `TOO_MANY_REQUESTS` with `Retry-After`. " +
		"`RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` tell the tightest limit that the request met" + quotaNote(r)
}

// quotaNote ends the sentence about what is left of a limit.
func quotaNote(r api.Route) string {
	if slices.ContainsFunc(r.AllLimits(), func(l api.Limit) bool { return strings.HasPrefix(string(l), "LoginPer") }) {
		return ", and those of failed logins where one is past alone: what is left of them would tell who has an account."
	}
	return "."
}

func (d *document) requestSection(r api.Route) string {
	const head = "## Request\n\n"
	switch {
	case r.Upload:
		return head + d.fill("`multipart/form-data`, up to {upload_size} in all.\n\n| Part | Required | Holds |\n|---|---|---|\n"+
			"| `"+api.PhotoField+"` | yes | "+photoNotes+" |")
	case r.Body() == nil:
		return head + "No body."
	}
	rows := []string{"| Member | Type | Required | Rules |", "|---|---|---|---|"}
	for _, f := range r.Body().Fields() {
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s | %s |", f.Name, typeText(f), requiredText(f), ruleText(f)))
	}
	return head + d.fill("`application/json`, up to {body_size}.\n\n") + strings.Join(rows, "\n")
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
func (d *document) answerSection(r api.Route) (string, error) {
	rows := []string{"| Code | Status | When | What a client does |", "|---|---|---|---|"}
	var shown []string
	for _, a := range statusesOf(r) {
		rows = append(rows, a.rows()...)
		examples, err := d.answerExamples(r, a)
		if err != nil {
			return "", err
		}
		shown = append(shown, examples...)
	}
	return "## Answers\n\n" + strings.Join(rows, "\n") + "\n\n" + strings.Join(shown, "\n\n"), nil
}

// rows are those of the table of codes.
func (s answers) rows() []string {
	var all []string
	for _, o := range s.successes {
		all = append(all, fmt.Sprintf("| `%s` | %d | %s | Goes on. |", o.Outcome, s.status, outcomeMeaning(o.Outcome)))
	}
	for _, e := range s.errors {
		m := meaningOf(e)
		all = append(all, fmt.Sprintf("| %s | %d | %s | %s |", linkedCode(e), s.status, m.when, m.then))
	}
	return all
}

// answerExamples shows an answer of each code, and of each form that it can have.
func (d *document) answerExamples(r api.Route, a answers) ([]string, error) {
	examples, err := d.examples.all(r, a, english)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, e := range examples {
		section, err := e.section(a.status)
		if err != nil {
			return nil, err
		}
		all = append(all, section)
	}
	return all, nil
}

func (n named) section(status int) (string, error) {
	text, err := toJSON(n.value)
	if err != nil {
		return "", fmt.Errorf("example of %s: %w", n.code, err)
	}
	title := fmt.Sprintf("### %d `%s`\n\n", status, n.code)
	if n.summary != "" {
		title += n.summary + ".\n\n"
	}
	return title + "```json\n" + strings.TrimSpace(string(text)) + "\n```", nil
}
