// Package nodestest lets several nodes of one process share a store that knows
// of one alone, for tests on fake time: it keeps epochs, counts and ends, hands
// signals on, and can cut a node off.
package nodestest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/ringback/ringback/internal/store"
)

// Cluster is a store that several nodes share. Everything but what it says of
// nodes is done by the store itself.
type Cluster struct {
	// Ahead is how far the store's clock is ahead of that of the machine. It is
	// set before anybody joins.
	Ahead time.Duration

	store store.Store

	mu     sync.Mutex
	last   int64 // epoch
	living map[int64]*store.Node
	ended  []int64
	conns  []*Conn
}

// New makes a cluster around a store.
func New(s store.Store) *Cluster {
	return &Cluster{store: s, living: make(map[int64]*store.Node)}
}

// Conn is the store as one node has it. It tells the others of changes, as
// store.Nodes says.
type Conn struct {
	store.Store

	cluster *Cluster

	mu   sync.Mutex
	cut  bool
	hear func(store.Signal) // nil = nobody listens
}

var _ store.Store = (*Conn)(nil)

// Conn gives the store for one more node.
func (c *Cluster) Conn() *Conn {
	conn := &Conn{Store: c.store, cluster: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns = append(c.conns, conn)
	return conn
}

// Living gives the epochs that have not ended.
func (c *Cluster) Living() []int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.epochs()
}

func (c *Cluster) epochs() []int64 {
	all := make([]int64, 0, len(c.living))
	for e := range c.living {
		all = append(all, e)
	}
	slices.Sort(all)
	return all
}

// Cut makes everything about nodes fail for this one, and lets it hear nothing,
// as if the machine were paused or the connection lost; or ends that.
func (c *Conn) Cut(cut bool) {
	c.mu.Lock()
	c.cut = cut
	hear := c.hear
	c.mu.Unlock()
	if !cut && hear != nil {
		hear(store.Signal{Kind: store.SignalMissed})
	}
}

var errCut = errors.New("the connection is cut")

func (c *Conn) connected() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut {
		return errCut
	}
	return nil
}

// Join begins an epoch.
func (c *Conn) Join(_ context.Context, name string) (int64, error) {
	if err := c.connected(); err != nil {
		return 0, err
	}
	k := c.cluster
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last++
	k.living[k.last] = &store.Node{Epoch: k.last, Name: name, JoinedAt: time.Now().Add(k.Ahead)}
	return k.last, nil
}

// Beat counts an epoch up.
func (c *Conn) Beat(_ context.Context, epoch int64) (store.Beat, error) {
	if err := c.connected(); err != nil {
		return store.Beat{}, err
	}
	k := c.cluster
	k.mu.Lock()
	defer k.mu.Unlock()
	n := k.living[epoch]
	if n == nil {
		return store.Beat{}, store.ErrFenced
	}
	n.Count++
	b := store.Beat{Now: time.Now().Add(k.Ahead)}
	for _, e := range k.epochs() {
		b.Nodes = append(b.Nodes, *k.living[e])
	}
	return b, nil
}

// EndEpoch ends an epoch.
func (c *Conn) EndEpoch(_ context.Context, epoch int64) error {
	if err := c.connected(); err != nil {
		return err
	}
	k := c.cluster
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.living[epoch] != nil {
		delete(k.living, epoch)
		k.ended = append(k.ended, epoch)
	}
	return nil
}

// TakeOver frees what is leased in epochs that ended.
func (c *Conn) TakeOver(ctx context.Context, limit int) (int, error) {
	if err := c.connected(); err != nil {
		return 0, err
	}
	k := c.cluster
	k.mu.Lock()
	ended := slices.Clone(k.ended)
	k.mu.Unlock()
	var ops []store.Op
	for _, epoch := range ended {
		leased, err := k.store.LeasedDeliveries(ctx, epoch)
		if err != nil {
			return 0, err
		}
		for _, l := range leased {
			if len(ops) < limit {
				ops = append(ops, &store.PlaceDelivery{DeliveryRef: l.DeliveryRef, From: l.Lease})
			}
		}
	}
	return len(ops), k.store.Commit(ctx, ops)
}

// Signal tells the other nodes.
func (c *Conn) Signal(_ context.Context, signals []store.Signal) error {
	if err := c.connected(); err != nil {
		return err
	}
	for _, s := range signals {
		c.tell(s)
	}
	return nil
}

func (c *Conn) tell(s store.Signal) {
	c.cluster.mu.Lock()
	others := slices.Clone(c.cluster.conns)
	c.cluster.mu.Unlock()
	for _, o := range others {
		o.mu.Lock()
		hear := o.hear
		deaf := o == c || o.cut
		o.mu.Unlock()
		if !deaf && hear != nil {
			hear(s)
		}
	}
}

// Signals listens.
func (c *Conn) Signals(ctx context.Context, fn func(store.Signal)) error {
	c.listen(fn)
	fn(store.Signal{Kind: store.SignalMissed})
	<-ctx.Done()
	c.listen(nil)
	return nil
}

func (c *Conn) listen(fn func(store.Signal)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hear = fn
}

// Close leaves the store open for the others.
func (*Conn) Close() error { return nil }
