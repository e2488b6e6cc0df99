package dispatch

import (
	"time"

	"github.com/ringback/ringback/internal/store"
)

// Ticket is a place for one delivery that is about to be committed. It must be
// settled, whatever comes of the commit.
type Ticket struct {
	store.Placement

	queue     *queue
	size      int64
	elsewhere bool // another node is to send it
}

// itemOverhead is what a delivery costs in memory beside its payload.
const itemOverhead = 1024

// Size is what a delivery costs in memory, in bytes.
func Size(c *store.Claimed) int64 {
	size := int64(itemOverhead + len(c.Event.Data))
	if c.Job != nil {
		size += int64(len(c.Job.Input) + len(c.Job.Result) + len(c.Job.Metadata))
	}
	return size
}

// Reserve finds a place for a delivery to the named queue that is due now: a
// slot in memory (it is to be committed as leased), or else a shelf in the
// store, or the schedule. What has a rate limit waits on the shelf for the one
// node that sends it.
func (d *Dispatcher) Reserve(queueName string, size int64, limited bool) Ticket {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := d.queue(queueName)
	d.busy = quietChecks
	t := Ticket{queue: q, size: size}
	switch {
	case d.stopping || d.Commit.Failing():
	case limited && !d.owns(q):
		t.Queue, t.elsewhere = q.name, true
		q.parking++
	case d.park(q):
		t.Queue = q.name
		q.parking++
	case d.parkAccount(q.account):
		t.Queue = q.account.name
		q.account.parking++
	case d.full || !d.hasRoom():
		d.full = true
	default:
		if t.Lease = d.nextLease(); t.Lease != 0 {
			q.reserved++
			d.hold(q, size)
		}
	}
	return t
}

// park says whether a delivery must wait on the queue's own shelf.
func (d *Dispatcher) park(q *queue) bool {
	q.overflow = q.overflow || q.full(d.Limits)
	return q.overflow
}

// parkAccount says whether a delivery must wait on the account's shelf.
func (d *Dispatcher) parkAccount(a *account) bool {
	a.overflow = a.overflow || d.accountFull(a)
	return a.overflow
}

// accountFull says whether the account has all that it may have. As everywhere,
// the last delivery let in may pass the limit of bytes.
func (d *Dispatcher) accountFull(a *account) bool {
	return a.slots >= d.Limits.AccountSlots || a.bytes >= d.Limits.AccountBytes
}

// hasRoom says whether there is a slot.
func (d *Dispatcher) hasRoom() bool {
	return d.slots < d.Limits.Slots && d.bytes < d.Limits.Bytes
}

// hold takes a slot for the queue. d.mu is held.
func (d *Dispatcher) hold(q *queue, size int64) {
	q.bytes += size
	q.account.slots++
	q.account.bytes += size
	d.slots++
	d.bytes += size
}

// free gives a slot of the queue back. d.mu is held.
func (d *Dispatcher) free(q *queue, size int64) {
	q.bytes -= size
	q.account.slots--
	q.account.bytes -= size
	d.slots--
	d.bytes -= size
	if d.full && d.slots <= d.Limits.Slots/2 && d.bytes <= d.Limits.Bytes/2 {
		d.poke()
	}
}

// Settle ends a reservation: with the delivery as it was committed, or with nil
// if it was not. It does not block.
func (d *Dispatcher) Settle(t Ticket, c *store.Claimed) {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := t.queue
	switch {
	case t.Lease != 0:
		q.reserved--
		if c == nil || !d.Node.Holds(t.Lease) {
			d.free(q, t.size)
			d.wantRefill(q)
			return
		}
		d.enqueue(q, &item{Claimed: *c, lease: t.Lease, size: t.size})
	case t.Queue != "":
		d.parked(d.shelf(t.Queue))
		d.wantRefill(q)
		if c != nil && t.elsewhere {
			d.tellParked(t.Queue)
		}
	default:
		if now := d.Node.Now(); c != nil && (d.due.IsZero() || now.Before(d.due)) {
			d.due = now
		}
		if c != nil {
			d.Node.Tell(store.Signal{Kind: store.SignalDue})
		}
		d.poke() // it also sees whether there is room again
	}
}

// Shelve announces that deliveries are about to be committed as parked in the
// named queue. What it gives is called once that has happened, or has failed.
func (d *Dispatcher) Shelve(queueName string) (done func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := d.queue(queueName)
	q.overflow = true
	q.parking++
	d.busy = quietChecks
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.parked(&q.shelf)
		d.wantRefill(q)
		d.tellParked(q.name)
	}
}

// enqueue puts an item whose slot is held into its queue. d.mu is held.
func (d *Dispatcher) enqueue(q *queue, it *item) {
	it.queue = q
	it.dropped = d.wasCanceled(it.Delivery.ID, it.lease)
	d.remember(it)
	q.items = append(q.items, it)
	q.lastUsed = time.Now()
	d.wantShed(q) // it may have turned slow since the slot was reserved
	d.pump(q)
}
