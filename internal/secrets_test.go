package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fmt asks no method of an unexported field, so that a secret in one would be printed, and
// encoding/json asks none of the key of a map.
func TestNoSecretHidesInAnUnexportedField(t *testing.T) {
	t.Parallel()
	fields := 0
	for path, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			if m, ok := n.(*ast.MapType); ok && isSecret(m.Key) {
				t.Errorf("%s: a map has secrets for keys, and encoding/json would show them", path)
			}
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

// inPlainSight are the comparisons of secrets that may end at the first difference, since
// whoever could measure them has, or knows, both sides.
var inPlainSight = map[string]string{
	"auth/token.go: strings.HasPrefix(secret, prefix)":                                               "the prefix is in the documents",
	"auth/inputs.go: password.Normalize(string(secret)) != password.Normalize(string(confirmation))": "the caller gave both sides",
	"store/reseal.go: bytes.Equal(was, value)":                                                       "both are sealed",
	"store/audit_verify.go: bytes.Equal(mac, head.MAC)":                                              "an operator gives one side at a command, and may read the other",
	"store/row.go: tag == tagTrue":                                                                   "a tag is the kind of a value",
	"store/row.go: tag == tagInt":                                                                    "a tag is the kind of a value",
	"store/row.go: tag == tagText":                                                                   "a tag is the kind of a value",
	"locale/resolve.go: c != code[i]":                                                                "the code is that of a language",
	"transfer/photos.go: bytes.Equal(got, body)":                                                     "photos, compared by an operator's command",
	"transfer/restore.go: bytes.Equal(there, body)":                                                  "photos, compared by an operator's command",
	"authtest/client_answer.go: got != code":                                                         "the code is that of an answer",
}

// A comparison that ends at the first difference tells by its time how much of a guess was
// right. So secrets are compared by crypto/subtle, or by a row that is found by their hash.
func TestSecretsAreComparedInConstantTime(t *testing.T) {
	t.Parallel()
	seen, constant := map[string]bool{}, 0
	for path, file := range sources(t) {
		for _, c := range comparisons(file) {
			where := strings.TrimPrefix(path, "../") + ": " + c
			if inPlainSight[where] == "" {
				t.Errorf("%s: compare it by crypto/subtle, or say why nobody can measure it", where)
			}
			seen[where] = true
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && called(call) == "subtle.ConstantTimeCompare" {
				constant++
			}
			return true
		})
	}
	for where := range inPlainSight {
		if !seen[where] {
			t.Errorf("there is no comparison any more in %s", where)
		}
	}
	if constant < 5 {
		t.Errorf("only %d comparisons are by crypto/subtle: they were not found", constant)
	}
}

func TestACarelessComparisonIsSeen(t *testing.T) {
	t.Parallel()
	const source = `package p
		var a = hash == hashSecret(given)
		var b = string(u.PasswordHash) != other
		var c = bytes.Equal(x, y)
		var d = strings.EqualFold(x, in.Token)
		var fine = secret == "" || token != nil || len(secret) != 3 || size == 4 || err == nil`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"hash == hashSecret(given)", "string(u.PasswordHash) != other", "bytes.Equal(x, y)", "strings.EqualFold(x, in.Token)"}
	if diff := cmp.Diff(want, comparisons(file)); diff != "" {
		t.Errorf("other comparisons are seen (-want +got):\n%s", diff)
	}
}

// ofSecrets is how what is secret is called.
var ofSecrets = regexp.MustCompile(`(?i)(secret|token|password|passwd|digest|mac|hash|tag|signature|checksum|challenge|code|confirmation|plain|pin)s?$`)

// comparisons are those in a file that end at the first difference, and may be of secrets:
// by their names, or since they are of bytes.
func comparisons(file *ast.File) (list []string) {
	isConstant := func(x ast.Expr) bool { return isLiteral(x) || isOfPackage(file, x) }
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if (n.Op == token.EQL || n.Op == token.NEQ) && !isConstant(n.X) && !isConstant(n.Y) && (isOfSecret(n.X) || isOfSecret(n.Y)) {
				list = append(list, types.ExprString(n))
			}
		case *ast.CallExpr:
			switch called(n) {
			case "bytes.Equal", "bytes.Compare", "reflect.DeepEqual":
				list = append(list, types.ExprString(n))
			case "strings.Compare", "strings.EqualFold", "strings.HasPrefix", "strings.HasSuffix", "slices.Equal", "slices.Contains":
				if slices.ContainsFunc(n.Args, isOfSecret) && !slices.ContainsFunc(n.Args, isConstant) {
					list = append(list, types.ExprString(n))
				}
			}
		}
		return true
	})
	return list
}

// called is a function of a package, as it is called.
func called(call *ast.CallExpr) string {
	if s, ok := call.Fun.(*ast.SelectorExpr); ok {
		return types.ExprString(s)
	}
	return ""
}

func isLiteral(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		return x.Name == "nil" || x.Name == "true" || x.Name == "false"
	}
	return false
}

// isOfPackage tells whether something is what another package exports: its constants.
func isOfPackage(file *ast.File, x ast.Expr) bool {
	s, ok := x.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	of, ok := s.X.(*ast.Ident)
	return ok && slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool {
		return i.Name != nil && i.Name.Name == of.Name || strings.Contains(strings.ReplaceAll(i.Path.Value, "-go", ""), "/"+of.Name)
	})
}

// isOfSecret goes by the name of a variable, a member or a function, through conversions.
func isOfSecret(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return ofSecrets.MatchString(x.Name)
	case *ast.SelectorExpr:
		return ofSecrets.MatchString(x.Sel.Name)
	case *ast.IndexExpr:
		return isOfSecret(x.X)
	case *ast.SliceExpr:
		return isOfSecret(x.X)
	case *ast.ParenExpr:
		return isOfSecret(x.X)
	case *ast.CallExpr:
		return isOfSecret(x.Fun) || types.ExprString(x.Fun) != "len" && slices.ContainsFunc(x.Args, isOfSecret)
	}
	return false
}
