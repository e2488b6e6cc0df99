// Package tracing tells OpenTelemetry what happens to a job: its submission,
// its wait for a worker, its end, and each attempt to deliver that, in one
// trace. The standard variables OTEL_… configure it; without them it does no
// more than pass on the traceparent that a submission came with.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// scope names this program's spans.
const scope = "github.com/ringback/ringback"

// serviceName is what OTEL_SERVICE_NAME replaces.
const serviceName = "ringback"

// Tracer makes spans. It may be used concurrently.
type Tracer struct {
	provider *sdk.TracerProvider // nil = off
	tracer   trace.Tracer
}

// Off makes a tracer that records nothing.
func Off() *Tracer { return &Tracer{} }

// FromEnv makes the tracer that the environment asks for. It is off unless
// OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set. A
// tracer that is on must be closed.
func FromEnv(ctx context.Context, version string, log *slog.Logger) (*Tracer, error) {
	on, err := wanted()
	if err != nil {
		return nil, err
	}
	if !on {
		return Off(), nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	// What is later wins. Of what the environment says and cannot be read, the
	// rest is used.
	about, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(semconv.ServiceName(serviceName), semconv.ServiceVersion(version)), resource.WithFromEnv())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(&reporting{SpanExporter: exporter, log: log}), sdk.WithResource(about))
	return &Tracer{tracer: provider.Tracer(scope, trace.WithInstrumentationVersion(version)), provider: provider}, nil
}

// wanted says whether the environment asks for traces, in a way that is known.
func wanted() (bool, error) {
	endpoint := first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
	exporter := os.Getenv("OTEL_TRACES_EXPORTER")
	if endpoint.value == "" || exporter == "none" || strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	if exporter != "" && exporter != "otlp" {
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER: %q is not supported; it is otlp or none", exporter)
	}
	protocol := first("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
	if protocol.value != "" && protocol.value != "http/protobuf" {
		return false, fmt.Errorf("%s: %q is not supported; it is http/protobuf", protocol.name, protocol.value)
	}
	u, err := url.Parse(endpoint.value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return false, fmt.Errorf("%s: it must be an http:// or https:// address, such as http://127.0.0.1:4318", endpoint.name)
	}
	return true, nil
}

type variable struct{ name, value string }

// first gives the first of the variables that is set.
func first(names ...string) variable {
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return variable{name, value}
		}
	}
	return variable{}
}

// Close sends what was recorded, as long as ctx lives.
func (t *Tracer) Close(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// reporting logs why spans were not taken, at most once a minute, rather than
// leaving that to a handler of the whole process.
type reporting struct {
	sdk.SpanExporter

	log  *slog.Logger
	last atomic.Int64 // Unix nanoseconds
}

// ExportSpans sends spans; those that are not taken are lost.
func (r *reporting) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := r.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		return nil
	}
	now, last := time.Now().UnixNano(), r.last.Load()
	if now-last >= int64(time.Minute) && r.last.CompareAndSwap(last, now) {
		r.log.Warn("traces could not be sent", "spans", len(spans), "error", err)
	}
	return nil
}
