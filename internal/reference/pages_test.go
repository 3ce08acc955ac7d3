package reference

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/format"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/api"
	"flowxi.app/flowxi/internal/ratelimit"
	"flowxi.app/flowxi/internal/web"
)

func pages(t testing.TB) []web.Page {
	t.Helper()
	cfg, catalogue := usual(t)
	all, err := Pages(cfg, catalogue)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryRouteHasAPage(t *testing.T) {
	t.Parallel()
	all := pages(t)
	if want := len(api.Routes()) + len(account.Errors()); len(all) != want {
		t.Fatalf("%d pages for %d routes and codes", len(all), want)
	}
	slugs := make(map[string]bool)
	for i, r := range api.Routes() {
		p := all[i]
		if slugs[p.Slug] {
			t.Errorf("two pages are called %s", p.Slug)
		}
		slugs[p.Slug] = true
		if p.Title != r.Method+" "+r.Path || p.Group != string(r.Tag) || p.Summary == "" {
			t.Errorf("the page of %s is %q in %q: %q", r.Operation, p.Title, p.Group, p.Summary)
		}
	}
}

func TestAPageTellsEverything(t *testing.T) {
	t.Parallel()
	all := pages(t)
	for i, r := range api.Routes() {
		p := all[i]
		wanted := []string{"http://localhost:8080" + api.Prefix + r.Path, "## Limits", "## Request", "### curl", "### TypeScript", "### Go", "## Answers"}
		for _, s := range r.Successes {
			wanted = append(wanted, "### 200 `"+string(s.Outcome)+"`")
		}
		for _, e := range r.AllErrors() {
			wanted = append(wanted, " `"+e.Code+"`\n\n```json\n{\n  \"message\":")
		}
		if r.Body() != nil {
			for _, f := range r.Body().Fields() {
				wanted = append(wanted, "| `"+f.Name+"` |", `"`+f.Name+`": "`)
			}
		}
		for _, w := range wanted {
			if !strings.Contains(p.Markdown, w) {
				t.Errorf("the page of %s lacks %q", r.Operation, w)
			}
		}
		if strings.ContainsAny(p.Markdown, "{}") && strings.Contains(p.Markdown, "_ttl}") {
			t.Errorf("the page of %s has a gap that was not filled", r.Operation)
		}
	}
}

func TestACodeHasAPageThatLeadsBack(t *testing.T) {
	t.Parallel()
	all := pages(t)
	_, catalogue := usual(t)
	for i, e := range account.Errors() {
		p := all[len(api.Routes())+i]
		wanted := []string{fmt.Sprintf("**%d**", api.StatusOf(e.Kind)), meaningOf(e).then, catalogue.Code("en", e.Code), catalogue.Code("fr", e.Code)}
		if want := strings.ReplaceAll(meaningOf(e).when, "`", ""); p.Summary != want {
			t.Errorf("the page of %s begins with %q, want %q", e.Code, p.Summary, want)
		}
		answering := 0
		for j, r := range api.Routes() {
			if slices.Contains(r.AllErrors(), e) {
				answering++
				wanted = append(wanted, "](/docs/"+all[j].Slug+")")
				if !strings.Contains(all[j].Markdown, "](/docs/"+p.Slug+")") {
					t.Errorf("the page of %s does not lead to %s", r.Operation, p.Slug)
				}
			}
		}
		if answering == len(api.Routes()) {
			wanted = append(wanted[:4], "Every operation")
		}
		for _, w := range wanted {
			if !strings.Contains(p.Markdown, w) {
				t.Errorf("the page of %s lacks %q", e.Code, w)
			}
		}
	}
}

func TestEveryLimitIsTold(t *testing.T) {
	t.Parallel()
	cfg, _ := usual(t)
	cfg.Limits.PhotoPerPerson = ratelimit.Rates{{Limit: 7, Per: time.Hour}}
	for l, wanted := range map[account.Locale][]string{
		english: {"7 an hour", "5 a minute, 20 an hour", "10 in 10 minutes"},
		french:  {"7 par heure", "5 par minute, 20 par heure", "10 en 10 minutes", "10 par jour"},
	} {
		table := LimitsTable(cfg, l)
		limits := reflect.TypeOf(cfg.Limits)
		for i := range limits.NumField() {
			f := limits.Field(i)
			if !strings.Contains(table, "`"+f.Tag.Get("env")+"`") || countedBy(f, l) == "" {
				t.Errorf("nothing is said of %s in %s", f.Name, l)
			}
		}
		for _, want := range wanted {
			if !strings.Contains(table, want) {
				t.Errorf("the table lacks %q:\n%s", want, table)
			}
		}
		off := cfg
		off.RateLimits = false
		if strings.Contains(LimitsTable(off, l), wanted[0]) {
			t.Errorf("a limit that is off is told in %s", l)
		}
	}
}

// The words in French are of limits that there are, and no English is left among them.
func TestTheLimitsAreToldInFrench(t *testing.T) {
	t.Parallel()
	cfg, _ := usual(t)
	limits := reflect.TypeOf(cfg.Limits)
	told := slices.Collect(maps.Keys(limitsInFrench))
	for name := range consequences {
		told = append(told, name)
	}
	for _, name := range told {
		if _, ok := limits.FieldByName(name); !ok {
			t.Errorf("there is no limit %s", name)
		}
	}
	english := regexp.MustCompile(`(?i)\b(the|of|for|with|from|an|in|is|no)\b`)
	prose := regexp.MustCompile("`[^`]*`").ReplaceAllString(LimitsTable(cfg, french), "")
	if found := english.FindAllString(prose, -1); len(found) > 0 {
		t.Errorf("it has the words %q", found)
	}
}

func TestTheCodesAreListedInFrench(t *testing.T) {
	t.Parallel()
	_, catalogue := usual(t)
	table := ErrorsIndex(catalogue, french)
	for _, e := range account.Errors() {
		row := fmt.Sprintf("| [`%s`](/docs/errors/%s) | %d | %s |\n", e.Code, e.Code, api.StatusOf(e.Kind), catalogue.Code(french, e.Code))
		if !strings.Contains(table, row) {
			t.Errorf("the table lacks %s", row)
		}
	}
	if rows := strings.Count(table, "\n"); rows != len(account.Errors())+2 {
		t.Errorf("it has %d lines", rows)
	}
}

func TestNothingIsLeftUnexplained(t *testing.T) {
	t.Parallel()
	for _, r := range api.Routes() {
		if notes(r.Operation) == "" || tagText(r.Tag) == "" {
			t.Errorf("%s or its group %q is not explained: notes.go does it", r.Operation, r.Tag)
		}
	}
	for _, e := range account.Errors() {
		if m := meaningOf(e); m.when == "" || m.then == "" {
			t.Errorf("%s is not explained: meanings in meaning.go does it", e.Code)
		}
	}
	for _, o := range account.Outcomes() {
		if outcomeMeaning(o) == "" {
			t.Errorf("%s is not explained: outcomeMeaning in meaning.go does it", o)
		}
	}
}

// sources are the examples of one language.
func sources(t *testing.T, language string) []string {
	t.Helper()
	var all []string
	for _, p := range pages(t)[:len(api.Routes())] {
		_, after, ok := strings.Cut(p.Markdown, "```"+language+"\n")
		source, _, closed := strings.Cut(after, "\n```")
		if !ok || !closed {
			t.Fatalf("%s has no example in %s", p.Title, language)
		}
		all = append(all, source)
	}
	return all
}

func TestTheGoExamplesCompile(t *testing.T) {
	t.Parallel()
	files := token.NewFileSet()
	check := types.Config{Importer: importer.ForCompiler(files, "source", nil)}
	for _, source := range sources(t, "go") {
		source += "\n" // that before the fence
		if formatted, err := format.Source([]byte(source)); err != nil || string(formatted) != source {
			t.Errorf("not as gofmt has it: %v\n%s", err, source)
			continue
		}
		f, err := parser.ParseFile(files, "main.go", source, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := check.Check("main", files, []*ast.File{f}, nil); err != nil {
			t.Errorf("%v\n%s", err, source)
		}
	}
}

func TestTheShellReadsTheExamplesAsTheyAreMeant(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell here")
	}
	for i, source := range sources(t, "sh") {
		r := api.Routes()[i]
		out, err := exec.Command(shell, "-c", `curl() { for word; do printf '%s\n' "$word"; done; }; TOKEN=secret; `+source).Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", r.Operation, err, source)
		}
		words := strings.Split(string(out), "\n")
		wanted := []string{"http://localhost:8080" + api.Prefix + r.Path, "X-App-Locale: en"}
		if r.Access == api.Bearer {
			wanted = append(wanted, "Authorization: Bearer secret")
		}
		for _, w := range wanted {
			if !slices.Contains(words, w) {
				t.Errorf("%s: no word %q among %q", r.Operation, w, words)
			}
		}
		if r.Body() == nil {
			continue
		}
		_, body, _ := strings.Cut(string(out), "-d\n")
		if !json.Valid([]byte(body)) {
			t.Errorf("%s: the body is %q", r.Operation, body)
		}
	}
}

func TestThePageOfErrorsIsTrue(t *testing.T) {
	t.Parallel()
	_, catalogue := usual(t)
	golden(t, "errors.md", "<!-- Derived from internal/reference by its tests; edit the catalogues of codes and messages and run: go test ./internal/reference -update -->\n"+
		"# Errors\n\nEvery answer has a `message` for the person and a `code` for the program. These are the codes of what did not succeed.\n\n"+
		ErrorsTable(catalogue))
}

// BenchmarkPages measures what the first reader of a server waits for.
func BenchmarkPages(b *testing.B) {
	for b.Loop() {
		pages(b)
	}
}
