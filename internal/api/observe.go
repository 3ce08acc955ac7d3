package api

import (
	"context"
	"net/http"
	"time"

	"flowxi.app/flowxi/internal/trace"
)

// The routes that are not in the table, as the log has them.
const (
	noRoute    = "none"  // unknown, or refused before anybody looked
	pagesRoute = "pages" // everything outside the API
)

// Answered is what there is to count of one request. All of it is of our own words,
// whatever a stranger has sent.
type Answered struct {
	Method string // in capitals, or "other"
	Route  string // a full path of the table, "pages" or "none"
	Status int    // 0 where the connection was cut
	Code   string // of the answer, if the API gave one
	Took   time.Duration
}

// RouteNames lists every Route that an Answered may have.
func RouteNames() []string {
	names := []string{noRoute, pagesRoute}
	for _, r := range Routes() {
		names = append(names, Prefix+r.Path)
	}
	return names
}

// Methods lists every Method that an Answered may have.
func Methods() []string {
	return []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, "other",
	}
}

// follow begins the span of the request. Only a trusted proxy may say which trace it is
// part of: a stranger's word would mix requests of others into one trace. Whether a trace
// is kept is not the caller's to say at all, so nobody can make the server work by it,
// nor hide from it. A proxy that is trusted must not pass a client's word on as its own,
// as with the client's address.
func (x *exchange) follow() {
	if !x.Tracer.On() {
		return
	}
	parent := ""
	if x.proxies.trust(peer(x.request.RemoteAddr)) {
		parent = x.request.Header.Get(trace.Header)
	}
	var ctx context.Context
	ctx, x.span = x.Tracer.Request(x.request.Context(), parent)
	x.request = x.request.WithContext(ctx)
}

// observe tells whoever asks what became of the request.
func (x *exchange) observe() {
	method := knownMethod(x.request.Method)
	x.span.EndRequest(method, x.pattern, x.writer.status, x.caller.RequestID)
	if x.Observe != nil {
		x.Observe(Answered{
			Method: method, Route: x.pattern, Status: x.writer.status, Code: x.code, Took: time.Since(x.started),
		})
	}
}
