package metrics_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringback/ringback/internal/metrics"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// source has a backlog of one delivery more at every look.
type source struct {
	looks  int
	since  time.Time
	broken bool
}

func (s *source) Now() metrics.Now {
	return metrics.Now{Queued: 7, Failing: s.broken, Nodes: 3, At: time.Now()}
}
func (s *source) OldestQueued() time.Time { return time.Time{} }

func (s *source) Backlog(ctx context.Context, limit int) (store.Backlog, error) {
	s.looks++
	if s.broken {
		<-ctx.Done()
		return store.Backlog{}, errors.New("too slow")
	}
	return store.Backlog{Scheduled: store.Waiting{Count: min(s.looks, limit), First: s.since}}, nil
}

func scrape(m *metrics.Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

func want(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%s is missing", line)
		}
	}
}

// However often there are scrapes, the store is asked once in a while, and not
// for long.
func TestBacklogIsLookedAtNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := metrics.New("test"), &source{since: time.Now().Add(-time.Minute)}
		m.Watch(s)
		for range 14 {
			text := scrape(m)
			want(t, text, `ringback_deliveries_pending{state="queued"} 7`, `ringback_deliveries_pending{state="scheduled"} 1`)
			time.Sleep(time.Second)
		}
		want(t, scrape(m), `ringback_deliveries_oldest_due_age_seconds{state="scheduled"} 74`)
		time.Sleep(time.Second)
		want(t, scrape(m), `ringback_deliveries_pending{state="scheduled"} 2`)

		s.broken = true
		time.Sleep(15 * time.Second)
		began := time.Now()
		text := scrape(m)
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("a store that does not answer holds a scrape up for %s", took)
		}
		want(t, text, `ringback_deliveries_pending{state="queued"} 7`, "ringback_store_failing 1", "ringback_nodes 3")
		if strings.Contains(text, `"scheduled"`) {
			t.Error("an old number is shown as if it were the present one")
		}
		if scrape(m); s.looks != 3 {
			t.Errorf("there were %d looks", s.looks)
		}
	})
}

// What an operation was turned down for is not counted.
func TestCommittedCountsWhatHappened(t *testing.T) {
	m := metrics.New("test")
	at := time.Now()
	notice := &store.Notice{Event: &ringback.Event{}, Deliveries: make([]store.NewDelivery, 1)}
	m.Committed([]store.Op{
		&store.SubmitJob{Job: &ringback.Job{}},
		&store.SubmitJob{Job: &ringback.Job{}, Replayed: "job_1"},
		&store.SubmitJob{Job: &ringback.Job{}, Err: store.ErrIdempotencyMismatch},
		&store.LeaseJobs{Max: 5, Now: at, Jobs: []*ringback.Job{{RunAt: at.Add(-20 * time.Second)}, {RunAt: at}}},
		&store.FinishJob{Job: &ringback.Job{Status: ringback.JobFailed}, Deliveries: make([]store.NewDelivery, 3)},
		&store.FinishJob{Job: &ringback.Job{Status: ringback.JobFailed}, Err: store.ErrFenced, Deliveries: make([]store.NewDelivery, 3)},
		&store.PublishEvent{Event: &ringback.Event{}, Deliveries: make([]store.NewDelivery, 2)},
		&store.PublishEvent{Event: &ringback.Event{}, Replayed: "evt_1", Deliveries: make([]store.NewDelivery, 2)},
		&store.RecordAttempt{Status: ringback.DeliveryPending},
		&store.RecordAttempt{Status: ringback.DeliveryDelivered},
		&store.RecordAttempt{Status: ringback.DeliveryDelivered, Err: store.ErrFenced, Notice: notice},
		&store.RecordAttempt{Status: ringback.DeliveryFailed, Notice: notice},
		&store.ChangeEndpoint{Notice: notice},
		&store.ChangeEndpoint{Notice: notice, Err: store.ErrNotFound},
		&store.CancelDelivery{},
		&store.CancelDelivery{Err: store.ErrNotFound},
		&store.CancelPending{Canceled: []string{"a", "b"}},
		&store.RetryDelivery{},
		&store.RetryDelivery{Err: store.ErrFenced},
		&store.RecoverEvents{Recovered: 4},
	}, 20*time.Millisecond)
	want(t, scrape(m),
		"ringback_jobs_accepted_total 1", "ringback_job_leases_total 2",
		`ringback_job_wait_seconds_sum 20`, `ringback_job_wait_seconds_bucket{le="0.005"} 1`,
		`ringback_jobs_finished_total{status="failed"} 1`, `ringback_jobs_finished_total{status="succeeded"} 0`,
		`ringback_events_accepted_total{source="job"} 1`, `ringback_events_accepted_total{source="published"} 1`,
		`ringback_events_accepted_total{source="operational"} 2`, `ringback_deliveries_finished_total{status="failed"} 1`,
		"ringback_deliveries_created_total 7",
		`ringback_deliveries_finished_total{status="delivered"} 1`, `ringback_deliveries_finished_total{status="canceled"} 3`,
		`ringback_redeliveries_total{kind="retry"} 1`, `ringback_redeliveries_total{kind="recover"} 4`,
		"ringback_commit_operations_sum 20", "ringback_commit_duration_seconds_sum 0.02",
	)
}

func TestOutcomes(t *testing.T) {
	for status, want := range map[int]metrics.Outcome{
		101: "http_1xx", 200: "delivered", 299: "delivered", 304: "http_3xx", 410: "http_4xx", 503: "http_5xx",
		600: "http_other", 999: "http_other", 0: "http_other", 99: "http_other",
	} {
		if got := metrics.OutcomeOf(status); got != want {
			t.Errorf("%d: %s, want %s", status, got, want)
		}
	}
}

// BenchmarkDelivery measures what one event with one delivery costs.
func BenchmarkDelivery(b *testing.B) {
	m := metrics.New("bench")
	now := time.Now()
	ops := []store.Op{
		&store.PublishEvent{Event: &ringback.Event{}, Deliveries: make([]store.NewDelivery, 1)},
		&store.RecordAttempt{Status: ringback.DeliveryDelivered},
	}
	a := metrics.Attempt{Outcome: metrics.Delivered, Number: 1, Accepted: now, Started: now.Add(time.Millisecond), Duration: time.Millisecond}
	b.ReportAllocs()
	for b.Loop() {
		m.Answered("publishEvent", 202, time.Millisecond)
		m.Committed(ops, time.Millisecond) // it is shared by many, in truth
		m.Attempted(a)
	}
}
