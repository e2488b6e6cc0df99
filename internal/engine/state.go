package engine

import (
	"context"
	"time"

	"github.com/ringback/ringback/internal/metrics"
	"github.com/ringback/ringback/internal/store"
)

// state is what the metrics look at.
type state struct{ e *Engine }

var _ metrics.Source = state{}

func (s state) Now() metrics.Now {
	stats, node := s.e.dispatcher.Stats(), s.e.node.State()
	return metrics.Now{
		Queued: stats.Queued, InFlight: stats.InFlight, Destinations: stats.Queues,
		WaitingRows: s.e.commit.Waiting(), Failing: s.e.commit.Failing(),
		Nodes: node.Living, BeatAge: node.BeatAge, Rejoined: node.Rejoined, At: s.e.now(),
	}
}

func (s state) OldestQueued() time.Time { return s.e.dispatcher.OldestQueued() }

func (s state) Backlog(ctx context.Context, limit int) (store.Backlog, error) {
	return s.e.store.Backlog(ctx, limit)
}
