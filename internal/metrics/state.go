package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringback/ringback/internal/store"
)

// Source is asked for what only a look tells.
type Source interface {
	// Now gives what memory knows. It is asked at every scrape.
	Now() Now
	// OldestQueued gives when the first of the deliveries that wait in memory
	// was due; zero if none waits. It may look at every queue.
	OldestQueued() time.Time
	// Backlog counts what waits in the store.
	Backlog(ctx context.Context, limit int) (store.Backlog, error)
}

// Now is the state of a server.
type Now struct {
	Queued       int // deliveries in memory that wait for their attempt
	InFlight     int // attempts under way
	Destinations int // queues in memory
	WaitingRows  int // of changes that wait to be committed
	Failing      bool
	Nodes        int           // that live, this one among them
	BeatAge      time.Duration // since the store confirmed that this one lives
	Rejoined     int           // how often it was not confirmed in time
	At           time.Time     // the present by the clock of what is stored
}

// What only a look at many things tells is looked at when it is scraped, but
// not again for a while, and only up to a limit: however often there are
// scrapes, and however much waits, that is little work. It is left out of the
// answer if the store does not give it in time.
const (
	lookEvery   = 15 * time.Second
	lookTimeout = 2 * time.Second
	lookLimit   = 1_000_000 // rows of a kind
)

// state collects what a source tells.
type state struct {
	source Source

	mu      sync.Mutex
	looked  time.Time // when the look below began
	backlog *store.Backlog
	queued  time.Time // Source.OldestQueued
}

// Watch makes a source's state part of the metrics. It is called once.
func (m *Metrics) Watch(s Source) { m.registry.MustRegister(&state{source: s}) }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	pendingDeliveries = describe("ringback_deliveries_pending",
		"Deliveries by where they are: queued or in_flight in memory, scheduled or parked in the store.", "state")
	oldestDelivery = describe("ringback_deliveries_oldest_due_age_seconds",
		"For how long the delivery that was due first has been waiting for its attempt, by where it waits; 0 if none is due.", "state")
	destinations = describe("ringback_delivery_destinations", "Destinations that have a queue in memory.")
	pendingJobs  = describe("ringback_jobs_pending",
		"Jobs that are not final: ready to be leased, delayed until their run_at or a retry, or running.", "state")
	oldestJob    = describe("ringback_jobs_oldest_ready_age_seconds", "For how long the first ready job has been waiting for a worker; 0 if none is.")
	waitingRows  = describe("ringback_commit_waiting_rows", "Rows of changes that wait to be committed.")
	storeFailing = describe("ringback_store_failing", "1 while the store cannot commit, otherwise 0.")
	livingNodes  = describe("ringback_nodes", "Nodes that share the store and live, as far as this one knows.")
	beatAge      = describe("ringback_node_beat_age_seconds", "How long ago the store confirmed that this node lives; 0 if the store is its alone.")
	rejoins      = describe("ringback_node_rejoins_total", "How often this node was not confirmed in time, dropped what it held and joined again.")
	ofState      = []*prometheus.Desc{
		pendingDeliveries, oldestDelivery, destinations, pendingJobs, oldestJob, waitingRows, storeFailing, livingNodes, beatAge, rejoins,
	}
	_ prometheus.Collector = (*state)(nil)
)

// Describe names the metrics.
func (s *state) Describe(to chan<- *prometheus.Desc) {
	for _, d := range ofState {
		to <- d
	}
}

// Collect looks.
func (s *state) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	n := s.source.Now()
	gauge(pendingDeliveries, float64(n.Queued), "queued")
	gauge(pendingDeliveries, float64(n.InFlight), "in_flight")
	gauge(destinations, float64(n.Destinations))
	gauge(waitingRows, float64(n.WaitingRows))
	failing := 0.0
	if n.Failing {
		failing = 1
	}
	gauge(storeFailing, failing)
	gauge(livingNodes, float64(n.Nodes))
	gauge(beatAge, n.BeatAge.Seconds())
	to <- prometheus.MustNewConstMetric(rejoins, prometheus.CounterValue, float64(n.Rejoined))

	b, queued := s.look()
	gauge(oldestDelivery, age(n.At, queued), "queued")
	if b == nil {
		return
	}
	gauge(pendingDeliveries, float64(b.Scheduled.Count), "scheduled")
	gauge(pendingDeliveries, float64(b.Parked.Count), "parked")
	gauge(oldestDelivery, age(n.At, b.Scheduled.First), "scheduled")
	gauge(oldestDelivery, age(n.At, b.Parked.First), "parked")
	gauge(pendingJobs, float64(b.Ready.Count), "ready")
	gauge(pendingJobs, float64(b.Delayed.Count), "delayed")
	gauge(pendingJobs, float64(b.Running.Count), "running")
	gauge(oldestJob, age(n.At, b.Ready.First))
}

// look gives the last look, or takes a new one if that is long ago.
func (s *state) look() (*store.Backlog, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.looked) < lookEvery {
		return s.backlog, s.queued
	}
	s.looked, s.backlog, s.queued = time.Now(), nil, s.source.OldestQueued()
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	if b, err := s.source.Backlog(ctx, lookLimit); err == nil {
		s.backlog = &b
	}
	return s.backlog, s.queued
}

// age is how long before now a time is, in seconds; 0 for the zero time and for
// one that is still to come.
func age(now, t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return max(now.Sub(t), 0).Seconds()
}
