package mail

import (
	"strings"
	"unicode/utf8"
)

// columns is how wide the lines of a text are: as wide as a quoted line may still be at 78
// (RFC 5322 section 2.1.1).
const columns = 76

// fold breaks lines that are too long at spaces, not at hard ones, and leaves what has
// none, such as a link, in one piece.
func fold(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		used := 0
		for i, word := range strings.Split(strings.TrimSuffix(line, "\n"), " ") {
			n := utf8.RuneCountInString(word)
			switch {
			case i == 0:
			case used+1+n > columns:
				b.WriteByte('\n')
				used = 0
			default:
				b.WriteByte(' ')
				used++
			}
			b.WriteString(word)
			used += n
		}
		b.WriteByte('\n')
	}
	return b.String()
}
