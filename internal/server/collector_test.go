package server_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector takes traces as an OpenTelemetry collector does (OTLP over HTTP).
type collector struct {
	*httptest.Server

	mu       sync.Mutex
	spans    []*tracepb.Span
	resource map[string]string
}

// collect starts a collector, and has the environment name it.
func collect(t *testing.T) *collector {
	c := &collector{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var request collectorpb.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &request)
		}
		if err != nil {
			t.Error(err)
		}
		c.take(&request)
		w.Header().Set("Content-Type", "application/x-protobuf")
	})
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL)
	return c
}

func (c *collector) take(request *collectorpb.ExportTraceServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rs := range request.GetResourceSpans() {
		c.resource = texts(rs.GetResource().GetAttributes())
		for _, ss := range rs.GetScopeSpans() {
			c.spans = append(c.spans, ss.GetSpans()...)
		}
	}
}

// named gives the spans of a name, in the order of their beginnings.
func (c *collector) named(name string) []*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []*tracepb.Span
	for _, s := range c.spans {
		if s.GetName() == name {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *tracepb.Span) int {
		return int(int64(a.GetStartTimeUnixNano()) - int64(b.GetStartTimeUnixNano()))
	})
	return all
}

// one gives the only span of a name.
func (c *collector) one(t *testing.T, name string) *tracepb.Span {
	t.Helper()
	all := c.named(name)
	if len(all) != 1 {
		t.Fatalf("there are %d spans %q", len(all), name)
	}
	return all[0]
}

// traceparent is what continues a sampled trace after a span.
func traceparent(s *tracepb.Span) string {
	return fmt.Sprintf("00-%x-%x-01", s.GetTraceId(), s.GetSpanId())
}

func parentOf(s *tracepb.Span) string { return hex.EncodeToString(s.GetParentSpanId()) }
func idOf(s *tracepb.Span) string     { return hex.EncodeToString(s.GetSpanId()) }

// texts gives attributes as text.
func texts(attributes []*commonpb.KeyValue) map[string]string {
	all := make(map[string]string, len(attributes))
	for _, a := range attributes {
		switch v := a.GetValue().GetValue().(type) {
		case *commonpb.AnyValue_StringValue:
			all[a.GetKey()] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			all[a.GetKey()] = fmt.Sprint(v.IntValue)
		}
	}
	return all
}
