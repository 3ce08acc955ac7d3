package mail

import (
	"strings"
	"testing"
)

func TestFold(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", columns+10)
	for _, tt := range []struct{ name, text, want string }{
		{"short lines", "a b\n\nc\n", "a b\n\nc\n"},
		{"just fits", strings.Repeat("é ", columns/2-1) + "éé\n", strings.Repeat("é ", columns/2-1) + "éé\n"},
		{"one too many", strings.Repeat("é ", columns/2) + "é\n", strings.TrimSpace(strings.Repeat("é ", columns/2)) + "\né\n"},
		{"a hard space", strings.Repeat("a", columns-2) + " b\u00a0:\n", strings.Repeat("a", columns-2) + "\nb\u00a0:\n"},
		{"a word that is too long", long + "\n", long + "\n"},
		{"words around it", "a " + long + " b\n", "a\n" + long + "\nb\n"},
		{"no line end", "a", "a\n"},
		{"nothing", "", ""},
	} {
		if got := fold(tt.text); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
