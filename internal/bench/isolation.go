package bench

import "context"

// runIsolation measures the latency at a healthy endpoint beside others that
// accept connections and never answer, and without them.
func (r *round) runIsolation(ctx context.Context) (*measurement, error) {
	return r.atServer(ctx, func(g *rig, s *subject) (*measurement, error) {
		e, err := s.subscribe(ctx, endpointURL(g.at.Addr, 0), eventType)
		if err != nil {
			return nil, err
		}
		alone, err := r.openLoop(ctx, g, s, []string{e.Secret})
		if err != nil {
			return nil, err
		}
		for k := range r.stuck {
			if _, err := s.subscribe(ctx, endpointURL(g.at.Stuck, k), stuckType); err != nil {
				return nil, err
			}
		}
		o := order{Type: stuckType, Events: r.stuckEvents, Publishers: 4, Batch: max(r.batch/r.stuck, 1)}
		if err := g.fill(ctx, s, o); err != nil {
			return nil, err
		}
		m, err := r.openLoop(ctx, g, s, []string{e.Secret})
		if err != nil {
			return nil, err
		}
		m.compare(alone)
		m.lost += alone.lost
		m.Duplicates += alone.Duplicates
		m.Checked += alone.Checked
		m.Wrong += alone.Wrong
		return m, nil
	})
}
