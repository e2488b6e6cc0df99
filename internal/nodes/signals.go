package nodes

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ringback/ringback/internal/pause"
	"github.com/ringback/ringback/internal/store"
)

const (
	signalDelay   = 10 * time.Millisecond // in which signals are gathered
	signalTimeout = 2 * time.Second
	maxSignals    = 512 // that wait to be told
)

// outbox gathers what is to be told, each signal once.
type outbox struct {
	wake chan struct{}

	mu      sync.Mutex
	waiting map[store.Signal]struct{}
}

// Tell tells the other nodes, soon. It does not block, and does nothing if there
// can be no others. Of too much at once it tells a part: signals save time, and
// are not needed.
func (m *Member) Tell(s store.Signal) {
	if !m.Shared() {
		return
	}
	o := &m.outbox
	o.mu.Lock()
	if len(o.waiting) >= maxSignals && s.Kind == store.SignalCanceled {
		s.Name = "" // of the account: that there is room for
	}
	first := len(o.waiting) == 0
	if len(o.waiting) < maxSignals || s.Kind == store.SignalCanceled && len(o.waiting) < 2*maxSignals {
		o.waiting[s] = struct{}{}
	}
	o.mu.Unlock()
	if first {
		select {
		case o.wake <- struct{}{}:
		default:
		}
	}
}

func (o *outbox) take() []store.Signal {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make([]store.Signal, 0, len(o.waiting))
	for s := range o.waiting {
		all = append(all, s)
	}
	clear(o.waiting)
	return all
}

// runOutbox tells what was gathered.
func (m *Member) runOutbox(ctx context.Context, h Handlers) {
	for {
		select {
		case <-m.outbox.wake:
		case <-ctx.Done():
			return
		}
		if pause.For(ctx, signalDelay) != nil {
			return
		}
		send, cancel := context.WithTimeout(ctx, signalTimeout)
		err := m.Store.Signal(send, m.outbox.take())
		cancel()
		if err != nil && ctx.Err() == nil {
			h.Log.Debug("other nodes could not be told; they look by themselves", "error", err)
		}
	}
}

// listen passes on what other nodes tell.
func (m *Member) listen(ctx context.Context, h Handlers) {
	for {
		err := m.Store.Signals(ctx, h.Heard)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("it ended")
		}
		h.Log.Warn("other nodes are not heard; trying again", "error", err)
		if pause.For(ctx, beatEvery) != nil {
			return
		}
	}
}
