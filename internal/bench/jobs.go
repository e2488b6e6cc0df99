package bench

import "context"

// runJobs measures jobs from their submission to the webhook about their
// outcome.
func (r *round) runJobs(ctx context.Context) (*measurement, error) {
	burst, err := r.runBurst(ctx)
	if err != nil {
		return nil, err
	}
	m, err := r.atServer(ctx, func(g *rig, s *subject) (*measurement, error) {
		e, err := s.subscribe(ctx, endpointURL(g.at.Addr, 0), "job.succeeded")
		if err != nil {
			return nil, err
		}
		return g.drive(ctx, s, order{
			Jobs: true, Events: r.jobs, Publishers: r.publishers, OperatorKey: s.keys.OperatorKey, Workers: r.workers, Lease: r.lease,
		}, []string{e.Secret})
	})
	if err != nil {
		return nil, err
	}
	m.compare(burst)
	return m, nil
}
