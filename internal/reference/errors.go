package reference

import (
	"fmt"
	"strings"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/locale"
)

// ErrorsTable is a Markdown table of every code that is not a success, in the order
// of the contract: its status, its message in English and in French, and what a
// client does about it.
func ErrorsTable(catalogue *locale.Catalog) string {
	rows := []string{"| Code | Status | When | English | French | What a client does |", "|---|---|---|---|---|---|"}
	for _, e := range account.Errors() {
		m := meaningOf(e)
		rows = append(rows, fmt.Sprintf("| `%s` | %d | %s | %s | %s | %s |",
			e.Code, api.StatusOf(e.Kind), m.when, catalogue.Code(english, e.Code), catalogue.Code(french, e.Code), m.then))
	}
	return strings.Join(rows, "\n") + "\n"
}
