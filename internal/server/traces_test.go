package server_test

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/internal/server"
	"github.com/ringback/ringback/worker"
)

const (
	traceID  = "0af7651916cd43dd8448eb211c80319c"
	parentID = "b7ad6b7169203331"
	parent   = "00-" + traceID + "-" + parentID + "-01"
)

// doOne has a worker do one job, and gives what the handler saw of its trace.
func (w *world) doOne() (seen string) {
	w.t.Helper()
	ctx, stop := context.WithCancel(w.t.Context())
	handler := func(ctx context.Context, job worker.Job) (any, error) {
		if client.TraceParent(ctx) != job.TraceParent {
			w.t.Errorf("the handler's context has %q, the job %q", client.TraceParent(ctx), job.TraceParent)
		}
		seen = job.TraceParent
		return "done", nil
	}
	wk, err := worker.New(w.operator, map[string]worker.Handler{"t": handler}, worker.Log(quiet),
		worker.OnOutcome(func(worker.Outcome) { stop() }))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := wk.Run(ctx); err != nil {
		w.t.Fatal(err)
	}
	return seen
}

// endpoint subscribes a receiver to everything; a failure is repeated at once.
func (w *world) endpoint(url string) {
	w.t.Helper()
	must(w.customer.CreateEndpoint(w.t.Context(), client.CreateEndpointParams{
		URL: url, EventTypes: []string{"*"}, RetrySchedule: client.Set([]string{"0s"}),
	}))(w.t)
}

// delivered waits until that many deliveries are.
func (w *world) delivered(n float64) {
	w.t.Helper()
	w.scrapeUntil(map[string]float64{`ringback_delivery_attempts_total{outcome="delivered"}`: n})
}

// One trace leads from the submission to the last attempt.
func TestTraceOfAJob(t *testing.T) {
	c := collect(t)
	t.Setenv("OTEL_SERVICE_NAME", "ringback-of-test")
	w := start(t, nil)
	r := receive(t, 503, 200)
	w.endpoint(r.URL + "/hook?secret=1")
	job := must(w.customer.SubmitJob(client.WithTraceParent(t.Context(), parent), client.SubmitJobParams{Type: "t"}))(t)
	seen := w.doOne()
	w.delivered(1)
	w.stop()

	submit, wait := c.one(t, "POST /v1/jobs"), c.one(t, "job.wait")
	complete, finish := c.one(t, "POST /v1/jobs/{id}/complete"), c.one(t, "job.finish")
	attempts := c.named("POST")
	if len(attempts) != 2 || len(c.named("POST /v1/jobs/lease")) != 0 {
		t.Fatalf("%d attempts, %d leases", len(attempts), len(c.named("POST /v1/jobs/lease")))
	}
	parents := map[string]string{}
	for name, s := range map[string]*tracepb.Span{
		"submit": submit, "wait": wait, "complete": complete, "finish": finish, "attempt 1": attempts[0], "attempt 2": attempts[1],
	} {
		parents[name] = parentOf(s)
		if got := hex.EncodeToString(s.GetTraceId()); got != traceID {
			t.Errorf("%s is in the trace %s", name, got)
		}
	}
	if diff := cmp.Diff(map[string]string{
		"submit": parentID, "wait": idOf(submit), "complete": idOf(wait), "finish": idOf(complete),
		"attempt 1": idOf(finish), "attempt 2": idOf(finish),
	}, parents); diff != "" {
		t.Errorf("parents (-want +got)\n%s", diff)
	}
	if seen != traceparent(wait) {
		t.Errorf("the worker saw %q, not %q", seen, traceparent(wait))
	}
	for i, s := range attempts {
		if got := r.headers[i].Get("Traceparent"); got != traceparent(s) {
			t.Errorf("attempt %d was made with %q, not %q", i+1, got, traceparent(s))
		}
	}
	checkAttempts(t, attempts, r, job.ID)
	if c.resource["service.name"] != "ringback-of-test" || c.resource["service.version"] != "test" {
		t.Errorf("resource %v", c.resource)
	}
	if k := submit.GetKind(); k != tracepb.Span_SPAN_KIND_SERVER || texts(submit.GetAttributes())["http.response.status_code"] != "202" {
		t.Errorf("the submission is %s, %v", k, texts(submit.GetAttributes()))
	}
	if texts(finish.GetAttributes())["ringback.job.status"] != "succeeded" {
		t.Errorf("the end is %v", texts(finish.GetAttributes()))
	}
}

// checkAttempts checks what is said about a failed and a good attempt.
func checkAttempts(t *testing.T, spans []*tracepb.Span, r *receiver, jobID string) {
	t.Helper()
	failed, good := texts(spans[0].GetAttributes()), texts(spans[1].GetAttributes())
	for name, want := range map[string]string{
		"http.request.method": "POST", "url.full": r.URL + "/hook", "server.address": "127.0.0.1",
		"http.response.status_code": "503", "error.type": "503", "ringback.delivery.attempt": "1", "http.request.resend_count": "",
	} {
		if failed[name] != want {
			t.Errorf("attempt 1: %s is %q, want %q", name, failed[name], want)
		}
	}
	if good["http.response.status_code"] != "200" || good["error.type"] != "" || good["http.request.resend_count"] != "1" {
		t.Errorf("attempt 2: %v", good)
	}
	if spans[0].GetStatus().GetCode() != tracepb.Status_STATUS_CODE_ERROR || spans[1].GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR {
		t.Errorf("status %v, %v", spans[0].GetStatus(), spans[1].GetStatus())
	}
	if spans[0].GetKind() != tracepb.Span_SPAN_KIND_CLIENT || good["ringback.event.type"] != "job.succeeded" || jobID == "" {
		t.Errorf("%s, %v", spans[0].GetKind(), good)
	}
}

// A worker that knows nothing of traces ends a job within the job's trace, and
// is linked to it.
func TestTraceWithoutTheWorkersHelp(t *testing.T) {
	c := collect(t)
	w := start(t, nil)
	must(w.customer.SubmitJob(t.Context(), client.SubmitJobParams{Type: "t"}))(t)
	leased := must(w.operator.LeaseJobs(t.Context(), client.LeaseJobsParams{Types: []string{"t"}}))(t)
	must(w.operator.CompleteJob(t.Context(), leased[0].ID, client.CompleteJobParams{LeaseToken: leased[0].LeaseToken}))(t)
	w.stop()
	submit, complete, finish := c.one(t, "POST /v1/jobs"), c.one(t, "POST /v1/jobs/{id}/complete"), c.one(t, "job.finish")
	if parentOf(submit) != "" || parentOf(finish) != idOf(submit) || string(finish.GetTraceId()) == string(complete.GetTraceId()) {
		t.Errorf("submit %v\nfinish %v", submit, finish)
	}
	if links := finish.GetLinks(); len(links) != 1 || string(links[0].GetSpanId()) != string(complete.GetSpanId()) {
		t.Errorf("links %v", links)
	}
}

// Without tracing a submission's traceparent is passed on as it is; what is none
// is ignored.
func TestTraceParentIsPassedOn(t *testing.T) {
	w := start(t, nil)
	r := receive(t, 200)
	w.endpoint(r.URL)
	const zeros = "00000000000000000000000000000000"
	for i, c := range []struct {
		given []string
		want  string
	}{
		{[]string{parent}, parent},
		{[]string{parent[:53] + "00"}, parent[:53] + "00"},
		{[]string{parent[:53] + "ff"}, parent[:53] + "03"}, // flags that nobody knows
		{nil, ""},
		{[]string{parent, parent}, ""},
		{[]string{""}, ""},
		{[]string{"ff" + parent[2:]}, ""},
		{[]string{"01" + parent[2:]}, ""},
		{[]string{parent + "-00"}, ""},
		{[]string{parent[:54]}, ""},
		{[]string{strings.ToUpper(parent)}, ""},
		{[]string{parent[:53] + "0A"}, ""},
		{[]string{parent[:53] + "0g"}, ""},
		{[]string{"00-" + zeros + "-" + parentID + "-01"}, ""},
		{[]string{"00-" + traceID + "-" + zeros[:16] + "-01"}, ""},
		{[]string{strings.ReplaceAll(parent, "-", "_")}, ""},
	} {
		header := http.Header{"Authorization": {"Bearer " + w.server.Keys().APIKey}, "Traceparent": c.given}
		for path, body := range map[string]string{
			"/v1/jobs": `{"type":"t"}`, "/v1/events": `{"type":"e"}`, "/v1/events/batch": `{"events":[{"type":"e"}]}`,
		} {
			if status := w.post(path, header, body); status != 202 {
				t.Fatalf("%q: %s answers %d", c.given, path, status)
			}
		}
		if seen := w.doOne(); seen != c.want {
			t.Errorf("%q: the worker saw %q", c.given, seen)
		}
		w.delivered(float64(3*i + 3))
		r.mu.Lock()
		for _, h := range r.headers[3*i:] {
			if got := h.Get("Traceparent"); got != c.want {
				t.Errorf("%q: the receiver saw %q", c.given, got)
			}
		}
		r.mu.Unlock()
	}
}

// post sends a body and gives the status of the answer.
func (w *world) post(path string, header http.Header, body string) int {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.server.URL()+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header = header
	resp, err := w.http.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode
}

// The standard variables turn tracing off, and leave spans out.
func TestTracesNotWanted(t *testing.T) {
	for name, value := range map[string]string{
		"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "none", "OTEL_TRACES_SAMPLER": "always_off",
	} {
		t.Run(name, func(t *testing.T) {
			c := collect(t)
			t.Setenv(name, value)
			w := start(t, nil)
			must(w.customer.PublishEvent(t.Context(), client.PublishEventParams{Type: "e"}))(t)
			w.stop()
			if len(c.spans) != 0 {
				t.Errorf("%d spans came", len(c.spans))
			}
		})
	}
}

func TestTracingRefused(t *testing.T) {
	for name, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc", "OTEL_TRACES_EXPORTER": "zipkin", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "collector:4318",
	} {
		t.Run(name, func(t *testing.T) {
			collect(t)
			t.Setenv(name, value)
			_, err := server.Open(t.Context(), server.Config{Addr: "127.0.0.1:0", Dir: t.TempDir(), Log: quiet})
			if err == nil || !strings.HasPrefix(err.Error(), name+": ") {
				t.Errorf("%v", err)
			}
		})
	}
}

// A collector that does not answer does not hold up the server's end for long,
// and is told of in the log.
func TestStopWithoutACollector(t *testing.T) {
	release := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(hanging.Close)
	t.Cleanup(func() { close(release) })
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", hanging.URL)
	var log strings.Builder
	w := start(t, func(c *server.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	must(w.customer.PublishEvent(t.Context(), client.PublishEventParams{Type: "e"}))(t)
	began := time.Now()
	w.stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the end took %s", took)
	}
	if !strings.Contains(log.String(), "traces could not be sent") {
		t.Errorf("the log says nothing of it:\n%s", log.String())
	}
}
