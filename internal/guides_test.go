package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// carried are the papers for those who carry the house on.
func carried(t *testing.T) []string {
	t.Helper()
	decisions, err := filepath.Glob("../docs/decisions/*.md")
	if err != nil || len(decisions) < 11 {
		t.Fatalf("found the decisions %v, %v", decisions, err)
	}
	return append(decisions, "../docs/architecture.md", "../CONTRIBUTING.md")
}

// place is a file or folder with a slash in it, or a symbol of the file that was named last.
var place = regexp.MustCompile(`^([\w.-]+(?:/[\w.-]+)+)?(?:#(\w+))?$`)

func TestTheGuidesNameWhatIsThere(t *testing.T) {
	t.Parallel()
	for _, paper := range carried(t) {
		named, file := 0, ""
		for _, n := range names(read(t, paper)) {
			if n.isTest() {
				n.find(t, paper)
				continue
			}
			m := place.FindStringSubmatch(n.text)
			if m == nil || n.text == "" || strings.Contains(strings.SplitN(m[1], "/", 2)[0], ".") || strings.HasPrefix(m[1], "net/") || strings.HasPrefix(m[1], "dist/") {
				continue // a package of others, a header, a sum, what a test leaves
			}
			named++
			if m[1] != "" {
				file = m[1]
			}
			findPlace(t, paper, file, m[2])
		}
		if strings.HasSuffix(paper, "architecture.md") && named < 60 {
			t.Errorf("%s names only %d places", paper, named)
		}
		for _, target := range links(read(t, paper)) {
			path, _, _ := strings.Cut(target, "#")
			if _, err := os.Stat(filepath.Join(filepath.Dir(paper), path)); err != nil {
				t.Errorf("%s links to %s: %v", paper, target, err)
			}
		}
	}
}

func findPlace(t *testing.T, paper, file, symbol string) {
	t.Helper()
	path := filepath.Join("..", filepath.FromSlash(file))
	if _, err := os.Stat(path); err != nil {
		t.Errorf("%s: there is no %s", paper, file)
		return
	}
	if symbol != "" && !slices.Contains(declared(t, path), symbol) {
		t.Errorf("%s: %s declares no %s", paper, file, symbol)
	}
}

// declared are the functions, types, values, methods and fields that a file makes.
func declared(t *testing.T, path string) (list []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			list = append(list, n.Name.Name)
		case *ast.TypeSpec:
			list = append(list, n.Name.Name)
		case *ast.ValueSpec:
			list = append(list, identifiers(n.Names)...)
		case *ast.Field:
			list = append(list, identifiers(n.Names)...)
		}
		return true
	})
	return list
}

func identifiers(of []*ast.Ident) (list []string) {
	for _, id := range of {
		list = append(list, id.Name)
	}
	return list
}

// outside are the packages that the picture leaves out: those that only tests use.
func outside(name string, mayKnow []string) bool {
	return mayKnow == nil || name == "internal" || strings.HasSuffix(name, "test") ||
		slices.Contains([]string{"internal/backing", "internal/backing/mailsink", "internal/canary", "internal/silence", "internal/alerts", "internal/password/internal/mklist", "clients/ts", "examples/web"}, name)
}

// In the picture each package stands above all that it may know.
func TestThePictureOfThePackagesIsTrue(t *testing.T) {
	t.Parallel()
	_, picture, begun := strings.Cut(read(t, "../docs/architecture.md"), "<!-- layers -->")
	picture, _, ended := strings.Cut(picture, "<!-- end of layers -->")
	if !begun || !ended {
		t.Fatal("there is no picture")
	}
	layer := make(map[string]int)
	for i, line := range strings.Split(picture, "\n") {
		left, _, drawn := strings.Cut(line, "|")
		if !drawn {
			continue
		}
		for name := range strings.FieldsSeq(left) {
			if !strings.HasPrefix(name, "cmd/") && !slices.Contains([]string{"client", "flowxi.app/flowxi"}, name) {
				name = "internal/" + name
			}
			if layer[name] != 0 {
				t.Errorf("%s stands there twice", name)
			}
			if _, known := mayImport[name]; !known {
				t.Errorf("there is no package %s", name)
			}
			layer[name] = i
		}
	}
	for name, mayKnow := range mayImport {
		if outside(name, mayKnow) {
			continue
		}
		if layer[name] == 0 {
			t.Errorf("%s is not in the picture", name)
		}
		for _, other := range mayKnow {
			if layer[other] <= layer[name] {
				t.Errorf("%s may know %s, which does not stand below it", name, other)
			}
		}
	}
}
