package nodes

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/ringback/ringback/internal/store"
)

// Handlers are told what happens. They must not block.
type Handlers struct {
	Log *slog.Logger
	// Lost: the epoch is over. Nothing that was leased in it may be attempted, and
	// what is known of it is to be let go of.
	Lost func()
	// Changed: nodes came or went, or this one joined again.
	Changed func()
	// Freed: deliveries that nobody held are scheduled again.
	Freed func()
	// Heard is told what other nodes tell.
	Heard func(store.Signal)
}

// sighting is what was last seen of another node.
type sighting struct {
	count int64
	still time.Duration // for how long the count has stood still
	at    time.Time
}

// runBeats says every second that this node lives.
func (m *Member) runBeats(ctx context.Context, h Handlers) {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	failing := false
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		err := m.beat(ctx, h)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !failing {
			h.Log.Warn("this node could not say that it lives; trying again", "node", m.Name, "error", err)
		}
		failing = err != nil
	}
}

// beat counts the epoch up, or begins another if it is lost.
func (m *Member) beat(ctx context.Context, h Handlers) error {
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	s := m.standing.Load()
	if !s.sure() {
		return m.rejoin(ctx, h, "no beat was confirmed in time")
	}
	sent := time.Now()
	b, err := m.Store.Beat(ctx, s.epoch)
	switch {
	case errors.Is(err, store.ErrFenced):
		return m.rejoin(ctx, h, "its epoch was ended by another node")
	case err != nil:
		return err
	case !s.sure():
		// It lives, but somebody may be about to end this epoch who looked before.
		return m.rejoin(ctx, h, "a beat was confirmed too late")
	}
	m.measure(b, time.Since(sent))
	m.confirm(s, b, sent, h)
	return nil
}

// confirm keeps what a beat has told.
func (m *Member) confirm(before *standing, b store.Beat, sent time.Time, h Handlers) {
	now := time.Now()
	s := *before
	s.confirmed, s.living = sent, epochs(b.Nodes)
	gone := false
	for _, epoch := range before.living {
		if !slices.Contains(s.living, epoch) {
			s.depart(epoch, now)
			gone = true
		}
	}
	changed := gone || len(s.living) != len(before.living)
	m.standing.Store(&s)
	for _, epoch := range m.sight(b.Nodes, s.epoch) {
		h.Log.Warn("a node does not count up any more; its work is taken over", "epoch", epoch)
		m.sweeper.end(epoch, now)
	}
	if gone {
		m.sweeper.poke()
	}
	if changed {
		h.Log.Info("nodes came or went", "node", m.Name, "living", len(s.living))
		h.Changed()
	}
}

// maxDeparted bounds how many departures are kept. What is older counts as if
// it had been about every queue.
const maxDeparted = 64

// depart notes that a node is gone.
func (s *standing) depart(epoch int64, at time.Time) {
	s.departed = append(slices.Clone(s.departed), departure{epoch, at})
	if len(s.departed) > maxDeparted {
		if first := s.departed[0].at; first.After(s.settled) {
			s.settled = first
		}
		s.departed = s.departed[1:]
	}
}

// sight looks at the counts of all other nodes, and gives the epochs that have
// stood still for too long. Time between looks that are far apart does not
// count: it may have been the store, or this node, that stood still.
func (m *Member) sight(all []store.Node, own int64) (dead []int64) {
	now := time.Now()
	seen := make(map[int64]*sighting, len(all))
	for _, n := range all {
		if n.Epoch == own {
			continue
		}
		s := m.sightings[n.Epoch]
		if s == nil || s.count != n.Count {
			seen[n.Epoch] = &sighting{count: n.Count, at: now}
			continue
		}
		s.still += min(now.Sub(s.at), maxGap)
		s.at = now
		seen[n.Epoch] = s
		if s.still >= deadAfter-lookSlack {
			dead = append(dead, n.Epoch)
		}
	}
	m.sightings = seen
	return dead
}

// graceOfOld is how long an epoch that this node gave up itself is left, so that
// what was under way can still be recorded under it.
const graceOfOld = 3 * time.Second

// rejoin lets go of the present epoch, and begins another.
func (m *Member) rejoin(ctx context.Context, h Handlers, why string) error {
	if before := m.standing.Load(); before.epoch != 0 {
		lost := *before
		lost.epoch = 0
		m.standing.Store(&lost)
		m.sweeper.end(before.epoch, time.Now().Add(graceOfOld))
		h.Log.Warn("this node has lost its epoch; it drops what it held and joins again",
			"node", m.Name, "epoch", before.epoch, "reason", why)
		h.Lost()
	}
	if err := m.join(ctx); err != nil {
		return err
	}
	m.rejoined.Add(1)
	h.Log.Info("this node has joined again", "node", m.Name, "epoch", m.Epoch())
	h.Changed()
	return nil
}
