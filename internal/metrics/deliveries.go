package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringback/ringback/ringback"
)

// deliveries are the instruments of events, deliveries and attempts.
type deliveries struct {
	events   *prometheus.CounterVec // by source
	created  prometheus.Counter
	finished *prometheus.CounterVec // by status
	again    *prometheus.CounterVec // by kind
	attempts *prometheus.CounterVec // by Outcome
	duration *prometheus.HistogramVec
	delay    prometheus.Histogram
	latency  *prometheus.HistogramVec
}

// Outcome is what came of an attempt.
type Outcome string

// The outcomes: an answer by the class of its status, or why there was none.
const (
	Delivered   Outcome = "delivered"
	Informed    Outcome = "http_1xx"
	Redirected  Outcome = "http_3xx"
	Refused     Outcome = "http_4xx"
	Broken      Outcome = "http_5xx"
	OtherStatus Outcome = "http_other"
	DNS         Outcome = "dns"
	Connect     Outcome = "connect"
	TLS         Outcome = "tls"
	Timeout     Outcome = "timeout"
	Protocol    Outcome = "protocol"
	Blocked     Outcome = "blocked"    // the URL or its address may not be called
	Unsignable  Outcome = "unsignable" // the present secret cannot sign it
)

// OutcomeOf gives the outcome of an answer with that status.
func OutcomeOf(status int) Outcome {
	classes := [...]Outcome{1: Informed, 2: Delivered, 3: Redirected, 4: Refused, 5: Broken}
	if class := status / 100; class >= 1 && class < len(classes) {
		return classes[class]
	}
	return OtherStatus
}

// Values of the label of what came of an attempt in short, and of whether it
// was the first one.
const (
	delivered, failed = "delivered", "failed"
	first, later      = "first", "later"
)

func (d *deliveries) register(r *prometheus.Registry) {
	d.events = counters(r, "ringback_events_accepted_total", "Events: published ones, those of finished jobs, and those that tell the operator.",
		"source", "published", "job", "operational")
	d.created = counter(r, "ringback_deliveries_created_total", "Deliveries that were made with their event.")
	d.finished = counters(r, "ringback_deliveries_finished_total", "Deliveries that are no longer pending, by status.",
		"status", ringback.DeliveryDelivered, ringback.DeliveryFailed, ringback.DeliveryCanceled)
	d.again = counters(r, "ringback_redeliveries_total", "Deliveries that were asked for by hand: retried, or recovered.",
		"kind", "retry", "recover")
	d.attempts = counters(r, "ringback_delivery_attempts_total", "Attempts that were recorded, by outcome.", "outcome",
		Delivered, Informed, Redirected, Refused, Broken, OtherStatus, DNS, Connect, TLS, Timeout, Protocol, Blocked, Unsignable)
	d.duration = histograms(r, "ringback_delivery_attempt_duration_seconds", "How long attempts took, by result.",
		ofRequests, "result", delivered, failed)
	d.delay = histogram(r, "ringback_delivery_first_attempt_delay_seconds",
		"Time from the acceptance of an event until the first attempt of a delivery began.", ofWaits)
	d.latency = histograms(r, "ringback_delivery_latency_seconds",
		"Time from the acceptance of an event until it was delivered, by the attempt that did it.", ofWaits, "attempt", first, later)
}

func (d *deliveries) finish(s ringback.DeliveryStatus, n int) {
	d.finished.WithLabelValues(string(s)).Add(float64(n))
}

// Attempt is a recorded attempt: of an event accepted at Accepted, the
// Number-th of its delivery.
type Attempt struct {
	Outcome  Outcome
	Number   int
	Accepted time.Time
	Due      time.Time // when this attempt could have begun
	Started  time.Time
	Duration time.Duration
}

// Attempted counts an attempt.
func (m *Metrics) Attempted(a Attempt) {
	d := &m.deliveries
	result, which := failed, later
	if a.Outcome == Delivered {
		result = delivered
	}
	if a.Number == 1 {
		which = first
		d.delay.Observe(max(a.Started.Sub(a.Due), 0).Seconds())
	}
	d.attempts.WithLabelValues(string(a.Outcome)).Inc()
	d.duration.WithLabelValues(result).Observe(a.Duration.Seconds())
	if a.Outcome == Delivered {
		d.latency.WithLabelValues(which).Observe(max(a.Started.Add(a.Duration).Sub(a.Accepted), 0).Seconds())
	}
}
