package bench

import "context"

// workload is one thing that is measured.
type workload struct {
	name    string
	unit    string
	against string // what the value is divided by: "relay", "burst", "alone"; "" = nothing
	goal    goal
	run     func(r *round, ctx context.Context) (*measurement, error)
}

// goal is what a figure should be.
type goal struct {
	ratio    bool    // the ratio should, not the value
	atLeast  float64 // 0 = there is none
	postgres float64 // instead of atLeast; 0 = the same
	atMost   float64 // 0 = there is none
	limited  bool    // atMost is what the runs say
}

// Names of workloads that are named elsewhere, and units.
const (
	burst         = "burst"
	depth         = "depth"
	perSecond     = "deliveries/s"
	jobsPerSecond = "jobs/s"
	p99           = "ms p99"
	peakMemory    = "MiB peak"
	twice         = "delivered twice"
)

// workloads are in the order that they run in.
func workloads() []workload {
	return []workload{
		{burst, perSecond, "relay", goal{ratio: true, atLeast: 0.80, postgres: 0.60}, (*round).runBurst},
		{"latency", p99, "relay", goal{atMost: 10}, (*round).runLatency},
		{"fanout", perSecond, burst, goal{ratio: true, atLeast: 1.2}, (*round).runFanout},
		{"jobs", jobsPerSecond, burst, goal{ratio: true, atLeast: 0.4}, (*round).runJobs},
		{"isolation", p99, "alone", goal{ratio: true, atMost: 1.2}, (*round).runIsolation},
		{depth, perSecond, burst, goal{ratio: true, atLeast: 0.9}, (*round).runDepth},
		{"backlog", peakMemory, "", goal{atMost: 256}, (*round).runBacklog},
		{"crash", twice, "", goal{limited: true}, (*round).runCrash},
	}
}
