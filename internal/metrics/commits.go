package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// commits are the instruments of the group commit.
type commits struct {
	duration   prometheus.Histogram
	operations prometheus.Histogram
	rows       prometheus.Histogram
	failed     prometheus.Counter
	refused    prometheus.Counter
}

func (c *commits) register(r *prometheus.Registry) {
	const sizes = 12 // 1, 2, 4, … 2048; a transaction has at most 2,000 rows
	c.duration = histogram(r, "ringback_commit_duration_seconds",
		"How long transactions of the group commit took, fsync included.", ofCommits)
	c.operations = histogram(r, "ringback_commit_operations",
		"How many operations shared a transaction.", prometheus.ExponentialBuckets(1, 2, sizes))
	c.rows = histogram(r, "ringback_commit_rows",
		"About how many rows a transaction wrote.", prometheus.ExponentialBuckets(1, 2, sizes))
	c.failed = counter(r, "ringback_commit_failures_total", "Transactions that the store did not take.")
	c.refused = counter(r, "ringback_commit_refusals_total",
		"Changes that were refused because too many were waiting to be committed.")
}

// Committed counts a transaction and what it did. The operations are as the
// store left them: what one was turned down for is not counted.
func (m *Metrics) Committed(ops []store.Op, took time.Duration) {
	rows := 0
	for _, op := range ops {
		n, _ := store.Cost(op)
		rows += n
		m.applied(op)
	}
	m.commits.duration.Observe(took.Seconds())
	m.commits.operations.Observe(float64(len(ops)))
	m.commits.rows.Observe(float64(rows))
}

// CommitFailed counts a transaction that the store did not take.
func (m *Metrics) CommitFailed() { m.commits.failed.Inc() }

// CommitRefused counts a change that found no place among those that wait.
func (m *Metrics) CommitRefused() { m.commits.refused.Inc() }

// applied counts what an operation did.
func (m *Metrics) applied(op store.Op) {
	switch op := op.(type) {
	case *store.SubmitJob:
		if op.Err == nil && op.Replayed == "" {
			m.jobs.accepted.Inc()
		}
	case *store.LeaseJobs:
		for _, j := range op.Jobs {
			m.jobs.leased.Inc()
			m.jobs.wait.Observe(max(op.Now.Sub(j.RunAt), 0).Seconds())
		}
	case *store.FinishJob:
		if op.Err == nil {
			m.jobs.finished.WithLabelValues(string(op.Job.Status)).Inc()
			m.made("job", op.Deliveries)
		}
	case *store.PublishEvent:
		if op.Err == nil && op.Replayed == "" {
			m.made("published", op.Deliveries)
		}
	case *store.ChangeEndpoint:
		if op.Err == nil {
			m.noticed(op.Notice)
		}
	case *store.RecordAttempt:
		if op.Err == nil {
			m.noticed(op.Notice)
		}
		if op.Err == nil && op.Status != ringback.DeliveryPending {
			m.deliveries.finish(op.Status, 1)
		}
	case *store.CancelDelivery:
		if op.Err == nil {
			m.deliveries.finish(ringback.DeliveryCanceled, 1)
		}
	case *store.CancelPending:
		m.deliveries.finish(ringback.DeliveryCanceled, len(op.Canceled))
	case *store.RetryDelivery:
		if op.Err == nil {
			m.deliveries.again.WithLabelValues("retry").Inc()
		}
	case *store.RecoverEvents:
		m.deliveries.again.WithLabelValues("recover").Add(float64(op.Recovered))
	}
}

// noticed counts an event that tells the operator of a change.
func (m *Metrics) noticed(n *store.Notice) {
	if n != nil {
		m.made("operational", n.Deliveries)
	}
}

// made counts an event and its deliveries.
func (m *Metrics) made(source string, deliveries []store.NewDelivery) {
	m.deliveries.events.WithLabelValues(source).Inc()
	m.deliveries.created.Add(float64(len(deliveries)))
}
