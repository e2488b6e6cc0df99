package bench

import (
	"context"
	"errors"
	"time"
)

// round is one run of each workload. What several of them are compared with is
// measured once in it.
type round struct {
	*bench

	ceiling *measurement // the relay's burst
	burst   *measurement // the program's
}

// relayBurst gives the relay's burst of this round.
func (r *round) relayBurst(ctx context.Context) (*measurement, error) {
	if r.ceiling != nil {
		return r.ceiling, nil
	}
	m, err := r.atRelay(ctx, func(g *rig, s *subject, secret string) (*measurement, error) {
		return g.drive(ctx, s, r.burstOrder(), []string{secret})
	})
	r.ceiling = m
	return m, err
}

// runBurst gives the program's burst of this round.
func (r *round) runBurst(ctx context.Context) (*measurement, error) {
	if r.burst != nil {
		return r.burst, nil
	}
	relay, err := r.relayBurst(ctx)
	if err != nil {
		return nil, err
	}
	s, err := r.newServer(ctx)
	if err != nil {
		return nil, err
	}
	m, err := r.burstAt(ctx, s)
	if err != nil {
		return nil, err
	}
	m.compare(relay)
	r.burst = m
	return m, s.end()
}

// compare notes what a measurement is compared with.
func (m *measurement) compare(with *measurement) {
	m.against, m.againstCPU = with.value, with.serverCPU
}

// burstAt measures a burst at a server, to an endpoint that is there as long.
func (r *round) burstAt(ctx context.Context, s *subject) (*measurement, error) {
	return r.withRig(ctx, func(g *rig) (*measurement, error) {
		e, err := s.subscribe(ctx, endpointURL(g.at.Addr, 0), eventType)
		if err != nil {
			return nil, err
		}
		m, err := g.drive(ctx, s, r.burstOrder(), []string{e.Secret})
		if err != nil {
			return nil, err
		}
		c, err := s.client()
		if err != nil {
			return nil, err
		}
		return m, c.DeleteEndpoint(ctx, e.ID)
	})
}

func (r *round) burstOrder() order {
	return order{Type: eventType, Events: r.sizes.burst, Publishers: r.publishers}
}

// runLatency measures what publishers at a steady rate wait.
func (r *round) runLatency(ctx context.Context) (*measurement, error) {
	relay, err := r.atRelay(ctx, func(g *rig, s *subject, secret string) (*measurement, error) {
		return r.openLoop(ctx, g, s, []string{secret})
	})
	if err != nil {
		return nil, err
	}
	s, err := r.newServer(ctx)
	if err != nil {
		return nil, err
	}
	m, err := r.withRig(ctx, func(g *rig) (*measurement, error) {
		e, err := s.subscribe(ctx, endpointURL(g.at.Addr, 0), eventType)
		if err != nil {
			return nil, err
		}
		return r.openLoop(ctx, g, s, []string{e.Secret})
	})
	if err != nil {
		return nil, err
	}
	m.compare(relay)
	return m, s.end()
}

// warmUp is how long events are sent at the same rate before it counts: until
// then connections are opened.
const warmUp = time.Second

// openLoop sends at a steady rate, whether or not earlier events were answered.
// The value is the p99.
func (r *round) openLoop(ctx context.Context, g *rig, s *subject, secrets []string) (*measurement, error) {
	o := order{Type: eventType, Events: int(r.rate * warmUp.Seconds()), Publishers: r.publishers, Rate: r.rate}
	if _, err := g.drive(ctx, s, o, secrets); err != nil {
		return nil, err
	}
	o.Events = int(r.rate * r.openLoopTime.Seconds())
	m, err := g.drive(ctx, s, o, secrets)
	if err != nil {
		return nil, err
	}
	m.value = m.P99
	return m, nil
}

// atRelay measures the relay.
func (r *round) atRelay(ctx context.Context, measure func(g *rig, s *subject, secret string) (*measurement, error)) (*measurement, error) {
	return r.withRig(ctx, func(g *rig) (*measurement, error) {
		s, secret, err := r.startRelay(ctx, g.at.Addr)
		if err != nil {
			return nil, err
		}
		m, err := measure(g, s, secret)
		if err != nil {
			return nil, err
		}
		var status relayStatus
		if err := s.call(ctx, "status", nil, &status); err != nil {
			return nil, err
		}
		if m.lost > 0 || status.Refused > 0 {
			err = errors.New("the relay did not deliver everything: there is nothing to compare with")
		}
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

// atServer measures the program on an empty store, and discards it.
func (r *round) atServer(ctx context.Context, measure func(g *rig, s *subject) (*measurement, error)) (*measurement, error) {
	s, err := r.newServer(ctx)
	if err != nil {
		return nil, err
	}
	m, err := r.withRig(ctx, func(g *rig) (*measurement, error) { return measure(g, s) })
	if err != nil {
		return nil, err
	}
	return m, s.discard()
}
