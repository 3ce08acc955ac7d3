package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// name is what a row of a paper has in backticks: a file, with or without a symbol that
// stands in it, a test, or an attempt of internal/attack.
type name struct {
	text    string
	file    string
	symbol  string
	pkg     string // of a test
	test    string
	attempt string
}

var (
	backticked = regexp.MustCompile("`([^`]*)`")
	ofFile     = regexp.MustCompile(`^([\w./-]+\.?\w*)(?:#(\w+))?$`)
	ofTest     = regexp.MustCompile(`^([\w./-]+) ((?:Test|Fuzz)\w+)$`)
	ofAttempt  = regexp.MustCompile(`^internal/attack: (.+)$`)
)

// names are those of a text, in their order.
func names(text string) (list []name) {
	for _, m := range backticked.FindAllStringSubmatch(text, -1) {
		n := name{text: m[1]}
		if a := ofAttempt.FindStringSubmatch(n.text); a != nil {
			n.attempt = a[1]
		} else if s := ofTest.FindStringSubmatch(n.text); s != nil {
			n.pkg, n.test = s[1], s[2]
		} else if f := ofFile.FindStringSubmatch(n.text); f != nil {
			n.file, n.symbol = f[1], f[2]
		}
		list = append(list, n)
	}
	return list
}

func (n name) isTest() bool { return n.test != "" || n.attempt != "" }

// find fails the test where there is no such thing.
func (n name) find(t *testing.T, where string) {
	t.Helper()
	switch {
	case n.attempt != "":
		if !slices.Contains(attempts(), n.attempt) {
			t.Errorf("%s: internal/attack tries nothing called %q", where, n.attempt)
		}
	case n.test != "":
		if !slices.Contains(testsOf(n.pkg), n.test) {
			t.Errorf("%s: there is no test %s in %s", where, n.test, n.pkg)
		}
	case n.file != "":
		n.findFile(t, where)
	default:
		t.Errorf("%s: `%s` is neither a file nor a test", where, n.text)
	}
}

func (n name) findFile(t *testing.T, where string) {
	t.Helper()
	path := filepath.Join("..", filepath.FromSlash(n.file))
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		t.Errorf("%s: there is no file %s", where, n.file)
		return
	}
	if n.symbol != "" && !regexp.MustCompile(`\b`+regexp.QuoteMeta(n.symbol)+`\b`).MatchString(read(t, path)) {
		t.Errorf("%s: %s has no %s", where, n.file, n.symbol)
	}
}

var testFiles sync.Map // []*ast.File by package

// filesOf parses the tests of a package. One that is not there has none.
func filesOf(pkg string) []*ast.File {
	if files, ok := testFiles.Load(pkg); ok {
		return files.([]*ast.File)
	}
	var files []*ast.File
	paths, _ := filepath.Glob(filepath.Join("..", filepath.FromSlash(pkg), "*_test.go")) // the pattern is a good one
	for _, path := range paths {
		if file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution); err == nil {
			files = append(files, file)
		}
	}
	testFiles.Store(pkg, files)
	return files
}

func testsOf(pkg string) (list []string) {
	for _, file := range filesOf(pkg) {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name != "TestMain" {
				list = append(list, f.Name.Name)
			}
		}
	}
	return list
}

// attempts are the sentences of what internal/attack tries.
func attempts() (list []string) {
	for _, file := range filesOf("internal/attack") {
		ast.Inspect(file, func(n ast.Node) bool {
			pair, ok := n.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			key, named := pair.Key.(*ast.Ident)
			value, written := pair.Value.(*ast.BasicLit)
			if named && written && key.Name == "try" {
				if sentence, err := strconv.Unquote(value.Value); err == nil {
					list = append(list, sentence)
				}
			}
			return true
		})
	}
	return list
}
