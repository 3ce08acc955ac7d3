package otlp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	wire "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"flowxi.app/flowxi/internal/trace"
)

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestSpansArriveAsTheyWere(t *testing.T) {
	t.Parallel()
	var batch collector.ExportTraceServiceRequest
	var path, kind, user, password string
	to := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		path, kind = r.URL.Path, r.Header.Get("Content-Type")
		user, password, _ = r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		if err := proto.Unmarshal(body, &batch); err != nil {
			t.Error(err)
		}
	}))
	defer to.Close()
	p, err := Open(strings.Replace(to.URL, "http://", "http://me:hunter2@", 1)+"/otlp/", "v1", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	ctx, request := p.Tracer().Request(context.Background(), "")
	within, child := trace.Start(ctx, "child")
	origin := trace.Origin(within)
	child.End(errors.New("hunter2"))
	request.EndRequest("GET", "/me", 503, "req-1")
	_, root := p.Tracer().Root(context.Background(), "root", origin)
	root.End(nil)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if path != "/otlp/v1/traces" || kind != "application/x-protobuf" || user != "me" || password != "hunter2" {
		t.Errorf("it came to %s as %s from %s:%s", path, kind, user, password)
	}
	of := batch.GetResourceSpans()[0]
	if got := of.GetResource().String(); !strings.Contains(got, "flowxi") || !strings.Contains(got, "v1") {
		t.Errorf("the resource is %s", got)
	}
	c, r, o := of.GetScopeSpans()[0].GetSpans()[0], of.GetScopeSpans()[0].GetSpans()[1], of.GetScopeSpans()[0].GetSpans()[2]
	if c.GetName() != "child" || !bytes.Equal(c.GetParentSpanId(), r.GetSpanId()) || !bytes.Equal(c.GetTraceId(), r.GetTraceId()) {
		t.Errorf("the child is %v", c)
	}
	if c.GetStatus().GetCode() != wire.Status_STATUS_CODE_ERROR || c.GetStatus().GetMessage() != "" || len(c.GetEvents()) != 0 {
		t.Errorf("it failed as %v", c)
	}
	if r.GetName() != "GET /me" || r.GetKind() != wire.Span_SPAN_KIND_SERVER || r.GetParentSpanId() != nil ||
		r.GetStartTimeUnixNano() < uint64(began.UnixNano()) || r.GetEndTimeUnixNano() < r.GetStartTimeUnixNano() {
		t.Errorf("the request is %v", r)
	}
	for _, want := range []string{"http.request.method", "http.route", "http.response.status_code", "503", "flowxi.request_id", "req-1"} {
		if !strings.Contains(r.String(), want) {
			t.Errorf("the request lacks %s: %v", want, r)
		}
	}
	if len(o.GetLinks()) != 1 || !bytes.Equal(o.GetLinks()[0].GetSpanId(), c.GetSpanId()) || bytes.Equal(o.GetTraceId(), r.GetTraceId()) {
		t.Errorf("the root is %v", o)
	}
}

func TestALossIsSaidOnceAndWithoutThePassword(t *testing.T) {
	t.Parallel()
	var well atomic.Bool
	to := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !well.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	var log lines
	p, err := Open(strings.Replace(to.URL, "http://", "http://me:hunter2@", 1), "v1", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	send := func() {
		_, span := p.Tracer().Root(context.Background(), "x", "")
		span.End(nil)
		if err := p.provider.ForceFlush(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	send()
	send()
	well.Store(true)
	send()
	to.Close()
	send()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	got := log.String()
	if strings.Count(got, "traces are being lost") != 2 || strings.Count(got, "traces arrive again") != 1 || !strings.Contains(got, "answers 503") {
		t.Errorf("the log is %s", got)
	}
	if strings.Contains(got, "hunter2") {
		t.Errorf("the log tells the password: %s", got)
	}
}

// A bug in the sending costs one batch, and is told. The SDK calls from a goroutine of its
// own, which guards nothing.
func TestAPanicInTheSendingCostsOneBatch(t *testing.T) {
	t.Parallel()
	var log lines
	p, err := Open("http://127.0.0.1:1", "v1", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.exporter.ExportSpans(t.Context(), []sdk.ReadOnlySpan{nil}); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if got := log.String(); !strings.Contains(got, "traces are being lost") || !strings.Contains(got, "panic: runtime error") || !strings.Contains(got, "exporter.go") {
		t.Errorf("the log is %s", got)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var followed atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	defer elsewhere.Close()
	to := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer to.Close()
	var log lines
	p, err := Open(to.URL, "v1", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	_, span := p.Tracer().Root(context.Background(), "x", "")
	span.End(nil)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if followed.Load() != 0 || !strings.Contains(log.String(), "answers 307") {
		t.Errorf("%d traces went elsewhere; the log is %s", followed.Load(), log.String())
	}
}

func TestWithoutATracerThereIsNothing(t *testing.T) { // not parallel: it counts allocations
	ctx := t.Context()
	n := testing.AllocsPerRun(100, func() {
		inside, request := trace.Tracer{}.Request(ctx, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
		inside, child := trace.Start(inside, "child")
		if inside != ctx || trace.Origin(inside) != "" {
			t.Error("a span is carried")
		}
		child.End(nil)
		request.EndRequest("GET", "/", 200, "x")
	})
	if n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}
