package dispatch

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/ringback/ringback/internal/store"
)

// errNotSure: what is claimed now might be somebody else's at once.
var errNotSure = errors.New("this node is not sure to live")

// nextLease gives a lease, or 0 if the node is not sure to live. d.mu is held.
func (d *Dispatcher) nextLease() store.Lease {
	l := d.Node.NextLease()
	d.leased = max(d.leased, l)
	return l
}

// Lost lets go of everything that is not held any more: its epoch is over, and
// it is another node's to attempt, or this one's once it is claimed again. What
// is under way goes on; its outcome is recorded as far as the store takes it.
func (d *Dispatcher) Lost() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, q := range d.queues {
		q.items = slices.DeleteFunc(q.items, func(it *item) bool {
			if d.Node.Holds(it.lease) {
				return false
			}
			d.forget(it)
			d.free(q, it.size)
			return true
		})
		d.wantRefill(q)
		d.pump(q)
	}
	d.pumpWaiting()
}

// LookDue has the feeder look for what is due now.
func (d *Dispatcher) LookDue() { d.noteDue(d.Node.Now()) }

// LookParked has the feeder look for shelves that hold something.
func (d *Dispatcher) LookParked() { d.ask(&d.askParked) }

// LookLeases has the feeder look which deliveries in memory are still leased, and
// drop the others: they were canceled elsewhere.
func (d *Dispatcher) LookLeases() { d.ask(&d.askLeases) }

func (d *Dispatcher) ask(what *bool) {
	d.mu.Lock()
	*what = true
	d.mu.Unlock()
	d.poke()
}

// answerAsked looks at what was asked for.
func (d *Dispatcher) answerAsked(ctx context.Context) {
	d.mu.Lock()
	parked, leases := d.askParked, d.askLeases
	d.askParked, d.askLeases = false, false
	d.mu.Unlock()
	if parked {
		d.findParked(ctx)
	}
	if leases {
		if _, err := d.checkLeases(ctx); err != nil && ctx.Err() == nil {
			d.Log.Warn("leases could not be checked; they are again later", "error", err)
		}
	}
}

// checkLeases drops what is in memory but no longer leased in the store, and
// gives what is leased. Without other nodes nothing is dropped: whoever cancels
// drops it here.
func (d *Dispatcher) checkLeases(ctx context.Context) ([]store.LeasedDelivery, error) {
	epoch := d.Node.Epoch()
	if epoch == 0 {
		return nil, errNotSure
	}
	var items []*item // whose leases were committed before the store is asked
	if d.Node.Shared() {
		d.mu.Lock()
		for _, it := range d.known {
			items = append(items, it)
		}
		d.mu.Unlock()
	}
	leased, err := d.Store.LeasedDeliveries(ctx, epoch)
	if err != nil || len(items) == 0 {
		return leased, err
	}
	under := make(map[store.Lease]map[string]bool)
	for _, l := range leased {
		if under[l.Lease] == nil {
			under[l.Lease] = make(map[string]bool)
		}
		under[l.Lease][l.ID] = true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	queues := make(map[*queue]struct{})
	for _, it := range items {
		if it.lease.Epoch() == epoch && !under[it.lease][it.Delivery.ID] {
			it.dropped = true
			queues[it.queue] = struct{}{}
		}
	}
	for q := range queues {
		d.pump(q)
	}
	return leased, nil
}

// maxCanceled bounds how many cancels are remembered between two checks.
const maxCanceled = 10_000

// noteCanceled remembers cancels of deliveries whose lease may be on its way
// into memory: with other nodes, or several commits at once, it may arrive
// later. d.mu is held.
func (d *Dispatcher) noteCanceled(id string) {
	if d.Node.Shared() && len(d.canceled) < maxCanceled {
		d.canceled[id] = d.leased
	}
}

// wasCanceled says whether a delivery was canceled after its lease was given.
// d.mu is held.
func (d *Dispatcher) wasCanceled(id string, l store.Lease) bool {
	return l <= d.canceled[id] || l <= d.canceledBefore[id]
}

// TargetsChanged is TargetChanged for all queues of an account, or with "" for
// all there are.
func (d *Dispatcher) TargetsChanged(accountID string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if accountID != "" && d.accounts[accountID] == nil {
		return
	}
	for name, q := range d.queues {
		if accountID == "" || strings.HasPrefix(name, accountID+"/") {
			d.targetChanged(q)
		}
	}
}

// Parked says that deliveries were parked in the named queue.
func (d *Dispatcher) Parked(queueName string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.foundParked(queueName)
}

// foundParked notes that a shelf holds something. d.mu is held.
func (d *Dispatcher) foundParked(name string) {
	s := d.shelf(name)
	s.overflow = true
	if d.shelfRoom(s).slots > 0 {
		d.markRefill(s)
	}
}
