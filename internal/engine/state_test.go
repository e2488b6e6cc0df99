package engine_test

import (
	"testing"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
)

// Deliveries are seen where they are: in memory, parked, or waiting for their
// next attempt.
func TestStateOfDeliveries(t *testing.T) {
	inWorld(t, dispatch.Limits{Concurrency: 1, InFlight: 1, QueueSlots: 3}, func(t *testing.T, w *world) {
		w.net.at(receiver, hang)
		w.endpoint(receiver, func(p *engine.CreateEndpointParams) {
			p.Timeout = time.Minute
			p.RetrySchedule = engine.Maybe[[]time.Duration]{Set: true, Value: []time.Duration{time.Hour}}
		})
		for range 5 {
			w.publish("t")
		}
		sleep(20 * time.Second)
		w.measured(
			`ringback_deliveries_pending{state="in_flight"} 1`, `ringback_deliveries_pending{state="queued"} 2`,
			`ringback_deliveries_pending{state="parked"} 2`, `ringback_deliveries_pending{state="scheduled"} 0`,
			`ringback_deliveries_oldest_due_age_seconds{state="queued"} 20`,
			`ringback_deliveries_oldest_due_age_seconds{state="parked"} 20`,
			`ringback_deliveries_oldest_due_age_seconds{state="scheduled"} 0`,
			"ringback_delivery_destinations 1",
		)
		sleep(6 * time.Minute)
		w.measured(
			`ringback_deliveries_pending{state="in_flight"} 0`, `ringback_deliveries_pending{state="queued"} 0`,
			`ringback_deliveries_pending{state="parked"} 0`, `ringback_deliveries_pending{state="scheduled"} 5`,
			`ringback_delivery_attempts_total{outcome="timeout"} 5`,
		)
		sleep(2 * time.Hour)
		w.measured(`ringback_deliveries_finished_total{status="failed"} 5`, `ringback_deliveries_pending{state="scheduled"} 0`)
	})
}
