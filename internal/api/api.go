// Package api is Flowxi over HTTP: it reads requests, calls the verbs of package
// auth, and writes their answers (contract sections 1 to 3 and 5 to 12).
//
// Its one rule: what can be asked stands in one table (Routes), and every answer
// leaves by one function, so that no answer lacks what all of them must have.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/rs/cors"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/auth"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/locale"
	"flowxi.app/flowxi/internal/trace"
)

// Prefix is the base path of all routes (contract, preamble).
const Prefix = "/api/v1"

// Deps is what the API works with. Auth, Catalog, Config, Log, Version and Now are
// required.
type Deps struct {
	Auth    *auth.Auth
	Catalog *locale.Catalog
	Config  config.Config
	Log     *slog.Logger
	Version string // of the program, told by the health check
	Now     func() time.Time

	// Ended ends the work for all requests, where the server stops and they have had their
	// time. Nil is never.
	Ended context.Context

	Uploads *Uploads // of this node

	// Observe is told of every request once it is answered, from many goroutines. Where
	// it is nil nobody asks.
	Observe func(Answered)

	// Tracer makes a span of every request, and of what is done for it. The zero value
	// makes none.
	Tracer trace.Tracer

	// Pages answers everything outside /api, its own unknown paths included. It
	// stands behind the same gates as the API. Where it is nil those paths are
	// NOT_FOUND.
	Pages http.Handler

	// Refused shows people a page in place of the envelope of an error outside /api that
	// Pages was not asked for. It is false for a program, which is to get the envelope.
	Refused func(w http.ResponseWriter, r *http.Request, status int, e account.Error) bool

	// LocalOrigins lets pages of this machine call the API, whatever their port.
	LocalOrigins bool

	// HealthWithin is how long the database may take to answer the health check; zero is
	// what production uses.
	HealthWithin time.Duration
}

type server struct {
	Deps
	resources map[string]resource // by path
	cors      *cors.Cors          // nil where no frontend has another origin
	proxies   proxies
	https     bool                        // plain HTTP is refused
	languages map[account.Locale][]string // as values of Content-Language, shared by all answers
}

// New returns the handler of everything that is served: the API and the pages. It
// is safe for concurrent use.
func New(d Deps) http.Handler {
	languages := make(map[account.Locale][]string)
	for _, l := range d.Catalog.Supported() {
		languages[l] = []string{string(l)}
	}
	return &server{
		Deps:      d,
		languages: languages,
		resources: resources(Routes()),
		cors:      newCORS(d.Config.FrontendOrigins, d.LocalOrigins),
		proxies:   proxies(d.Config.TrustedProxies),
		https:     d.Config.PublicURL.Scheme == "https",
	}
}

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := s.begin(w, r)
	x.follow()
	defer x.report()
	defer x.recover()
	for _, pass := range []func(*exchange) error{
		(*exchange).identify, (*exchange).locate, (*exchange).speak, (*exchange).secure, (*exchange).share, (*exchange).admit,
	} {
		if err := pass(x); err != nil {
			x.refuse(err)
			return
		}
		if x.writer.status != 0 {
			return
		}
	}
	x.dispatch()
}

// exchange is one request and the answer to it. One goroutine uses it.
type exchange struct {
	*server
	recorder   recorder
	writer     *recorder // the one above
	request    *http.Request
	allowances [2]allowance // one to be let in and one to be served, as far as used
	used       int
	client     context.Context // until it hangs up, for what it alone waits for
	caller     auth.Caller
	tls        bool   // the client's connection is a secure one
	panicked   bool   // what answers is not to be asked again
	pattern    string // which route it is, for the log
	code       string // of the answer, if the API gave one
	started    time.Time
	span       trace.Span
	described  described
}

func (s *server) begin(w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{
		server: s, recorder: recorder{ResponseWriter: w}, request: r, client: r.Context(), pattern: noRoute, started: time.Now(),
		caller: auth.Caller{UserAgent: r.UserAgent(), Locale: locale.Default},
	}
	x.writer = &x.recorder
	return x
}

// recorder notes what was answered, for the log.
type recorder struct {
	http.ResponseWriter
	status int // 0 until the answer has begun
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach what is below.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// healthPath is asked by load balancers, which have no certificate and no patience.
const healthPath = Prefix + "/health"

func (x *exchange) isHealth() bool {
	return x.request.URL.Path == healthPath && x.request.URL.RawPath == ""
}
