package sqlite

import (
	"context"
	"fmt"
	"sync"

	"github.com/ringback/ringback/internal/store"
)

// Join begins a new epoch, and makes what earlier ones had leased scheduled
// again: the lock on the folder says that their process is gone.
func (s *Store) Join(ctx context.Context, _ string) (epoch int64, err error) {
	var taken int64
	err = s.w.transact(ctx, func(ctx context.Context, t tx) error {
		if err := t.each(ctx, func(row scanner) error { return row.Scan(&epoch) }, `
			INSERT INTO meta (name, value) VALUES ('epoch', 1)
			ON CONFLICT (name) DO UPDATE SET value = value + 1
			RETURNING value`); err != nil {
			return err
		}
		if err := s.settleAll(ctx, t, anyDelivery); err != nil {
			return err
		}
		taken, err = t.exec(ctx, `UPDATE deliveries_open INDEXED BY open_leased
			SET lease = 0, queue = '' WHERE lease <> 0`)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sqlite: beginning an epoch: %w", err)
	}
	s.epoch.Store(epoch)
	taken += int64(s.born.recovered)
	s.born.recovered = 0
	if taken > 0 {
		s.log.InfoContext(ctx, "took over deliveries that were on their way when the server ended", "count", taken)
	}
	return epoch, nil
}

// Beat knows of no other node.
func (s *Store) Beat(_ context.Context, epoch int64) (store.Beat, error) {
	if epoch != s.epoch.Load() {
		return store.Beat{}, store.ErrFenced
	}
	return store.Beat{Alone: true, Nodes: []store.Node{{Epoch: epoch}}}, nil
}

// EndEpoch ends the epoch; the next Join takes over what it had leased.
func (s *Store) EndEpoch(_ context.Context, epoch int64) error {
	s.epoch.CompareAndSwap(epoch, 0)
	return nil
}

// TakeOver finds nothing: Join has taken over all.
func (s *Store) TakeOver(context.Context, int) (int, error) { return 0, nil }

// Signal has nobody to tell.
func (s *Store) Signal(context.Context, []store.Signal) error { return nil }

// Signals waits: nobody tells anything.
func (s *Store) Signals(ctx context.Context, fn func(store.Signal)) error {
	fn(store.Signal{Kind: store.SignalMissed})
	<-ctx.Done()
	return nil
}

// locks are those of WithLock, by name: a few.
type locks struct {
	mu    sync.Mutex
	named map[string]*sync.RWMutex
}

func (l *locks) get(name string) *sync.RWMutex {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.named == nil {
		l.named = make(map[string]*sync.RWMutex)
	}
	if l.named[name] == nil {
		l.named[name] = new(sync.RWMutex)
	}
	return l.named[name]
}

// WithLock runs fn under a lock of this process, which has the store alone.
func (s *Store) WithLock(ctx context.Context, name string, shared bool, fn func(context.Context) error) error {
	lock := s.locks.get(name)
	if shared {
		lock.RLock()
		defer lock.RUnlock()
	} else {
		lock.Lock()
		defer lock.Unlock()
	}
	return fn(ctx)
}

// Lanes is one: there is one writer.
func (s *Store) Lanes() int { return 1 }
