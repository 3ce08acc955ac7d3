package reference

import (
	"fmt"
	"slices"
	"strings"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/web"
)

// errorsGuide is the page that lists all codes, and stands for theirs in the sidebar.
const errorsGuide = "errors"

// ErrorsTable is a Markdown table of every code that is not a success, in the order
// of the contract: its status, its message in English and in French, and what a
// client does about it.
func ErrorsTable(catalogue *locale.Catalog) string {
	return errorsTable(catalogue, func(e account.Error) string { return "`" + e.Code + "`" })
}

// ErrorsIndex is ErrorsTable with a link to the page of each code. In French it has what
// there is in French: the status and the message.
func ErrorsIndex(catalogue *locale.Catalog, l account.Locale) string {
	if l != french {
		return errorsTable(catalogue, linkedCode)
	}
	rows := []string{"| Code | Statut | Message |", "|---|---|---|"}
	for _, e := range account.Errors() {
		rows = append(rows, fmt.Sprintf("| %s | %d | %s |", linkedCode(e), api.StatusOf(e.Kind), catalogue.Code(french, e.Code)))
	}
	return strings.Join(rows, "\n") + "\n"
}

// linkedCode leads to what there is to know of a code.
func linkedCode(e account.Error) string {
	return fmt.Sprintf("[`%s`](/docs/%s/%s)", e.Code, errorsGuide, e.Code)
}

func errorsTable(catalogue *locale.Catalog, name func(account.Error) string) string {
	rows := []string{"| Code | Status | When | English | French | What a client does |", "|---|---|---|---|---|---|"}
	for _, e := range account.Errors() {
		m := meaningOf(e)
		rows = append(rows, fmt.Sprintf("| %s | %d | %s | %s | %s | %s |",
			name(e), api.StatusOf(e.Kind), m.when, catalogue.Code(english, e.Code), catalogue.Code(french, e.Code), m.then))
	}
	return strings.Join(rows, "\n") + "\n"
}

// errorPages writes a page on each code: when it is answered, by what, with which words,
// and what a client does then.
func (d *document) errorPages() ([]web.Page, error) {
	var pages []web.Page
	for i, e := range account.Errors() {
		text, err := d.errorPage(e)
		if err != nil {
			return nil, fmt.Errorf("write the page of %s: %w", e.Code, err)
		}
		pages = append(pages, web.Page{
			Slug: errorsGuide + "/" + e.Code, Title: e.Code, Group: "Error codes", Under: errorsGuide, Order: i + 1,
			Summary: strings.ReplaceAll(meaningOf(e).when, "`", ""), Markdown: text,
		})
	}
	return pages, nil
}

func (d *document) errorPage(e account.Error) (string, error) {
	answering := routesOf(e)
	envelopes, err := d.envelopes(e, answering)
	if err != nil {
		return "", err
	}
	parts := []string{
		fmt.Sprintf("Status **%d**. It is one of [all codes](/docs/%s#every-code).", api.StatusOf(e.Kind), errorsGuide),
		"## What a client does\n\n" + meaningOf(e).then,
		"## Answer\n\n" + envelopes + headersOf(e),
		"## Operations\n\n" + operationList(answering),
	}
	return strings.Join(parts, "\n\n") + "\n", nil
}

// routesOf are those that answer with that code.
func routesOf(e account.Error) []api.Route {
	return slices.DeleteFunc(api.Routes(), func(r api.Route) bool { return !slices.Contains(r.AllErrors(), e) })
}

// envelopes shows the answer in both languages, of the first operation that gives it.
func (d *document) envelopes(e account.Error, answering []api.Route) (string, error) {
	var r api.Route // that of no operation, where none answers so
	if len(answering) > 0 {
		r = answering[0]
	}
	var shown []string
	for _, l := range []account.Locale{english, french} {
		n, err := d.examples.refusal(r, e, l)
		if err != nil {
			return "", err
		}
		text, err := toJSON(n.value)
		if err != nil {
			return "", err
		}
		shown = append(shown, languageName(l)+":\n\n```json\n"+strings.TrimSpace(string(text))+"\n```")
	}
	return strings.Join(shown, "\n\n"), nil
}

func languageName(l account.Locale) string {
	if l == french {
		return "In French"
	}
	return "In English"
}

// headersOf names the headers that come with a code and with few others.
func headersOf(e account.Error) string {
	switch e.Kind {
	case account.ErrUnauthenticated.Kind:
		return "\n\n`WWW-Authenticate: Bearer` comes with it."
	case account.ErrTooManyRequests.Kind, account.ErrServiceUnavailable.Kind:
		return "\n\n`Retry-After` comes with it, in seconds."
	case account.ErrMethodNotAllowed.Kind:
		return "\n\n`Allow` comes with it, and lists the methods that there are."
	}
	return ""
}

// operationList links to those that answer with a code, or says that it is none of them.
func operationList(answering []api.Route) string {
	switch len(answering) {
	case 0:
		return "No operation answers so: it is said before one is found, or elsewhere."
	case len(api.Routes()):
		return "Every operation may answer so."
	}
	var lines []string
	for _, r := range answering {
		lines = append(lines, fmt.Sprintf("- [%s %s](/docs/%s): %s", r.Method, r.Path, slug(r), lowerFirst(r.Summary)))
	}
	return strings.Join(lines, "\n")
}

func lowerFirst(text string) string { return strings.ToLower(text[:1]) + text[1:] }
