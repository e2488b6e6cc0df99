package server_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/internal/server"
)

// scrape gives all samples: `name{label="value"}` and their values.
func (w *world) scrape() (samples map[string]float64, text string) {
	w.t.Helper()
	status, _, text := w.get(http.MethodGet, w.server.MetricsURL(), nil)
	if status != http.StatusOK {
		w.t.Fatalf("status %d: %s", status, text)
	}
	samples = make(map[string]float64)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(strings.TrimSpace(line[at+1:]), 64)
		if err != nil {
			w.t.Fatalf("%q: %v", line, err)
		}
		samples[line[:at]] = value
	}
	return samples, text
}

// scrapeUntil scrapes until all that is wanted is there.
func (w *world) scrapeUntil(want map[string]float64) (samples map[string]float64, text string) {
	w.t.Helper()
	got := make(map[string]float64)
	for late := time.Now().Add(30 * time.Second); time.Now().Before(late); {
		samples, text = w.scrape()
		clear(got)
		for name := range want {
			got[name] = samples[name]
		}
		if maps.Equal(got, want) {
			return samples, text
		}
	}
	w.t.Fatalf("(-want +got)\n%s", cmp.Diff(want, got))
	return nil, ""
}

// TestMetrics does a bit of everything and compares what was counted.
func TestMetrics(t *testing.T) {
	w := start(t, nil)
	ctx := t.Context()
	ok, shaky, refusing := receive(t, 204), receive(t, 503, 500, 200), receive(t, 302)
	gone := receive(t, 200)
	gone.Close() // nobody listens there any more
	for _, e := range []struct {
		r     *receiver
		event string
	}{{ok, "ok.*"}, {ok, "*"}, {shaky, "shaky"}, {refusing, "refused"}, {gone, "gone"}} {
		must(w.customer.CreateEndpoint(ctx, client.CreateEndpointParams{
			URL: e.r.URL, EventTypes: []string{e.event}, RetrySchedule: client.Set([]string{"0s", "0s"}),
		}))(t)
	}
	for _, event := range []string{"ok.1", "ok.2", "shaky", "refused", "gone"} {
		must(w.customer.PublishEvent(ctx, client.PublishEventParams{Type: event, IdempotencyKey: event}))(t)
	}
	must(w.customer.PublishEvent(ctx, client.PublishEventParams{Type: "ok.1", IdempotencyKey: "ok.1"}))(t) // a replay
	w.workABit()

	samples, text := w.scrapeUntil(map[string]float64{
		`ringback_events_accepted_total{source="published"}`:                     5,
		`ringback_events_accepted_total{source="job"}`:                           2,
		`ringback_deliveries_created_total`:                                      7 + 3 + 2,
		`ringback_deliveries_finished_total{status="delivered"}`:                 10,
		`ringback_deliveries_finished_total{status="failed"}`:                    2,
		`ringback_deliveries_finished_total{status="canceled"}`:                  0,
		`ringback_delivery_attempts_total{outcome="delivered"}`:                  10,
		`ringback_delivery_attempts_total{outcome="http_5xx"}`:                   2,
		`ringback_delivery_attempts_total{outcome="http_3xx"}`:                   3,
		`ringback_delivery_attempts_total{outcome="connect"}`:                    3,
		`ringback_delivery_attempts_total{outcome="timeout"}`:                    0,
		`ringback_delivery_attempt_duration_seconds_count{result="delivered"}`:   10,
		`ringback_delivery_attempt_duration_seconds_count{result="failed"}`:      8,
		`ringback_delivery_first_attempt_delay_seconds_count`:                    12,
		`ringback_delivery_latency_seconds_count{attempt="first"}`:               9,
		`ringback_delivery_latency_seconds_count{attempt="later"}`:               1,
		`ringback_jobs_accepted_total`:                                           4,
		`ringback_jobs_finished_total{status="succeeded"}`:                       1,
		`ringback_jobs_finished_total{status="canceled"}`:                        1,
		`ringback_jobs_finished_total{status="failed"}`:                          0,
		`ringback_job_leases_total`:                                              2,
		`ringback_job_wait_seconds_count`:                                        2,
		`ringback_jobs_pending{state="ready"}`:                                   1,
		`ringback_jobs_pending{state="delayed"}`:                                 1,
		`ringback_jobs_pending{state="running"}`:                                 0,
		`ringback_deliveries_pending{state="queued"}`:                            0,
		`ringback_deliveries_pending{state="in_flight"}`:                         0,
		`ringback_commit_failures_total`:                                         0,
		`ringback_store_failing`:                                                 0,
		`ringback_http_requests_total{operation="publishEvent",status="2xx"}`:    6,
		`ringback_http_requests_total{operation="completeJob",status="2xx"}`:     1,
		`ringback_http_requests_total{operation="heartbeatJob",status="4xx"}`:    1,
		`ringback_http_request_duration_seconds_count{operation="publishEvent"}`: 6,
		`ringback_http_problems_total{code="stale_lease"}`:                       1,
		`ringback_http_problems_total{code="unauthorized"}`:                      1,
		`ringback_http_problems_total{code="invalid"}`:                           1,
		`ringback_http_wrong_keys_total`:                                         1,
	})
	for _, name := range []string{
		"ringback_commit_duration_seconds_count", "ringback_commit_operations_sum", "ringback_commit_rows_sum", "go_goroutines",
		"process_resident_memory_bytes",
	} {
		if samples[name] <= 0 {
			t.Errorf("%s is %v", name, samples[name])
		}
	}
	if samples["ringback_commit_operations_sum"] < samples["ringback_commit_duration_seconds_count"] {
		t.Error("there are transactions without an operation")
	}
	if problems, err := promlint.New(strings.NewReader(text)).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v, %v", problems, err)
	}
	checkDocumented(t, text)
}

// workABit makes four jobs: one succeeds, one is canceled under its worker, one
// waits, and one is for later.
func (w *world) workABit() {
	ctx, t := w.t.Context(), w.t
	for range 2 {
		must(w.customer.SubmitJob(ctx, client.SubmitJobParams{Type: "t", IdempotencyKey: "once"}))(t)
	}
	must(w.customer.SubmitJob(ctx, client.SubmitJobParams{Type: "t"}))(t)
	jobs := must(w.operator.LeaseJobs(ctx, client.LeaseJobsParams{Types: []string{"t"}, Max: 2}))(t)
	if len(jobs) != 2 {
		t.Fatalf("%d jobs were leased", len(jobs))
	}
	must(w.customer.SubmitJob(ctx, client.SubmitJobParams{Type: "t"}))(t)
	must(w.customer.SubmitJob(ctx, client.SubmitJobParams{Type: "t", RunAt: time.Now().Add(time.Hour)}))(t)
	stale := client.HeartbeatJobParams{LeaseToken: jobs[1].LeaseToken}
	if _, err := w.operator.HeartbeatJob(ctx, jobs[0].ID, stale); err == nil {
		t.Error("another job's token was taken")
	}
	must(w.operator.CompleteJob(ctx, jobs[0].ID, client.CompleteJobParams{LeaseToken: jobs[0].LeaseToken}))(t)
	must(w.customer.CancelJob(ctx, jobs[1].ID))(t)
	if _, err := w.client("rb_wrong").GetOwnAccount(ctx); err == nil {
		t.Error("a wrong key was taken")
	}
	if _, err := w.operator.LeaseJobs(ctx, client.LeaseJobsParams{Types: []string{"t"}, Max: 1000}); err == nil {
		t.Error("1000 jobs were leased")
	}
}

// checkDocumented compares the metrics with those in docs/metrics.md.
func checkDocumented(t *testing.T, text string) {
	t.Helper()
	doc, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	names := func(pattern, text string) []string {
		var all []string
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			all = append(all, m[1])
		}
		slices.Sort(all)
		return all
	}
	served := names(`(?m)^# HELP (ringback_\w+)`, text)
	described := names("(?m)^\\| `(ringback_\\w+)", string(doc))
	if diff := cmp.Diff(served, described); diff != "" {
		t.Errorf("docs/metrics.md describes others (-served +described)\n%s", diff)
	}
}

func TestMetricsFormats(t *testing.T) {
	w := start(t, nil)
	if !strings.HasPrefix(w.server.MetricsURL(), w.server.URL()) {
		t.Errorf("the metrics are at %s", w.server.MetricsURL())
	}
	for accept, want := range map[string]string{
		"": "text/plain", "application/openmetrics-text;version=1.0.0": "application/openmetrics-text",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			status, header, _ := w.get(method, w.server.MetricsURL(), http.Header{"Accept": {accept}})
			if got := header.Get("Content-Type"); status != 200 || !strings.HasPrefix(got, want) {
				t.Errorf("%s with %q: %d, %s", method, accept, status, got)
			}
		}
	}
	if status, header, _ := w.get(http.MethodPost, w.server.MetricsURL(), nil); status != 405 || header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d, %v", status, header)
	}
	if _, text := w.scrape(); !strings.Contains(text, `version="test"`) {
		t.Error("the version is missing")
	}
}

// With an address of their own the metrics are there alone, and no customer
// reaches them.
func TestMetricsAddr(t *testing.T) {
	w := start(t, func(c *server.Config) { c.MetricsAddr = "127.0.0.1:0" })
	if status, _, body := w.get(http.MethodGet, w.server.URL()+"/metrics", nil); status != 404 {
		t.Errorf("the API answers %d: %s", status, body)
	}
	if status, _, _ := w.get(http.MethodGet, strings.Replace(w.server.MetricsURL(), "/metrics", "/v1/jobs", 1), nil); status != 404 {
		t.Errorf("the API is there, too: %d", status)
	}
	must(w.customer.CreateEndpoint(t.Context(), client.CreateEndpointParams{
		URL: w.server.MetricsURL(), EventTypes: []string{"*"}, RetrySchedule: client.Set([]string{}),
	}))(t)
	must(w.customer.PublishEvent(t.Context(), client.PublishEventParams{Type: "t"}))(t)
	w.scrapeUntil(map[string]float64{
		`ringback_delivery_attempts_total{outcome="blocked"}`: 1,
		`ringback_deliveries_finished_total{status="failed"}`: 1,
	})
}

func TestMetricsAddrInUse(t *testing.T) {
	taken := receive(t, 200)
	config := server.Config{Addr: "127.0.0.1:0", MetricsAddr: taken.Listener.Addr().String(), Dir: t.TempDir(), Log: quiet}
	if s, err := server.Open(t.Context(), config); err == nil {
		t.Errorf("it is served at %s", s.MetricsURL())
	} else if want := fmt.Sprintf("--metrics-addr %s: ", config.MetricsAddr); !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v", err)
	}
}
