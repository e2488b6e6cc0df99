package dispatch

import (
	"context"

	"github.com/ringback/ringback/internal/store"
)

// A destination with a rate limit has one node that sends to it: its pace is kept
// in that node's memory. The others commit what is for it as parked on the
// queue's shelf, put there what they claim of it, and tell.

// owns says whether this node is the one that sends to the queue, if there is to
// be one alone.
func (d *Dispatcher) owns(q *queue) bool {
	owns, _ := d.Node.Owns(q.name)
	return owns
}

// elsewhere says whether another node sends to the queue, as far as is known.
// d.mu is held.
func (d *Dispatcher) elsewhere(q *queue) bool {
	return q != nil && q.known && q.paced() && !d.owns(q)
}

// ownPace says whether this node sends to a queue that has a pace. What another
// one may have sent is taken to have been sent at the last possible moment.
// d.mu is held.
func (d *Dispatcher) ownPace(q *queue) bool {
	owns, since := d.Node.Owns(q.name)
	if owns && since.After(q.last) {
		q.last = since
	}
	return owns
}

// findForeign marks the queues that another node sends to by now: what they hold
// is parked. d.mu is held.
func (d *Dispatcher) findForeign() {
	if !d.Node.Shared() {
		return
	}
	for _, q := range d.queues {
		if len(q.items) > 0 && d.elsewhere(q) {
			q.foreign = true
			d.shed[q] = struct{}{}
		}
	}
	if len(d.shed) > 0 {
		d.poke()
	}
}

// mayTake says whether what is on the shelf is this node's to take. If not, it is
// none of its business.
func (d *Dispatcher) mayTake(ctx context.Context, s *shelf) bool {
	if owns, _ := d.Node.Owns(s.name); owns {
		return true
	}
	if _, account := accountOf(s.name); account {
		return true
	}
	limited, err := d.Targets.Limited(ctx, s.name)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err != nil:
		d.refill[s] = struct{}{} // looked at again when the feeder wakes
	case limited:
		s.overflow = false
	}
	return err == nil && !limited
}

// tellParked tells other nodes that the queue's shelf holds something.
func (d *Dispatcher) tellParked(queueName string) {
	accountID, _ := accountOf(queueName)
	d.Node.Tell(store.Signal{Kind: store.SignalParked, AccountID: accountID, Name: queueName})
}
