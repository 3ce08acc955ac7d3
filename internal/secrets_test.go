package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// fmt asks no method of an unexported field, so that a secret in one would be printed.
func TestNoSecretHidesInAnUnexportedField(t *testing.T) {
	t.Parallel()
	fields := 0
	for path, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.StructType); ok {
				for _, f := range s.Fields.List {
					if !isSecret(f.Type) {
						continue
					}
					fields++
					for _, name := range f.Names {
						if !name.IsExported() {
							t.Errorf("%s: the field %s holds a secret, and fmt would show it: export it", path, name)
						}
					}
				}
			}
			return true
		})
	}
	if fields < 10 {
		t.Errorf("only %d fields hold a secret: they were not found", fields)
	}
}

func isSecret(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.SelectorExpr:
		return x.Sel.Name == "Secret"
	case *ast.Ident:
		return x.Name == "Secret"
	}
	return false
}

// sources are the files of the product, by path.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	all := map[string]*ast.File{}
	for _, root := range []string{".", "../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			all[path] = file
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}
