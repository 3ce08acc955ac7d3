package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rs/cors"

	"flowxi.app/flowxi/internal/account"
	"flowxi.app/flowxi/internal/config"
	"flowxi.app/flowxi/internal/header"
	"flowxi.app/flowxi/internal/rescue"
)

// RequestIDHeader names a request to the server, and to the client in the answer.
const RequestIDHeader = "X-Request-Id"

// RequestIDPattern is a regular expression for what a caller may call a request.
const RequestIDPattern = `^[A-Za-z0-9._-]{1,64}$`

var saneID = regexp.MustCompile(RequestIDPattern)

// identify gives the request its id, and the answer what it has whatever becomes of
// the request.
func (x *exchange) identify() error {
	id := requestID(x.request.Header)
	x.caller.RequestID = id
	h := x.writer.Header()
	header.Data.Set(h)
	x.described.set(h, RequestIDHeader, id)
	h["Vary"] = variesBy
	return nil
}

// requestID is what a request calls itself, or else a name that nobody else has.
func requestID(h http.Header) string {
	if id := h.Get(RequestIDHeader); saneID.MatchString(id) {
		return id
	}
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// locate finds out where the request came from.
func (x *exchange) locate() error {
	from := x.proxies.originOf(x.request)
	x.caller.IP, x.tls = from.addr, from.tls
	return nil
}

// speak chooses the language of the answer (contract section 2).
func (x *exchange) speak() error {
	l, ok := x.Catalog.Resolve(languages(x.request.Header))
	x.caller.Locale, x.caller.Explicit = x.Catalog.OrDefault(l), ok
	x.writer.Header()["Content-Language"] = x.languages[x.caller.Locale]
	return nil
}

// languages are what a request says of its language, to this program and to all.
func languages(h http.Header) (appLocale, acceptLanguage string) {
	return strings.Join(h.Values("X-App-Locale"), ","), strings.Join(h.Values("Accept-Language"), ",")
}

// secure refuses plain HTTP (contract section 3) and tells browsers not to try it.
func (x *exchange) secure() error {
	switch {
	case !x.https:
		return nil
	case x.tls:
		x.writer.Header().Set(header.TransportName, header.Transport(x.Config.TellsSubdomains()))
		return nil
	case x.isHealth():
		return nil
	}
	return account.ErrHTTPSRequired
}

// share answers the CORS questions of browsers (contract section 1). A preflight is
// answered for good.
func (x *exchange) share() error {
	if x.cors != nil {
		x.cors.HandlerFunc(x.writer, x.request)
	}
	return nil
}

// newCORS returns nil where there are no frontends elsewhere. Local ones are those of this
// machine, on any port.
func newCORS(origins []string, local bool) *cors.Cors {
	if len(origins) == 0 && !local {
		return nil
	}
	return cors.New(cors.Options{
		// A function, since the library gives a meaning to stars in a list.
		AllowOriginFunc: func(origin string) bool {
			return slices.Contains(origins, origin) || local && config.IsLocalOrigin(origin)
		},
		AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodDelete},
		AllowedHeaders: []string{"Authorization", "Content-Type", "X-App-Locale", "Accept-Language", RequestIDHeader},
		ExposedHeaders: []string{
			RequestIDHeader, "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After", "Content-Language",
		},
		MaxAge: int((10 * time.Minute).Seconds()),
	})
}

// admit counts the request against its network (contract section 12).
//
// It comes after secure and share, whose answers are made of nothing but the request: to
// count them would cost a call of the cache and save none. A preflight that was refused,
// moreover, would hide from a page how long it has to wait.
func (x *exchange) admit() error {
	if x.isHealth() {
		return nil
	}
	ctx := x.within(admitTimeout)
	defer ctx.end()
	return x.Auth.AdmitRequest(ctx, &x.caller)
}

// recover is deferred and turns a panic into a 500, or, where the answer has begun,
// into a connection that is cut.
func (x *exchange) recover() {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler { //nolint:errorlint // a panic value, which net/http compares like this too
		panic(cause)
	}
	err := rescue.Note(cause)
	x.Log.Error("a request ended in a panic", "error", err, rescue.Stack(err), "request_id", x.caller.RequestID)
	if x.writer.status != 0 {
		panic(http.ErrAbortHandler)
	}
	x.panicked = true
	x.refuse(account.ErrServerError)
}

// logFault logs an error that is ours, once. A client that has hung up is none.
func (x *exchange) logFault(status int, err error) {
	level := slog.LevelError
	switch {
	case errors.Is(err, context.Canceled):
		level = slog.LevelDebug
	case status == http.StatusServiceUnavailable:
		level = slog.LevelWarn
	}
	x.Log.Log(x.request.Context(), level, "request failed",
		"error", err, "status", status, "route", x.pattern, "request_id", x.caller.RequestID)
}

// report writes the line of the access log. It tells no path that is not in the
// table, no query and no header, since those may hold secrets. The code tells what a
// request was refused for, where the status alone would not.
//
// The record is made by hand, since a Logger looks up the caller's line each time, which
// nobody is told.
func (x *exchange) report() {
	x.observe()
	ctx, log := x.request.Context(), x.Log.Handler()
	if !log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	now := time.Now()
	line := slog.NewRecord(now, slog.LevelInfo, "request", 0)
	line.AddAttrs(
		slog.String("method", knownMethod(x.request.Method)),
		slog.String("route", x.pattern),
		slog.Int("status", x.writer.status),
		slog.String("code", x.code),
		slog.Duration("duration", now.Sub(x.started)),
		slog.Int64("bytes", x.writer.bytes),
		slog.String("request_id", x.caller.RequestID),
		slog.String("network", x.caller.Network()),
	)
	_ = log.Handle(ctx, line) // as a Logger does: there is nobody else to tell
}

// knownMethod keeps a stranger's inventions out of the log.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}
