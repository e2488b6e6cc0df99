package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// requests are the instruments of the API.
type requests struct {
	total     *prometheus.CounterVec // by operation and class of status
	duration  *prometheus.HistogramVec
	problems  *prometheus.CounterVec // by code
	wrongKeys prometheus.Counter
}

func (q *requests) register(r *prometheus.Registry) {
	q.total = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ringback_http_requests_total", Help: "Requests that were answered, by operation and class of status.",
	}, []string{"operation", "status"})
	r.MustRegister(q.total)
	q.duration = histograms(r, "ringback_http_request_duration_seconds",
		"How long requests took, by operation. Long polls and waits count as long as they wait.", ofRequests, "operation")
	q.problems = counters[string](r, "ringback_http_problems_total", "Requests that were answered with a problem, by its code.", "code")
	q.wrongKeys = counter(r, "ringback_http_wrong_keys_total", "Requests with an API key that is not known.")
}

// Answered counts a request. The operation is the one of the API document; ""
// stands for all else.
func (m *Metrics) Answered(operation string, status int, took time.Duration) {
	if operation == "" {
		operation = "other"
	}
	m.requests.total.WithLabelValues(operation, class(status)).Inc()
	m.requests.duration.WithLabelValues(operation).Observe(took.Seconds())
}

func class(status int) string {
	classes := [...]string{1: "1xx", 2: "2xx", 3: "3xx", 4: "4xx", 5: "5xx"}
	if c := status / 100; c >= 1 && c < len(classes) {
		return classes[c]
	}
	return "other"
}

// Problem counts an answer that is a problem with that code.
func (m *Metrics) Problem(code string) { m.requests.problems.WithLabelValues(code).Inc() }

// WrongKey counts a request with a key that is not known.
func (m *Metrics) WrongKey() { m.requests.wrongKeys.Inc() }
