package reference

import (
	"fmt"
	"slices"
	"strings"
)

// goProgram runs as it is.
func (s sample) goProgram() string {
	body, payload := s.goBody()
	lines := append(payload, fmt.Sprintf("req, err := http.NewRequest(%q, %q, %s)", s.method, s.url, body))
	lines = append(lines, goCheck()...)
	if s.bearer {
		lines = append(lines, `req.Header.Set("Authorization", "Bearer "+os.Getenv("TOKEN"))`)
	}
	if s.upload {
		lines = append(lines, `req.Header.Set("Content-Type", form.FormDataContentType())`)
	}
	for i := 0; i < len(s.head); i += 2 {
		lines = append(lines, fmt.Sprintf("req.Header.Set(%q, %q)", s.head[i], s.head[i+1]))
	}
	lines = append(lines, "resp, err := http.DefaultClient.Do(req)")
	lines = append(lines, goCheck()...)
	lines = append(lines, "defer resp.Body.Close()", "answer, err := io.ReadAll(resp.Body)")
	lines = append(lines, goCheck()...)
	lines = append(lines, "fmt.Println(resp.Status, string(answer))")
	return "package main\n\nimport (\n\t\"" + strings.Join(s.goImports(), "\"\n\t\"") + "\"\n)\n\nfunc main() {\n\t" +
		strings.Join(lines, "\n\t") + "\n}"
}

func goCheck() []string { return []string{"if err != nil {", "\tlog.Fatal(err)", "}"} }

func (s sample) goImports() []string {
	all := []string{"fmt", "io", "log", "net/http"}
	switch {
	case s.upload:
		all = append(all, "bytes", "mime/multipart")
	case s.body != "":
		all = append(all, "strings")
	}
	if s.bearer || s.upload {
		all = append(all, "os")
	}
	slices.Sort(all)
	return all
}

// goBody is the expression of the body, and the lines that make it.
func (s sample) goBody() (expression string, lines []string) {
	switch {
	case s.upload:
		return "&body", goUpload()
	case s.body != "":
		return "body", []string{"body := strings.NewReader(`" + s.body + "`)"}
	}
	return "nil", nil
}

func goUpload() []string {
	lines := []string{`photo, err := os.ReadFile("photo.jpg")`}
	lines = append(lines, goCheck()...)
	lines = append(lines, "var body bytes.Buffer", "form := multipart.NewWriter(&body)", `part, err := form.CreateFormFile("photo", "photo.jpg")`)
	lines = append(lines, goCheck()...)
	lines = append(lines, "if _, err := part.Write(photo); err != nil {", "\tlog.Fatal(err)", "}")
	return append(lines, "if err := form.Close(); err != nil {", "\tlog.Fatal(err)", "}")
}
