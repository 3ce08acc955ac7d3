// Package otlp sends spans to an OpenTelemetry collector, by OTLP over HTTP in protobuf
// (OpenTelemetry Protocol 1.11, section OTLP/HTTP).
//
// Its one rule: whatever the collector does, no request waits for it or fails by it.
// Spans wait in a queue of fixed size, and where that is full the newest are dropped.
package otlp

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"flowxi.app/flowxi/internal/trace"
)

const (
	queueSize  = 4096            // spans that wait; some four megabytes at the most
	batchSize  = 512             // spans in one call
	batchPause = 2 * time.Second // the longest that a span waits for others
	callTime   = 5 * time.Second // for one call to the collector

	collectorConns = 2 // to the collector at a time

	// flushTime is what the last spans have to leave in.
	flushTime = 2 * time.Second
)

// Pipeline makes spans and sends them. It is safe for concurrent use.
type Pipeline struct {
	provider *sdk.TracerProvider
	exporter *exporter
}

// Open returns a pipeline to the collector at endpoint, such as http://host:4318, below
// which OTLP has its path. A name and a password in it are sent as basic authentication,
// and never shown. It makes no call yet. Version is of the program. The log learns when
// spans begin to be lost, and when that ends.
//
// Every trace is sampled, whatever a caller says of its own: to keep fewer is for the
// collector, which sees how each of them ended.
func Open(endpoint, version string, log *slog.Logger) (*Pipeline, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("%w: not an address", errEndpoint)
	}
	e := newExporter(u, log)
	return &Pipeline{exporter: e, provider: sdk.NewTracerProvider(
		sdk.WithSampler(sdk.AlwaysSample()),
		sdk.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "flowxi"), attribute.String("service.version", version))),
		sdk.WithBatcher(e,
			sdk.WithMaxQueueSize(queueSize), sdk.WithMaxExportBatchSize(batchSize),
			sdk.WithBatchTimeout(batchPause), sdk.WithExportTimeout(callTime)),
	)}, nil
}

// Tracer makes the spans.
func (p *Pipeline) Tracer() trace.Tracer { return trace.New(p.provider) }

// Close sends what waits, for two seconds at the most. What is left then is lost, which
// is no error. Spans that end later are dropped.
func (p *Pipeline) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	_ = p.provider.Shutdown(ctx) // all it can say is that the time was up
	p.exporter.abandon()
	return nil
}

// newClient is one that leaves nothing open behind and follows nobody elsewhere.
func newClient() *http.Client {
	return &http.Client{
		Timeout:       callTime,
		Transport:     &http.Transport{MaxConnsPerHost: collectorConns, MaxIdleConns: 1, IdleConnTimeout: time.Minute, Proxy: http.ProxyFromEnvironment},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
