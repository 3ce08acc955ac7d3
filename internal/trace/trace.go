// Package trace tells what a request spends its time on, as spans of OpenTelemetry.
//
// Its one rule: a span says what was done and how long that took, and never with what or
// for whom. Names and attributes come from this program's own words; no error text, no
// value of a query, no address, token or mail address is in them. The one thing of a
// client's that stands in a span is the id of the request, which the log has too.
package trace

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	otel "go.opentelemetry.io/otel/trace"
)

// scope names the program as the maker of the spans.
const scope = "flowxi.app/flowxi"

// Header is where a request says which trace it is part of (W3C Trace Context section
// 3.2). Its sibling tracestate is not read: it would carry a stranger's text along.
const Header = "traceparent"

// Tracer begins traces. The zero value begins none, at no cost. It is safe for concurrent
// use.
type Tracer struct{ tracer otel.Tracer }

// New returns a tracer whose spans go to p.
func New(p otel.TracerProvider) Tracer { return Tracer{p.Tracer(scope)} }

// On tells whether spans are made at all.
func (t Tracer) On() bool { return t.tracer != nil }

// Request begins the span of a request that is answered, as part of the trace that parent
// names (the content of Header); empty or malformed begins a trace. EndRequest ends it.
func (t Tracer) Request(ctx context.Context, parent string) (context.Context, Span) {
	if !t.On() {
		return ctx, Span{}
	}
	ctx, span := t.tracer.Start(otel.ContextWithRemoteSpanContext(ctx, parse(parent)), "request", otel.WithSpanKind(otel.SpanKindServer))
	return ctx, Span{span}
}

// Root begins a trace for work that nobody waits for. Origin, as the function of that name
// told it, links it to what caused the work; empty or malformed links it to nothing.
func (t Tracer) Root(ctx context.Context, name, origin string) (context.Context, Span) {
	if !t.On() {
		return ctx, Span{}
	}
	options := []otel.SpanStartOption{otel.WithNewRoot(), otel.WithSpanKind(otel.SpanKindConsumer)}
	if cause := parse(origin); cause.IsValid() {
		options = append(options, otel.WithLinks(otel.Link{SpanContext: cause}))
	}
	ctx, span := t.tracer.Start(ctx, name, options...)
	return ctx, Span{span}
}

func parse(parent string) otel.SpanContext {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{Header: parent})
	return otel.SpanContextFromContext(ctx)
}

// Start begins a span within the one that ctx carries. Where it carries none it does
// nothing and returns ctx as it is. The name is a constant of the caller.
func Start(ctx context.Context, name string) (context.Context, Span) {
	above := otel.SpanFromContext(ctx)
	if !above.IsRecording() {
		return ctx, Span{}
	}
	ctx, span := above.TracerProvider().Tracer(scope).Start(ctx, name)
	return ctx, Span{span}
}

// Origin names the span that ctx carries, for Root to link to later; empty where it
// carries none.
func Origin(ctx context.Context) string {
	if !otel.SpanFromContext(ctx).IsRecording() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[Header]
}

// Span is work under way. The zero value is none.
type Span struct{ span otel.Span }

// Into returns a context that carries the span, so that what Start begins is within it.
func (s Span) Into(ctx context.Context) context.Context {
	if s.span == nil {
		return ctx
	}
	return otel.ContextWithSpan(ctx, s.span)
}

// End ends a span. That the work failed is noted, and not why.
func (s Span) End(err error) {
	if s.span == nil {
		return
	}
	if err != nil {
		s.span.SetStatus(codes.Error, "")
	}
	s.span.End()
}

// EndRequest ends the span of a request, and says which it was: a method and a route of
// ours, the status of the answer and the id of the request.
func (s Span) EndRequest(method, route string, status int, id string) {
	if s.span == nil {
		return
	}
	s.span.SetName(method + " " + route)
	s.span.SetAttributes(
		attribute.String("http.request.method", method),
		attribute.String("http.route", route),
		attribute.Int("http.response.status_code", status),
		attribute.String("flowxi.request_id", id),
	)
	if status >= 500 {
		s.span.SetStatus(codes.Error, "")
	}
	s.span.End()
}
