package internal_test

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// foretold are the members of node.Options and of what it hands on that make a server whose
// codes are known, with those who may name them: the mock, and who passes on what it says.
var foretold = map[string][]string{
	"Chance":       {"auth/auth.go", "auth/chance.go", "node/node.go", "mock/"},
	"LocalOrigins": {"api/api.go", "node/node.go", "mock/"},
}

// No setting and no other command leads to codes that are known beforehand.
func TestOnlyTheMockForetellsWhatNobodyMayGuess(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for path, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			name, ok := n.(*ast.Ident)
			if !ok || foretold[name.Name] == nil {
				return true
			}
			seen[name.Name] = true
			if !slices.ContainsFunc(foretold[name.Name], func(p string) bool { return strings.HasPrefix(path, p) }) {
				t.Errorf("%s speaks of %s, which is for flowxi mock alone", path, name.Name)
			}
			return true
		})
		for _, i := range file.Imports {
			ours := strings.HasPrefix(path, "mock/") || strings.HasSuffix(path, "cmd/flowxi/mock.go")
			if i.Path.Value == `"`+module+`internal/mock"` && !ours {
				t.Errorf("%s imports the mock, which is for its own command alone", path)
			}
			seen[i.Path.Value] = true
		}
	}
	for _, name := range []string{"Chance", "LocalOrigins", `"` + module + `internal/mock"`} {
		if !seen[name] {
			t.Errorf("nobody speaks of %s any more: this test looks at nothing", name)
		}
	}
}
