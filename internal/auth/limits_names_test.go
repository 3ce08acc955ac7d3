package auth

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// namesOfRules collects the names of all rules of the product out of its sources. A name
// is a text, or a text and what the callers of the function around it give first.
func namesOfRules(t *testing.T) map[string]bool {
	t.Helper()
	names, prefixes, functions := map[string]bool{}, map[string]string{}, functionsOfTheProduct(t)
	for _, f := range functions {
		for _, rule := range rulesIn(f) {
			switch name := field(rule, "Name").(type) {
			case *ast.BasicLit:
				names[text(t, name)] = true
			case *ast.BinaryExpr:
				prefixes[f.Name.Name] = text(t, name.X)
			default:
				t.Errorf("%s makes a rule whose name cannot be read here", f.Name.Name)
			}
		}
	}
	for _, f := range functions {
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if maker, ok := call.Fun.(*ast.Ident); ok && prefixes[maker.Name] != "" {
					names[prefixes[maker.Name]+text(t, call.Args[0])] = true
				}
			}
			return true
		})
	}
	return names
}

func functionsOfTheProduct(t *testing.T) (all []*ast.FuncDecl) {
	t.Helper()
	paths, err := filepath.Glob("../*/*.go")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d sources, %v", len(paths), err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				all = append(all, f)
			}
		}
	}
	return all
}

// rulesIn finds the rules that a function makes, one by one or in a list.
func rulesIn(f *ast.FuncDecl) (rules []*ast.CompositeLit) {
	ast.Inspect(f, func(n ast.Node) bool {
		made, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		if isRule(made.Type) {
			rules = append(rules, made)
		}
		if list, ok := made.Type.(*ast.ArrayType); ok && isRule(list.Elt) {
			for _, one := range made.Elts {
				if one, ok := one.(*ast.CompositeLit); ok {
					rules = append(rules, one)
				}
			}
		}
		return true
	})
	return rules
}

func isRule(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != "Rule" {
		return false
	}
	pkg, ok := s.X.(*ast.Ident)
	return ok && pkg.Name == "ratelimit"
}

func field(made *ast.CompositeLit, name string) ast.Expr {
	for _, e := range made.Elts {
		if pair, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok && key.Name == name {
				return pair.Value
			}
		}
	}
	return nil
}

func text(t *testing.T, e ast.Expr) string {
	t.Helper()
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		t.Fatalf("part of the name of a rule is no text, but %T", e)
	}
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
