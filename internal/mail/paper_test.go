package mail_test

import (
	"os"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/locale"
)

const paper = "../../docs/operations/mails.md"

func TestTheDocumentListsAllMails(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(paper)
	if err != nil {
		t.Fatal(err)
	}
	var rows, want []string
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, " | "); strings.HasPrefix(line, "| `") && len(cells) == 4 {
			rows = append(rows, cells[0]+" | "+cells[1])
		}
	}
	for _, kind := range kinds {
		subject := func(l account.Locale) string { return render(t, kind, l, sample(kind)).Subject }
		want = append(want, "| `"+string(kind)+"` | "+subject(locale.Default)+" · "+subject("en"))
	}
	if got, want := strings.Join(rows, "\n"), strings.Join(want, "\n"); got != want {
		t.Errorf("%s lists\n%s\nwant\n%s", paper, got, want)
	}
}
