package reference

import (
	"fmt"
	"strings"

	"flowxi.app/flowxi/internal/api"
)

// sample is a request to be written down in some language.
type sample struct {
	method, url string
	body        string // JSON, indented; empty where there is none
	bearer      bool
	upload      bool
	head        []string // name, value, name, value
}

func (d *document) sample(r api.Route) (sample, error) {
	s := sample{method: r.Method, url: d.cfg.PublicURL.String() + api.Prefix + r.Path, bearer: r.Access == api.Bearer, upload: r.Upload}
	if body := r.Body(); body != nil {
		text, err := toJSON(requestExample(body))
		if err != nil {
			return sample{}, fmt.Errorf("example of a request: %w", err)
		}
		s.body = strings.TrimSpace(string(text))
		s.head = append(s.head, "Content-Type", "application/json")
	}
	s.head = append(s.head, "X-App-Locale", string(english))
	return s, nil
}

// sampleSection shows the request in three languages.
func (d *document) sampleSection(r api.Route) (string, error) {
	s, err := d.sample(r)
	if err != nil {
		return "", err
	}
	text := "## Examples\n\n"
	if s.bearer {
		text += "`TOKEN` is an environment variable with the token in it.\n\n"
	}
	if s.upload {
		text += "`photo.jpg` is a file in the current directory.\n\n"
	}
	return text + "### curl\n\n```sh\n" + s.curl() + "\n```\n\n### JavaScript\n\n```js\n" + s.javaScript() +
		"\n```\n\n### Go\n\n```go\n" + s.goProgram() + "\n```", nil
}

func (s sample) curl() string {
	parts := []string{"curl -sS -i"}
	if s.method != methodGet {
		parts[0] += " -X " + s.method
	}
	parts[0] += " " + shellQuote(s.url)
	if s.bearer {
		parts = append(parts, `-H "Authorization: Bearer $TOKEN"`)
	}
	for i := 0; i < len(s.head); i += 2 {
		parts = append(parts, "-H "+shellQuote(s.head[i]+": "+s.head[i+1]))
	}
	if s.upload {
		parts = append(parts, "-F 'photo=@photo.jpg'")
	}
	if s.body != "" {
		parts = append(parts, "-d "+shellQuote(s.body))
	}
	return strings.Join(parts, " \\\n  ")
}

// shellQuote is for a POSIX shell.
func shellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// javaScript runs as it is in Node.js, as a module. In a page the token comes from
// elsewhere.
func (s sample) javaScript() string {
	var b strings.Builder
	if s.upload {
		b.WriteString("import { openAsBlob } from 'node:fs'\n\n" +
			"const form = new FormData()\nform.append('photo', await openAsBlob('photo.jpg'), 'photo.jpg')\n\n")
	}
	fmt.Fprintf(&b, "const response = await fetch('%s', {\n  method: '%s',\n  headers: {\n", s.url, s.method)
	if s.bearer {
		b.WriteString("    Authorization: `Bearer ${process.env.TOKEN}`,\n")
	}
	for i := 0; i < len(s.head); i += 2 {
		fmt.Fprintf(&b, "    '%s': '%s',\n", s.head[i], s.head[i+1])
	}
	b.WriteString("  },\n")
	switch {
	case s.upload:
		b.WriteString("  body: form,\n")
	case s.body != "":
		b.WriteString("  body: JSON.stringify(" + strings.ReplaceAll(s.body, "\n", "\n  ") + "),\n")
	}
	b.WriteString("})\nconst answer = await response.json()\nconsole.log(response.status, answer.code, answer)")
	return b.String()
}
