package config_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"flowxi.app/flowxi/internal/config"
)

var update = flag.Bool("update", false, "write docs/config.md anew")

func TestThePageOfSettingsIsTrue(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "docs", "config.md")
	want := page(config.Table())
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/config.md differs from the settings (go test ./internal/config -update writes it anew):\n%s", diff)
	}
}

func page(table []config.Setting) string {
	var b strings.Builder
	b.WriteString("<!-- Derived from internal/config by its tests; edit config.go and run: go test ./internal/config -update -->\n")
	b.WriteString("# Settings\n\n")
	b.WriteString("Flowxi reads its settings from the environment. None of them is needed on one machine. ")
	b.WriteString("Wrong and unknown settings stop the start with exit code 2 and a line for each, which says what is allowed; an empty one counts as not set. What is wrong within keys, or within the address of a bucket or another service, is told when that is opened. ")
	b.WriteString("Durations are written as in `90s`, `10m`, `1h30m`. Values marked secret are shown nowhere.\n")
	b.WriteString("\n## Whom to trust\n\n")
	b.WriteString("PostgreSQL (with `sslmode=verify-full`), Redis (`rediss://`), S3, mail and collectors of traces (`https://`) have to show a certificate of an authority that the system knows. ")
	b.WriteString("For an authority of your own, `SSL_CERT_FILE` names a file of its certificates in PEM, and `SSL_CERT_DIR` folders of such files with a colon between them; the server reads them at its start. ")
	b.WriteString("One of the two alone adds to what the system has in the other place; with both set, nobody else is trusted.\n")
	for _, s := range table {
		fmt.Fprintf(&b, "\n## `%s`\n\n%s\n\n", s.Name, s.Doc)
		fmt.Fprintf(&b, "- Allowed: %s\n- Default: %s\n", escape(s.Allowed), preset(s))
		if s.Secret {
			b.WriteString("- Secret\n")
		}
	}
	return b.String()
}

func preset(s config.Setting) string {
	if s.Default == "" {
		return "none"
	}
	return "`" + s.Default + "`"
}

// escape keeps angle brackets and braces from being read as markup.
func escape(text string) string {
	return strings.NewReplacer("<", "&lt;", ">", "&gt;", "*", `\*`).Replace(text)
}
