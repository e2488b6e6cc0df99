// Package nodes makes a process one of the nodes that share a store: it lives in
// an epoch, says so, sees who else lives, and takes over what the dead held.
package nodes

import (
	"context"
	"sync/atomic"

	"github.com/ringback/ringback/internal/store"
)

// Member is this process among the nodes.
type Member struct {
	store store.Nodes
	epoch atomic.Int64
	count atomic.Int64 // of leases in this epoch
}

// Join begins an epoch.
func Join(ctx context.Context, s store.Nodes, name string) (*Member, error) {
	m := &Member{store: s}
	epoch, err := s.Join(ctx, name)
	m.epoch.Store(epoch)
	return m, err
}

// Epoch is the present one.
func (m *Member) Epoch() int64 { return m.epoch.Load() }

// NextLease gives a lease that was never given before.
func (m *Member) NextLease() store.Lease {
	return store.NewLease(m.epoch.Load(), m.count.Add(1))
}

// Holds says whether what was leased so may be attempted: the node still lives
// in the lease's epoch, for certain.
func (m *Member) Holds(l store.Lease) bool { return l.Epoch() == m.epoch.Load() }
