package bench

import (
	"context"
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
	if err := b.quit(s.process, syscall.SIGTERM); err != nil {
		return err
	}
	err = Seed(ctx, SeedParams{
		Dir: s.place.dir, URL: s.place.url, MasterKey: s.place.masterKey, Events: b.depth,
		Progress: func(done int) { b.done(float64(done) / float64(b.depth)) },
	})
	if err != nil {
		return err
	}
	b.deep = &deepStore{place: s.place, keys: s.keys}
	return nil
}
