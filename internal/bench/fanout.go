package bench

import "context"

// runFanout measures events that go to several endpoints each.
func (r *round) runFanout(ctx context.Context) (*measurement, error) {
	burst, err := r.runBurst(ctx)
	if err != nil {
		return nil, err
	}
	m, err := r.atServer(ctx, func(g *rig, s *subject) (*measurement, error) {
		var secrets []string
		for k := range r.fanout {
			e, err := s.subscribe(ctx, endpointURL(g.at.Addr, k), eventType)
			if err != nil {
				return nil, err
			}
			secrets = append(secrets, e.Secret)
		}
		return g.drive(ctx, s, order{Type: eventType, Events: r.fanoutEvents, Publishers: r.publishers}, secrets)
	})
	if err != nil {
		return nil, err
	}
	m.compare(burst)
	return m, nil
}
