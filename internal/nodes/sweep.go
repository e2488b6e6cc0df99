package nodes

import (
	"context"
	"sync"
	"time"

	"github.com/ringback/ringback/internal/store"
)

const (
	sweepEvery   = 5 * time.Second // looks for leases that were committed late
	sweepTimeout = 10 * time.Second
	takeSlice    = 1000 // deliveries of one transaction
)

// sweeper ends epochs and takes over what was leased in those that ended. It is
// apart from the beats, which must not wait for it.
type sweeper struct {
	wake chan struct{}

	mu   sync.Mutex
	ends map[int64]time.Time // epochs to end, and when
}

func (s *sweeper) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// end has an epoch ended at that time.
func (s *sweeper) end(epoch int64, at time.Time) {
	s.mu.Lock()
	if _, ok := s.ends[epoch]; !ok {
		s.ends[epoch] = at
	}
	s.mu.Unlock()
	s.poke()
}

// next gives the epochs to end by now, and how long until there are others.
func (s *sweeper) next(now time.Time) (due []int64, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait = sweepEvery
	for epoch, at := range s.ends {
		if left := at.Sub(now); left > 0 {
			wait = min(wait, left)
		} else {
			due = append(due, epoch)
		}
	}
	return due, wait
}

func (s *sweeper) ended(epoch int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ends, epoch)
}

// runSweeps ends epochs that are over, and frees what they had leased.
func (m *Member) runSweeps(ctx context.Context, h Handlers) {
	failed := false
	for {
		_, wait := m.sweeper.next(time.Now())
		if failed {
			wait = min(wait, beatEvery)
		}
		timer := time.NewTimer(wait)
		select {
		case <-m.sweeper.wake:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
		err := m.sweep(ctx, h)
		if err != nil && !failed && ctx.Err() == nil {
			h.Log.Warn("what nobody holds could not be freed; trying again", "error", err)
		}
		failed = err != nil
	}
}

// sweep does once what is to be done by now.
func (m *Member) sweep(ctx context.Context, h Handlers) error {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	due, _ := m.sweeper.next(time.Now())
	for _, epoch := range due {
		if err := m.Store.EndEpoch(ctx, epoch); err != nil {
			return err
		}
		m.sweeper.ended(epoch)
	}
	return m.takeOver(ctx, h)
}

// takeOver frees, in slices, what is leased in epochs that ended.
func (m *Member) takeOver(ctx context.Context, h Handlers) error {
	total := 0
	defer func() {
		if total > 0 {
			h.Log.Info("freed deliveries of nodes that are gone", "count", total)
			m.Tell(store.Signal{Kind: store.SignalDue})
		}
	}()
	for {
		n, err := m.Store.TakeOver(ctx, takeSlice)
		if err != nil {
			return err
		}
		total += n
		if n > 0 {
			h.Freed()
		}
		if n < takeSlice {
			return nil
		}
	}
}

// leave ends the epoch, and frees what is still leased in it. Whoever else lives
// does so, too, should this fail.
func (m *Member) leave(ctx context.Context, h Handlers) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveLimit)
	defer cancel()
	s := *m.standing.Load()
	if s.epoch != 0 {
		m.sweeper.end(s.epoch, time.Time{})
		s.epoch = 0
		m.standing.Store(&s)
	}
	h.Freed = func() {}
	err := m.sweep(ctx, h)
	if err == nil && !s.alone {
		err = m.Store.Signal(ctx, m.outbox.take())
	}
	if err != nil {
		h.Log.Warn("this node could not leave in order; the others find out", "node", m.Name, "error", err)
	}
}
