package reference

import (
	"fmt"
	"strings"

	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/form"
)

// sample is a request to be written down in some language.
type sample struct {
	method, url string
	body        string // JSON, indented; empty where there is none
	bearer      bool
	upload      bool
	head        []string // name, value, name, value

	address   string // of the server, as clients take it
	operation string
	fields    []form.Field
}

func (d *document) sample(r api.Route) (sample, error) {
	s := sample{method: r.Method, url: d.cfg.PublicURL.String() + api.Prefix + r.Path, bearer: r.Access == api.Bearer, upload: r.Upload}
	s.address, s.operation = d.cfg.PublicURL.String(), r.Operation
	if body := r.Body(); body != nil {
		text, err := toJSON(requestExample(body))
		if err != nil {
			return sample{}, fmt.Errorf("example of a request: %w", err)
		}
		s.body = strings.TrimSpace(string(text))
		s.head = append(s.head, "Content-Type", "application/json")
		s.fields = body.Fields()
	}
	s.head = append(s.head, "X-App-Locale", string(english))
	return s, nil
}

// sampleSection shows the request in three languages: by itself, and by the two clients.
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
	program, err := s.goProgram()
	if err != nil {
		return "", err
	}
	return text + "### curl\n\n```sh\n" + s.curl() + "\n```\n\n### TypeScript\n\n```ts\n" + s.typeScript() +
		"\n```\n\n### Go\n\n```go\n" + program + "\n```\n\nTypeScript and Go are written with [the clients](/docs/clients).", nil
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
