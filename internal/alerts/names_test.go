package alerts_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

// selector is a name in an expression, with the labels that it is to have.
type selector struct{ name, labels string }

var (
	ofSelector = regexp.MustCompile(`\b((?:job:)?(?:flowxi|process|go)_[a-z0-9_:]+)(?:\{([^}]*)\})?`)
	ofMatcher  = regexp.MustCompile(`(\w+)(=~|!=|!~|=)"([^"]*)"`)
	ofGrouping = regexp.MustCompile(`\b(?:by|on|without|ignoring)\s*\(([^)]*)\)`)
)

func selectors(expr string) (list []selector) {
	for _, m := range ofSelector.FindAllStringSubmatch(expr, -1) {
		list = append(list, selector{m[1], m[2]})
	}
	return list
}

// told is what servers have told of themselves, by name.
type told map[string][]*dto.Metric

func (w told) add(families map[string]*dto.MetricFamily) {
	for name, f := range families {
		names := []string{name}
		if f.GetType() == dto.MetricType_HISTOGRAM {
			names = []string{name + "_bucket", name + "_sum", name + "_count"}
		}
		for _, n := range names {
			w[n] = append(w[n], f.GetMetric()...)
		}
	}
}

// ofPrometheus are the labels that a server does not give itself.
var ofPrometheus = []string{"job", "instance", "le", "alertname"}

// own is a label as the server has it: Prometheus renames one that would hide its own.
func own(label string) string { return strings.TrimPrefix(label, "exported_") }

// values are those that a label of a metric has had.
func (w told) values(name, label string) (list []string) {
	for _, m := range w[name] {
		for _, l := range m.GetLabel() {
			if l.GetName() == own(label) {
				list = append(list, l.GetValue())
			}
		}
	}
	return list
}

// wrong is what an expression names that no server tells of.
func (w told) wrong(expr string, recorded map[string]bool) (list []string) {
	for _, s := range selectors(expr) {
		if recorded[s.name] {
			continue
		}
		if w[s.name] == nil {
			list = append(list, "no server tells of "+s.name)
			continue
		}
		for _, m := range ofMatcher.FindAllStringSubmatch(s.labels, -1) {
			if !w.has(s.name, m[1], m[2], m[3]) {
				list = append(list, fmt.Sprintf("%s has never had a %s that is %q", s.name, m[1], m[3]))
			}
		}
	}
	for _, m := range ofGrouping.FindAllStringSubmatch(expr, -1) {
		for label := range strings.SplitSeq(m[1], ",") {
			if label = strings.TrimSpace(label); !w.known(expr, label) {
				list = append(list, "nothing in it has a label "+label)
			}
		}
	}
	return list
}

// has tells whether a metric has had a label that a matcher is about.
func (w told) has(name, label, operator, value string) bool {
	if slices.Contains(ofPrometheus, label) {
		return true
	}
	pattern := regexp.QuoteMeta(value)
	if strings.HasSuffix(operator, "~") {
		pattern = value
	}
	return slices.ContainsFunc(w.values(name, label), regexp.MustCompile("^(?:"+pattern+")$").MatchString)
}

// known tells whether something in an expression has a label.
func (w told) known(expr, label string) bool {
	return slices.Contains(ofPrometheus, label) ||
		slices.ContainsFunc(selectors(expr), func(s selector) bool { return len(w.values(s.name, label)) > 0 })
}

func TestWhatNoServerTellsIsFound(t *testing.T) {
	t.Parallel()
	w := told{"flowxi_mails_total": {{Label: []*dto.LabelPair{{Name: new("result"), Value: new("sent")}}}}}
	for expr, want := range map[string]int{
		`sum by (job, result) (rate(flowxi_mails_total{result=~"sent|dropped",instance="a"}[5m])) / job:flowxi_mails:rate5m`: 0,
		`flowxi_mails`:                              1,
		`flowxi_mails_total{result="send"}`:         1,
		`flowxi_mails_total{outcome!="sent"}`:       1,
		`sum by (outcome) (flowxi_mails_total)`:     1,
		`job:flowxi_mails:rate1m and flowxi_mail{}`: 2,
	} {
		if got := w.wrong(expr, map[string]bool{"job:flowxi_mails:rate5m": true}); len(got) != want {
			t.Errorf("of %s it says %q", expr, got)
		}
	}
}
