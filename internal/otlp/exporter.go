package otlp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/protobuf/proto"

	"flowxi.app/flowxi/internal/rescue"
)

// tracesPath is where a collector takes spans (OTLP/HTTP, section "OTLP/HTTP Request").
const tracesPath = "v1/traces"

var errEndpoint = errors.New("OpenTelemetry collector")

// exporter sends batches of spans. It is not tried again with a batch that failed: the
// next ones would have to wait, and a trace is not worth that.
type exporter struct {
	client *http.Client
	url    *url.URL // its password in it, so it stands in no error
	log    *slog.Logger

	alive  context.Context // ends with abandon
	kill   context.CancelFunc
	losing atomic.Bool // the last call failed
}

var _ sdk.SpanExporter = (*exporter)(nil)

func newExporter(endpoint *url.URL, log *slog.Logger) *exporter {
	e := &exporter{client: newClient(), url: endpoint.JoinPath(tracesPath), log: log}
	e.alive, e.kill = context.WithCancel(context.Background())
	return e
}

// ExportSpans implements sdk.SpanExporter. It tells the log of a failure and returns
// none, for the SDK would write it to stderr beside the log, once for each batch.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.alive, cancel)()
	err := rescue.Do(func() error { return e.send(ctx, spans) })
	switch was := e.losing.Swap(err != nil); {
	case err != nil && !was:
		e.log.Warn("traces are being lost", "error", err, rescue.Stack(err))
	case err == nil && was:
		e.log.Info("traces arrive again")
	}
	return nil
}

func (e *exporter) send(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	body, err := proto.Marshal(request(spans))
	if err != nil {
		return fmt.Errorf("encode spans: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: not an address", errEndpoint)
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := e.client.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", errEndpoint, cause(err))
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)) // so that the connection serves again
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%w answers %d", errEndpoint, resp.StatusCode)
	}
	return nil
}

// cause is an error of the client without the address that it names.
func cause(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// Shutdown implements sdk.SpanExporter.
func (e *exporter) Shutdown(context.Context) error {
	e.abandon()
	return nil
}

// abandon ends the call that is under way, if any, and closes the connections.
func (e *exporter) abandon() {
	e.kill()
	e.client.CloseIdleConnections()
}
