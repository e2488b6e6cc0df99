package bench

import (
	"context"
	"fmt"
	"syscall"
)

// deepStore is a store that holds many delivered events. It is made before the
// first round: what a run adds to it is little.
type deepStore struct {
	place

	keys keys
}

// runDepth measures a burst on a store that already holds many delivered
// events.
func (r *round) runDepth(ctx context.Context) (*measurement, error) {
	burst, err := r.runBurst(ctx)
	if err != nil {
		return nil, err
	}
	s, err := r.startServer(ctx, r.deep.place, loopback)
	if err != nil {
		return nil, err
	}
	s.keys.APIKey = r.deep.keys.APIKey // shown at the first start alone
	m, err := r.burstAt(ctx, s)
	if err != nil {
		return nil, err
	}
	m.compare(burst)
	return m, r.quit(s.process, syscall.SIGTERM)
}

// deepen makes the store.
func (b *bench) deepen(ctx context.Context) error {
	if err := b.needRoom(b.depth, depthBytes); err != nil {
		return err
	}
	s, err := b.newServer(ctx)
	if err != nil {
		return err
	}
	deep := &deepStore{place: s.place, keys: s.keys}
	if deep.dir == "" {
		err = b.deliverDeep(ctx, s)
	}
	if err != nil {
		return err
	}
	if err := b.quit(s.process, syscall.SIGTERM); err != nil {
		return err
	}
	if deep.dir != "" {
		err = Seed(ctx, SeedParams{
			Dir: deep.dir, Events: b.depth, Progress: func(done int) { b.done(float64(done) / float64(b.depth)) },
		})
		if err != nil {
			return err
		}
	}
	b.deep = deep
	return nil
}

// deliverDeep fills a store that is no folder: events are published in batches
// and delivered.
func (b *bench) deliverDeep(ctx context.Context, s *subject) error {
	r := &round{bench: b}
	_, err := r.withRig(ctx, func(g *rig) (*measurement, error) {
		e, err := s.subscribe(ctx, endpointURL(g.at.Addr, 0), eventType)
		if err != nil {
			return nil, err
		}
		o := order{Type: eventType, Events: b.depth, Publishers: 4, Batch: b.batch}
		m, err := g.drive(ctx, s, o, []string{e.Secret})
		if err != nil {
			return nil, err
		}
		if m.lost > 0 {
			return nil, fmt.Errorf("%d of %d events did not arrive", m.lost, b.depth)
		}
		c, err := s.client()
		if err != nil {
			return nil, err
		}
		return m, c.DeleteEndpoint(ctx, e.ID)
	})
	return err
}
