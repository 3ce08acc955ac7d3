package internal_test

import (
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// outlets are what opens a way out for lines of a log, and who may: the log is made in one
// place, of one stream (docs/security/inventory.md, Logs). Traces are held by onlyIn.
var outlets = map[string][]string{
	"os.Stderr":           {"cmd/flowxi/main.go"},
	"os.Stdout":           {"cmd/flowxi/main.go"}, // for what commands print
	"slog.NewJSONHandler": {"cmd/flowxi/log.go"},
	"tint.NewTextHandler": {"cmd/flowxi/log.go"},
	"slog.SetDefault":     {"cmd/flowxi/serve.go"},
	"slog.NewTextHandler": nil,
	"tint.NewHandler":     nil,
	"log.New":             nil,
	"log.Default":         nil,
	"log.SetOutput":       nil,
	"log.Print":           nil,
	"log.Printf":          nil,
	"log.Println":         nil,
	"log.Fatal":           nil,
	"log.Fatalf":          nil,
	"fmt.Print":           nil,
	"fmt.Printf":          nil,
	"fmt.Println":         nil,
	"syslog.Dial":         nil,
	"syslog.New":          nil,
	"println":             nil,
	"print":               nil,
}

func TestLogsGoOnlyWhereTheInventorySays(t *testing.T) {
	t.Parallel()
	got := map[string][]string{}
	for path, file := range sources(t) {
		path = strings.TrimPrefix(path, "../")
		if slices.ContainsFunc(append(ofTests, "password/internal/mklist/"), func(p string) bool { return strings.HasPrefix(path, p) }) {
			continue
		}
		for name := range outletsIn(file) {
			got[name] = append(got[name], path)
		}
	}
	want := maps.Clone(outlets)
	maps.DeleteFunc(want, func(_ string, places []string) bool { return places == nil })
	for _, places := range got {
		slices.Sort(places)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a log has a way out that the inventory does not tell of (-allowed +found):\n%s", diff)
	}
}

// outletsIn are the outlets that a file names.
func outletsIn(file *ast.File) map[string]bool {
	found := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		name := ""
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && imports(file, x.Name) {
				name = x.Name + "." + n.Sel.Name
			}
		case *ast.CallExpr:
			if x, ok := n.Fun.(*ast.Ident); ok {
				name = x.Name
			}
		}
		if _, ok := outlets[name]; ok {
			found[name] = true
		}
		return true
	})
	return found
}

// imports tells whether a name is that of a package in the file, and not of a variable.
func imports(file *ast.File, name string) bool {
	return slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool {
		path := strings.Trim(i.Path.Value, `"`)
		return i.Name == nil && path[strings.LastIndexByte(path, '/')+1:] == name
	})
}
