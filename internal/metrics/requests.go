package metrics

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/api"
)

// other stands for what is in no list.
const other = "other"

// requests counts what is asked of the API and the pages. What a request needs is found
// in maps that are made once.
type requests struct {
	total    *prometheus.CounterVec
	took     *prometheus.HistogramVec
	refusals *prometheus.CounterVec
	inFlight prometheus.Gauge

	routes map[routeKey]route
	codes  map[string]prometheus.Counter // of refusals
	status map[int]string
}

type routeKey struct{ method, name string }

// route is the counts of one method of one route. No series is there before it is used.
type route struct {
	total *prometheus.CounterVec // by code
	took  prometheus.ObserverVec // by nothing more
}

func newRequests() *requests {
	r := &requests{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "flowxi_http_requests_total", Help: "Requests that were answered, by route, method and status.",
		}, []string{"route", "method", "code"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "flowxi_http_request_duration_seconds", Help: "Time from the headers of a request to the end of its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "method"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "flowxi_refusals_total", Help: "Answers of the API that are no success, by their stable code.",
		}, []string{"code"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "flowxi_http_requests_in_flight", Help: "Requests that are being answered.",
		}),
		routes: make(map[routeKey]route), codes: make(map[string]prometheus.Counter), status: make(map[int]string),
	}
	for _, name := range append(api.RouteNames(), other) {
		for _, method := range api.Methods() {
			r.routes[routeKey{method, name}] = r.curry(routeKey{method, name})
		}
	}
	for _, e := range account.Errors() {
		r.codes[e.Code] = r.refusals.WithLabelValues(e.Code)
	}
	for status := http.StatusOK; status < 600; status++ {
		if http.StatusText(status) != "" {
			r.status[status] = strconv.Itoa(status)
		}
	}
	return r
}

func (r *requests) curry(k routeKey) route {
	name := k.name
	if name == "none" {
		name = other
	}
	labels := prometheus.Labels{"route": name, "method": k.method}
	return route{total: r.total.MustCurryWith(labels), took: r.took.MustCurryWith(labels)}
}

// Answered counts a request.
func (m *Metrics) Answered(a api.Answered) {
	r := m.requests
	counts, known := r.routes[routeKey{a.Method, a.Route}]
	if !known {
		counts = r.routes[routeKey{other, other}]
	}
	status, known := r.status[a.Status]
	if !known {
		status = other
	}
	counts.total.WithLabelValues(status).Inc()
	counts.took.WithLabelValues().Observe(a.Took.Seconds())
	if code, refused := r.codes[a.Code]; refused {
		code.Inc()
	}
}

// Begun counts a request that has come, until Ended is called.
func (m *Metrics) Begun() { m.requests.inFlight.Inc() }

// Ended is called once for each Begun.
func (m *Metrics) Ended() { m.requests.inFlight.Dec() }
