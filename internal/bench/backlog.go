package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/ringback/ringback/internal/pause"
)

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
			if err := pause.For(ctx, pollEvery); err != nil {
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
	waiting, err := s.place.waiting(ctx)
	if err != nil {
		return nil, err
	}
	m.lost = max(r.backlog-waiting, 0)
	return m, s.place.remove()
}
