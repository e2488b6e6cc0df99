package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

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

// dead is where nothing listens: the port of a service that nobody has run for
// decades (RFC 1078).
const dead = "127.0.0.1:1"

// settle is how long memory is watched after the last of the backlog came.
const settle = 5 * time.Second

// runBacklog measures the memory that a server takes for what waits for a dead
// endpoint.
func (r *round) runBacklog(ctx context.Context) (*measurement, error) {
	if c, err := net.DialTimeout("tcp", dead, time.Second); err == nil { //nolint:noctx // it has its limit
		return nil, errors.Join(c.Close(), fmt.Errorf("something listens on %s, which is to be a dead endpoint; end it", dead))
	}
	if err := r.needRoom(r.backlog, backlogBytes); err != nil {
		return nil, err
	}
	s, err := r.newServer(ctx)
	if err != nil {
		return nil, err
	}
	m := &measurement{}
	_, err = r.withRig(ctx, func(g *rig) (*measurement, error) {
		if _, err := s.subscribe(ctx, "http://"+dead+"/", eventType); err != nil {
			return nil, err
		}
		begin := time.Now()
		watch := func() error {
			u, err := usageOf(s.cmd.Process.Pid)
			m.memory = append(m.memory, sample{time.Since(begin).Seconds(), mebibytes(u.rss)})
			m.peak, m.value = mebibytes(u.peak), mebibytes(u.peak)
			return err
		}
		g.watching = watch
		o := order{Type: eventType, Events: r.backlog, Publishers: 4, Batch: r.batch}
		if err := g.fill(ctx, s, o); err != nil {
			return nil, err
		}
		for range int(settle / pollEvery) {
			if err := pause(ctx, pollEvery); err != nil {
				return nil, err
			}
			if err := watch(); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	r.kill(s.process)
	waiting, known, err := s.place.waiting(ctx)
	if err != nil {
		return nil, err
	}
	if known {
		m.lost = max(r.backlog-waiting, 0)
	} else {
		m.note = "what waits at the end is not counted in a PostgreSQL store"
	}
	return m, s.place.remove()
}

// fill publishes without waiting for what becomes of it.
func (g *rig) fill(ctx context.Context, s *subject, o order) error {
	o.Addr, o.Key = s.addr, s.keys.APIKey
	if err := g.load.call(ctx, "publish", o, nil); err != nil {
		return err
	}
	for {
		var sent published
		if err := g.load.call(ctx, "status", nil, &sent); err != nil {
			return err
		}
		if sent.Error != "" {
			return fmt.Errorf("publishing: %s%s", sent.Error, s.errs.said())
		}
		if g.watching != nil {
			if err := g.watching(); err != nil {
				return err
			}
		}
		if sent.Done {
			return nil
		}
		g.bench.done(float64(sent.Accepted) / float64(o.Events))
		if err := pause(ctx, pollEvery); err != nil {
			return err
		}
	}
}

// pause waits, or gives the reason why ctx ended first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
