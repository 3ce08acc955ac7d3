package otlp

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resource "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	wire "go.opentelemetry.io/proto/slim/otlp/trace/v1"
)

// request is a batch as it goes over the wire. All spans of this program have the same
// resource and the same maker.
func request(spans []sdk.ReadOnlySpan) *collector.ExportTraceServiceRequest {
	scope := &wire.ScopeSpans{Spans: make([]*wire.Span, 0, len(spans))}
	all := &wire.ResourceSpans{ScopeSpans: []*wire.ScopeSpans{scope}}
	for i, s := range spans {
		if i == 0 {
			scope.Scope = &common.InstrumentationScope{Name: s.InstrumentationScope().Name}
			all.Resource = &resource.Resource{Attributes: attributes(s.Resource().Attributes())}
		}
		scope.Spans = append(scope.Spans, span(s))
	}
	return &collector.ExportTraceServiceRequest{ResourceSpans: []*wire.ResourceSpans{all}}
}

func span(s sdk.ReadOnlySpan) *wire.Span {
	trace, id := s.SpanContext().TraceID(), s.SpanContext().SpanID()
	w := &wire.Span{
		TraceId: trace[:], SpanId: id[:], Name: s.Name(), Flags: uint32(s.SpanContext().TraceFlags()),
		Kind:              wire.Span_SpanKind(s.SpanKind()), //nolint:gosec // the numbers are the same, and few
		StartTimeUnixNano: nanos(s.StartTime()), EndTimeUnixNano: nanos(s.EndTime()),
		Attributes: attributes(s.Attributes()), Status: &wire.Status{},
	}
	if parent := s.Parent().SpanID(); parent.IsValid() {
		w.ParentSpanId = parent[:]
	}
	if s.Status().Code == codes.Error {
		w.Status.Code = wire.Status_STATUS_CODE_ERROR
	}
	for _, l := range s.Links() {
		trace, id := l.SpanContext.TraceID(), l.SpanContext.SpanID()
		w.Links = append(w.Links, &wire.Span_Link{TraceId: trace[:], SpanId: id[:]})
	}
	return w
}

func nanos(t time.Time) uint64 { return uint64(max(0, t.UnixNano())) }

func attributes(list []attribute.KeyValue) []*common.KeyValue {
	all := make([]*common.KeyValue, len(list))
	for i, a := range list {
		all[i] = &common.KeyValue{Key: string(a.Key), Value: value(a.Value)}
	}
	return all
}

// value encodes numbers and text, which is what there is in package trace.
func value(v attribute.Value) *common.AnyValue {
	if v.Type() == attribute.INT64 {
		return &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: v.AsInt64()}}
	}
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: v.String()}}
}
