package bench

import "time"

// sizes are the numbers of the workloads.
type sizes struct {
	burst        int     // events
	publishers   int     // keep-alive connections that publish
	rate         float64 // events a second of the open loop
	openLoopTime time.Duration
	fanout       int // endpoints of an event
	fanoutEvents int
	jobs         int
	workers      int
	lease        int // jobs of a batch
	stuck        int // endpoints that never answer
	stuckEvents  int // deliveries of each
	depth        int // events that the store holds already
	backlog      int // deliveries of the dead endpoint
	batch        int // events of a request that fills the backlog
	kills        int
	killEvents   int // accepted between two kills
}

var fullSizes = sizes{
	burst: 50_000, publishers: 64, rate: 200, openLoopTime: 20 * time.Second,
	fanout: 10, fanoutEvents: 5_000, jobs: 20_000, workers: 16, lease: 32,
	stuck: 100, stuckEvents: 2_000, depth: 1_000_000, backlog: 1_000_000, batch: 1_000,
	kills: 20, killEvents: 3_000,
}

var quickSizes = sizes{
	burst: 5_000, publishers: 64, rate: 200, openLoopTime: 3 * time.Second,
	fanout: 10, fanoutEvents: 500, jobs: 2_000, workers: 16, lease: 32,
	stuck: 20, stuckEvents: 100, depth: 20_000, backlog: 20_000, batch: 1_000,
	kills: 3, killEvents: 500,
}
