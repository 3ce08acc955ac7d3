// Package metrics counts what a node does, in the terms of Prometheus: names and units by
// its conventions, and a registry of its own.
//
// Its one rule: every label has its values from a fixed list of this program's own. None
// tells of a person, an address, a token or anything else that a client has sent.
package metrics

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"flowxi.app/flowxi/internal/store"
)

// Metrics is the counts of one node. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	requests *requests
	queries  [2]prometheus.Observer // by store.Work
}

// New returns counts that are all zero. Version is of the program.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), requests: newRequests()}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "flowxi_build_info", Help: "Always 1; its labels tell the version of the program and of Go.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "flowxi_database_work_duration_seconds",
		Help:    "Time of work for the database: a read is one statement, a write is a transaction with all its tries.",
		Buckets: []float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5, 10},
	}, []string{"kind"})
	m.queries[store.Read], m.queries[store.Write] = took.WithLabelValues("read"), took.WithLabelValues("write")
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		build, took, m.requests.total, m.requests.took, m.requests.refusals, m.requests.inFlight,
	)
	return m
}

// WatchReady has every scrape ask whether the node takes requests, which it may not do yet
// or not any more. It is called once, before there are parts to ask.
func (m *Metrics) WatchReady(ready func() bool) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "flowxi_ready", Help: "Whether the node takes requests, 1 or 0, as /readyz tells.",
	}, func() float64 { return oneIf(ready()) }))
}

// Gatherer is what a scrape reads.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Worked counts work for the database.
func (m *Metrics) Worked(kind store.Work, took time.Duration) {
	m.queries[kind].Observe(took.Seconds())
}
