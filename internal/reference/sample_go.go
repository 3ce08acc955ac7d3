package reference

import (
	"errors"
	"fmt"
	"go/format"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"flowxi.app/flowxi/client"
	"flowxi.app/flowxi/internal/form"
)

// goProgram is written with the Go client, and runs as it is.
func (s sample) goProgram() (string, error) {
	arguments, err := s.goArguments()
	if err != nil {
		return "", err
	}
	lines := []string{fmt.Sprintf("c, err := client.New(%q, client.Options{Locale: %q})", s.address, english)}
	lines = append(lines, goCheck()...)
	if s.bearer {
		lines = append(lines, `c = c.WithToken(client.Secret(os.Getenv("TOKEN")))`)
	}
	if s.upload {
		lines = append(lines, `photo, err := os.Open("photo.jpg")`)
		lines = append(lines, goCheck()...)
		lines = append(lines, "defer photo.Close()")
	}
	lines = append(lines, fmt.Sprintf("answer, err := c.%s(%s)", s.goMethod(), arguments))
	lines = append(lines, goCheck()...)
	lines = append(lines, s.goPrint()...)
	text, err := format.Source([]byte("package main\n\nimport (\n" + strings.Join(s.goImports(), "\n") + "\n)\n\nfunc main() {\n" +
		strings.Join(lines, "\n") + "\n}"))
	if err != nil {
		return "", fmt.Errorf("write Go: %w", err)
	}
	return strings.TrimSuffix(string(text), "\n"), nil
}

func goCheck() []string { return []string{"if err != nil {", "log.Fatal(err)", "}"} }

// goMethod is the operation as Go exports it.
func (s sample) goMethod() string { return strings.ToUpper(s.operation[:1]) + s.operation[1:] }

func (s sample) goImports() []string {
	all := []string{`"context"`, `"fmt"`, `"log"`}
	if s.bearer || s.upload {
		all = append(all, `"os"`)
	}
	return append(all, "", `"flowxi.app/flowxi/client"`)
}

// goPrint tells what came of it; a login comes in two forms.
func (s sample) goPrint() []string {
	if s.operation == "login" {
		return []string{
			"if answer.Challenged != nil {", "fmt.Println(answer.Challenged.Code, answer.Challenged.Message)", "return", "}",
			"fmt.Println(answer.LoggedIn.Code, answer.LoggedIn.Message)",
		}
	}
	return []string{"fmt.Println(answer.Code, answer.Message)"}
}

// goArguments are those of the method, whose type tells what they are called in Go.
func (s sample) goArguments() (string, error) {
	const ctx = "context.Background()"
	method, ok := reflect.TypeFor[*client.Client]().MethodByName(s.goMethod())
	switch {
	case !ok:
		return "", errors.New("the Go client has no method " + s.goMethod())
	case s.upload:
		return ctx + ", photo", nil
	case len(s.fields) == 0:
		return ctx, nil
	}
	in := method.Type.In(method.Type.NumIn() - 1)
	return ctx + ", " + s.goLiteral(in), nil
}

// goLiteral writes a struct of the client with the examples of the fields in it.
func (s sample) goLiteral(t reflect.Type) string {
	var b strings.Builder
	for _, f := range reflect.VisibleFields(t) {
		if value := s.goValue(f); value != "" && len(f.Index) == 1 {
			b.WriteString(f.Name + ": " + value + ",\n")
		}
	}
	return "client." + t.Name() + "{\n" + b.String() + "}"
}

// goValue is the example of a field, empty where the request has no such field.
func (s sample) goValue(f reflect.StructField) string {
	if f.Anonymous {
		return s.goLiteral(f.Type)
	}
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	i := slices.IndexFunc(s.fields, func(of form.Field) bool { return of.Name == name })
	if i < 0 {
		return ""
	}
	text := strconv.Quote(fieldExample(s.fields[i]))
	if f.Type == reflect.TypeFor[client.Optional]() {
		return "client.Set(" + text + ")"
	}
	return text
}
