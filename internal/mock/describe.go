package mock

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"flowxi.app/flowxi/internal/api"
)

// Describe tells a person at a terminal where everything is, and who is there.
func (m *Mock) Describe() string {
	now, running, _ := m.move(clockChange{}) // what stays where it is comes to no time too far away
	at, stands := m.options.URL, "stands still"
	if running {
		stands = "runs"
	}
	var b strings.Builder
	line := func(name, text string) { fmt.Fprintf(&b, "  %-7s %s\n", name, text) }
	fmt.Fprintf(&b, "\n  Flowxi %s, a mock for tests: everything in it is made up, and gone at the end.\n\n", m.options.Version)
	line("API", at+api.Prefix)
	line("Docs", at+"/docs")
	line("Account", at+"/account")
	if m.config.DevInbox() {
		line("Inbox", at+"/dev/inbox")
	}
	line("Tests", at+Path+"/people, "+Path+"/clock, "+Path+"/reset")
	line("Clock", now.Format(time.RFC3339)+", "+stands)
	line("Codes", Code+", in every mail")
	b.WriteString("\n")
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "  E-MAIL\tPASSWORD\tSTATE\tTOTP NOW\tWHO")
	for _, p := range m.People() {
		_, _ = fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\n", p.Email, cmp.Or(p.Password, "-"), p.State, cmp.Or(p.TOTPCode, "-"), p.Who)
	}
	_ = table.Flush() // to a strings.Builder it does not fail
	return b.String() + "\n"
}
