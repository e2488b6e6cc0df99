package bench

import (
	"context"
	"errors"
)

// workload is one thing that is measured.
type workload struct {
	name  string
	about string
	unit  string
	// against says what the value is divided by: the relay's, or another workload's.
	against string
	goal    goal
	run     func(r *round, ctx context.Context) (*measurement, error)
}

// goal is what a figure should be.
type goal struct {
	of       string  // "ratio" or "value"
	atLeast  float64 // 0 = there is none
	postgres float64 // instead of atLeast; 0 = the same
	atMost   float64
}

var workloads []workload

func init() { //nolint:gochecknoinits // the table names functions that ask for its names
	workloads = []workload{
		{"burst", "50,000 events, 64 publishers, one endpoint", "deliveries/s", "relay", goal{of: "ratio", atLeast: 0.80, postgres: 0.60}, (*round).runBurst},
	}
}

// round is one run of each workload. What several of them are compared with is
// measured once in it.
type round struct {
	*bench

	relayed, burst *measurement
}

// relayRate is the relay's burst of this round.
func (r *round) relayRate(ctx context.Context) (float64, error) {
	if r.relayed == nil {
		m, err := r.relayBurst(ctx)
		if err != nil {
			return 0, err
		}
		r.relayed = m
	}
	return r.relayed.value, nil
}

// burstRate is the program's burst of this round.
func (r *round) burstRate(ctx context.Context) (float64, error) {
	if r.burst == nil {
		if _, err := r.runBurst(ctx); err != nil {
			return 0, err
		}
	}
	return r.burst.value, nil
}

func (r *round) runBurst(ctx context.Context) (*measurement, error) {
	relay, err := r.relayRate(ctx)
	if err != nil {
		return nil, err
	}
	if r.burst != nil {
		return r.burst, nil
	}
	s, err := r.newServer(ctx)
	if err != nil {
		return nil, err
	}
	m, err := r.burstAt(ctx, s)
	if err != nil {
		return nil, err
	}
	m.against = relay
	r.burst = m
	return m, s.end()
}

// burstAt measures a burst at a server.
func (r *round) burstAt(ctx context.Context, s *subject) (*measurement, error) {
	return r.withRig(ctx, func(g *rig) (*measurement, error) {
		secret, err := s.subscribe(ctx, endpointURL(g.at.Addr, 0), eventType)
		if err != nil {
			return nil, err
		}
		return g.drive(ctx, s, r.burstOrder(), []string{secret})
	})
}

func (r *round) burstOrder() order {
	return order{Type: eventType, Events: r.sizes.burst, Publishers: r.publishers}
}

// relayBurst measures the ceiling.
func (r *round) relayBurst(ctx context.Context) (*measurement, error) {
	return r.atRelay(ctx, r.burstOrder())
}

// atRelay has the relay take an order.
func (r *round) atRelay(ctx context.Context, o order) (*measurement, error) {
	return r.withRig(ctx, func(g *rig) (*measurement, error) {
		s, secret, err := r.startRelay(ctx, g.at.Addr)
		if err != nil {
			return nil, err
		}
		m, err := g.drive(ctx, s, o, []string{secret})
		return m, errors.Join(err, s.end())
	})
}

// withRig measures with a receiver and a load generator of their own.
func (r *round) withRig(ctx context.Context, measure func(*rig) (*measurement, error)) (*measurement, error) {
	g, err := r.newRig(ctx)
	if err != nil {
		return nil, err
	}
	m, err := measure(g)
	if err != nil {
		return nil, err
	}
	return m, g.end()
}
