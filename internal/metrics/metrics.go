// Package metrics measures the program for Prometheus. Each server has
// instruments of its own, in a registry of its own; docs/metrics.md describes
// every one of them.
//
// No label tells of an account, an endpoint or an address: what may have many
// values is in the log, and in the store.
package metrics

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the instruments of one server. They may be used concurrently.
type Metrics struct {
	registry *prometheus.Registry

	commits    commits
	jobs       jobs
	deliveries deliveries
	requests   requests
}

// New makes the instruments of a server of that version.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "ringback_build_info", Help: "Always 1; its labels say what runs.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(build, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.commits.register(m.registry)
	m.jobs.register(m.registry)
	m.deliveries.register(m.registry)
	m.requests.register(m.registry)
	return m
}

// scrapeTimeout bounds one scrape.
const scrapeTimeout = 10 * time.Second

// Handler answers with all values, in Prometheus' text format or in that of
// OpenMetrics, as the request prefers.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		Registry: m.registry, EnableOpenMetrics: true, Timeout: scrapeTimeout,
	})
}

func counter(r *prometheus.Registry, name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	r.MustRegister(c)
	return c
}

// counters makes a counter with one label. Its known values are there from the
// start, so that the first increase is seen as one.
func counters[T ~string](r *prometheus.Registry, name, help, label string, known ...T) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	for _, value := range known {
		c.WithLabelValues(string(value))
	}
	r.MustRegister(c)
	return c
}

func histogram(r *prometheus.Registry, name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	r.MustRegister(h)
	return h
}

// histograms makes a histogram with one label, as counters does.
func histograms(r *prometheus.Registry, name, help string, buckets []float64, label string, known ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, []string{label})
	for _, value := range known {
		h.WithLabelValues(value)
	}
	r.MustRegister(h)
	return h
}

// Buckets, in seconds.
var (
	// ofCommits are for what a disk does.
	ofCommits = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}
	// ofRequests end with the longest wait and the longest timeout, 60 s.
	ofRequests = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15, 30, 60}
	// ofWaits go on up to a schedule of retries.
	ofWaits = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 21600, 86400}
)
