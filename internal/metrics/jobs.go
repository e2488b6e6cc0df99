package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringback/ringback/ringback"
)

// jobs are the instruments of jobs and their leases.
type jobs struct {
	accepted prometheus.Counter
	finished *prometheus.CounterVec // by status
	leased   prometheus.Counter
	ended    *prometheus.CounterVec // by LeaseEnd
	wait     prometheus.Histogram
}

// LeaseEnd is why a lease ended without an outcome.
type LeaseEnd string

// The reasons.
const (
	LeaseExpired LeaseEnd = "expired" // there was no heartbeat in time
	JobTimedOut  LeaseEnd = "timeout" // the attempt had all its time
)

func (j *jobs) register(r *prometheus.Registry) {
	j.accepted = counter(r, "ringback_jobs_accepted_total", "Jobs that were submitted.")
	j.finished = counters(r, "ringback_jobs_finished_total", "Jobs that became final, by status.",
		"status", ringback.JobSucceeded, ringback.JobFailed, ringback.JobCanceled)
	j.leased = counter(r, "ringback_job_leases_total", "Jobs that were given to workers; one that is retried counts again.")
	j.ended = counters(r, "ringback_job_leases_lost_total", "Leases that ended without an outcome, by reason.",
		"reason", LeaseExpired, JobTimedOut)
	j.wait = histogram(r, "ringback_job_wait_seconds", "How long jobs that could run waited for a worker.", ofWaits)
}

// LeaseLost counts a lease that ended without an outcome.
func (m *Metrics) LeaseLost(why LeaseEnd) { m.jobs.ended.WithLabelValues(string(why)).Inc() }
