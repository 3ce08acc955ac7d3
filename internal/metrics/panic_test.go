package metrics

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// A scrape of parts that are missing panics, in a goroutine that nothing else guards.
func TestAPanicInAScrapeIsCountedAndTold(t *testing.T) {
	t.Parallel()
	m := New("test")
	var log bytes.Buffer
	m.Watch(Parts{Log: slog.New(slog.NewTextHandler(&log, nil))})
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	counted := 0.0
	for _, f := range families {
		if f.GetName() == "flowxi_panics_total" {
			counted = f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	if counted == 0 || !strings.Contains(log.String(), "cannot read some of the metrics") || !strings.Contains(log.String(), "parts.go") {
		t.Errorf("%v panics are counted, and the log is %s", counted, log.String())
	}
}
