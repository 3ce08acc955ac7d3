package client_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"os"
	"regexp"
	"strings"
	"testing"

	"flowxi.app/flowxi/internal/account"
)

var update = flag.Bool("update", false, "rewrite codes.go")

// TestTheCodesAreThoseOfTheServer holds codes.go to the catalogue of the server, and its
// comments to the OpenAPI document. With -update it writes the file.
func TestTheCodesAreThoseOfTheServer(t *testing.T) {
	t.Parallel()
	want := codes(t)
	if *update {
		if err := os.WriteFile("codes.go", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("codes.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("codes.go is not what the server's catalogue of codes makes of it: go generate ./client")
	}
}

func codes(t *testing.T) []byte {
	t.Helper()
	meanings := meanings(t)
	var b bytes.Buffer
	b.WriteString("// Code generated from internal/account and docs/openapi.yaml by the tests of this package; DO NOT EDIT.\n\npackage client\n\n")
	b.WriteString("//go:generate go test -run TestTheCodesAreThoseOfTheServer -update .\n\n")
	b.WriteString("// Why a request was refused.\nconst (\n")
	for _, e := range account.Errors() {
		constant(t, &b, "Code", e.Code, meanings)
	}
	b.WriteString(")\n\n// What became of a request that succeeded.\nconst (\n")
	for _, o := range account.Outcomes() {
		constant(t, &b, "Outcome", string(o), meanings)
	}
	b.WriteString(")\n")
	made, err := format.Source(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func constant(t *testing.T, b *bytes.Buffer, kind, code string, meanings map[string]string) {
	t.Helper()
	meaning := meanings[code]
	if meaning == "" {
		t.Errorf("the document does not say what %s means", code)
	}
	name := kind + goName(code)
	fmt.Fprintf(b, "// %s: %s\n%s %s = %q\n\n", name, lowerFirst(meaning), name, kind, code)
}

// meanings reads what each code means, as the document tells it of every answer.
func meanings(t *testing.T) map[string]string {
	t.Helper()
	list := map[string]string{}
	said := regexp.MustCompile("(?m)`([A-Z0-9_]+)`: (.+?)$")
	walk(document(t), func(name string, value any) {
		text, ok := value.(string)
		if name != "description" || !ok {
			return
		}
		for _, m := range said.FindAllStringSubmatch(text, -1) {
			list[m[1]] = m[2]
		}
	})
	return list
}

func walk(node any, visit func(name string, value any)) {
	switch node := node.(type) {
	case map[string]any:
		for name, value := range node {
			visit(name, value)
			walk(value, visit)
		}
	case []any:
		for _, value := range node {
			walk(value, visit)
		}
	}
}

// goName is a code as Go would write it.
func goName(code string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(code, "_") {
		switch word {
		case "OTP", "HTTPS", "OK":
			b.WriteString(word)
		case "TWOFA":
			b.WriteString("TwoFA")
		default:
			b.WriteString(word[:1] + strings.ToLower(word[1:]))
		}
	}
	return b.String()
}

func lowerFirst(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToLower(text[:1]) + text[1:]
}
