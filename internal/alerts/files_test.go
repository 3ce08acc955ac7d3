package alerts_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"flowxi.app/flowxi/internal/backing"
)

// The files, from the root of the project.
const (
	rulesFile     = "deploy/prometheus/flowxi.rules.yaml"
	triesFile     = "deploy/prometheus/flowxi.rules.test.yaml"
	dashboardFile = "deploy/grafana/flowxi.json"
	runbooks      = "docs/operations/runbooks/"
)

// rule is one of Prometheus: an alert, or what is recorded.
type rule struct {
	Alert       string            `yaml:"alert"`
	Record      string            `yaml:"record"`
	Expr        string            `yaml:"expr"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(backing.Root(), filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func rules(t *testing.T) (list []rule) {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []rule }
	}
	if err := yaml.Unmarshal([]byte(read(t, rulesFile)), &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		list = append(list, g.Rules...)
	}
	if len(list) < 30 {
		t.Fatalf("%s has %d rules", rulesFile, len(list))
	}
	return list
}

func alerts(t *testing.T) (list []rule) {
	t.Helper()
	for _, r := range rules(t) {
		if r.Alert != "" {
			list = append(list, r)
		}
	}
	return list
}

// panel is one of the dashboard.
type panel struct {
	Type, Title, Description string
	Targets                  []struct{ Expr, LegendFormat string }
	Options                  struct{ TextMode string }
	Datasource               struct{ UID string }
	FieldConfig              struct {
		Defaults struct {
			Mappings []struct {
				Options map[string]struct{ Text string }
			}
		}
	}
}

func panels(t *testing.T) (list []panel) {
	t.Helper()
	var file struct{ Panels []panel }
	if err := json.Unmarshal([]byte(read(t, dashboardFile)), &file); err != nil {
		t.Fatal(err)
	}
	for _, p := range file.Panels {
		if p.Type != "row" {
			list = append(list, p)
		}
	}
	if len(list) < 20 {
		t.Fatalf("%s has %d panels", dashboardFile, len(list))
	}
	return list
}

// filled is an expression of the dashboard as Grafana sends it.
func filled(expr string) string {
	return strings.NewReplacer("$instance", ".*", "$__rate_interval", "1m").Replace(expr)
}

func TestEachAlertSaysWhatAPersonNeeds(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, a := range alerts(t) {
		if seen[a.Alert] || !strings.HasPrefix(a.Alert, "Flowxi") {
			t.Errorf("the name %s is another's, or could be", a.Alert)
		}
		seen[a.Alert] = true
		if s := a.Labels["severity"]; s != "page" && s != "ticket" {
			t.Errorf("%s has the severity %q", a.Alert, s)
		}
		for _, name := range []string{"summary", "description"} {
			if !strings.HasSuffix(a.Annotations[name], ".") {
				t.Errorf("the %s of %s is no sentence: %q", name, a.Alert, a.Annotations[name])
			}
		}
		expectRunbook(t, a)
	}
	expectNoOtherRunbook(t, seen)
}

// parts are those of every section of a runbook.
var parts = []string{"**For people.**", "**Look first.**", "**Mend.**", "**Wake somebody.**", "**Walked.**"}

// section is that of an alert in the runbooks, empty where it has none.
func section(t *testing.T, a rule) string {
	t.Helper()
	page, anchor, found := strings.Cut(strings.TrimPrefix(a.Annotations["runbook_url"], runbooks), "#")
	if !found || anchor != strings.ToLower(a.Alert) {
		t.Errorf("the runbook of %s is %q", a.Alert, a.Annotations["runbook_url"])
		return ""
	}
	_, text, found := strings.Cut(read(t, runbooks+page), "\n## "+a.Alert+"\n")
	if !found {
		t.Errorf("%s has no section ## %s", page, a.Alert)
		return ""
	}
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

func expectRunbook(t *testing.T, a rule) {
	t.Helper()
	text := section(t, a)
	for _, part := range parts {
		if strings.Count(text, part) != 1 {
			t.Errorf("the runbook of %s has not one part %s", a.Alert, part)
		}
	}
}

func expectNoOtherRunbook(t *testing.T, known map[string]bool) {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(backing.Root(), filepath.FromSlash(runbooks), "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, page := range pages {
		text := read(t, runbooks+filepath.Base(page))
		for _, heading := range regexp.MustCompile(`(?m)^## (Flowxi\w+)$`).FindAllStringSubmatch(text, -1) {
			if !known[heading[1]] {
				t.Errorf("%s is about %s, which no rule raises", filepath.Base(page), heading[1])
			}
		}
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)[^)]*\)`).FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), link[1])); err != nil {
				t.Errorf("%s links to what is not there: %v", filepath.Base(page), err)
			}
		}
	}
}

// The tries themselves are run by promtool, in scripts/lint-deploy.
func TestEachAlertIsTriedBothWays(t *testing.T) {
	t.Parallel()
	var file struct {
		Tests []struct {
			Name string
			Each []struct {
				Samples []struct{ Labels string } `yaml:"exp_samples"`
			} `yaml:"promql_expr_test"`
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, triesFile)), &file); err != nil {
		t.Fatal(err)
	}
	fires, quiet := map[string]bool{}, map[string]bool{}
	for _, test := range file.Tests {
		alert, _, _ := strings.Cut(test.Name, " ")
		for _, each := range test.Each {
			found := false
			for _, s := range each.Samples {
				found = found || strings.Contains(s.Labels, `"`+alert+`"`)
			}
			fires[alert], quiet[alert] = fires[alert] || found, quiet[alert] || !found
		}
	}
	for _, a := range alerts(t) {
		if !fires[a.Alert] || !quiet[a.Alert] {
			t.Errorf("of %s a test sees that it fires: %v, that it does not: %v", a.Alert, fires[a.Alert], quiet[a.Alert])
		}
	}
}

// What is up or not is said in words, and the right ones; what has a name, with it.
func TestPanelsSayWhatAnswers(t *testing.T) {
	t.Parallel()
	said := 0
	for _, p := range panels(t) {
		if p.Type != "stat" {
			continue
		}
		if p.Targets[0].LegendFormat != "" && p.Options.TextMode != "value_and_name" {
			t.Errorf("the panel %q does not say of what its figure is", p.Title)
		}
		if !strings.Contains(p.Targets[0].Expr, "_up{") {
			continue
		}
		said++
		words := p.FieldConfig.Defaults.Mappings
		if len(words) != 1 || words[0].Options["0"].Text != "away" || words[0].Options["1"].Text != "answers" {
			t.Errorf("the panel %q says %v", p.Title, words)
		}
	}
	if said != 2 {
		t.Errorf("%d panels say what is up, want those of the database and of Redis", said)
	}
}

func TestEachPanelSaysWhatItShows(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, a := range alerts(t) {
		known[a.Alert] = true
	}
	shown := map[string]bool{}
	for _, p := range panels(t) {
		if p.Title == "" || !strings.HasSuffix(p.Description, ".") || len(p.Targets) == 0 {
			t.Errorf("the panel %q says %q and shows %d things", p.Title, p.Description, len(p.Targets))
		}
		if p.Datasource.UID != "${datasource}" {
			t.Errorf("the panel %q asks %q, want the one that is chosen", p.Title, p.Datasource.UID)
		}
		for _, name := range regexp.MustCompile(`Flowxi\w+`).FindAllString(p.Description, -1) {
			if !known[name] {
				t.Errorf("the panel %q names %s, which no rule raises", p.Title, name)
			}
			shown[name] = true
		}
	}
	for name := range known {
		// A restart is seen on every panel of its node, an internal error in the log alone.
		if !shown[name] && name != "FlowxiNodeRestarts" && name != "FlowxiInternalErrors" {
			t.Errorf("no panel shows what %s is about", name)
		}
	}
}
