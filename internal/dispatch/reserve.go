package dispatch

import (
	"time"

	"github.com/ringback/ringback/internal/store"
)

// Ticket is a place for one delivery that is about to be committed. It must be
// settled, whatever comes of the commit.
type Ticket struct {
	store.Placement

	queue *queue
	size  int64
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
// store, or the schedule.
func (d *Dispatcher) Reserve(queueName string, size int64) Ticket {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := d.queue(queueName)
	t := Ticket{queue: q, size: size}
	switch {
	case d.stopping || d.Commit.Failing():
	case d.park(q):
		t.Queue = q.name
		q.parking++
	case d.parkAccount(q.account):
		t.Queue = q.account.name
		q.account.parking++
	case d.full || !d.hasRoom(size):
		d.full = true
	default:
		t.Leased = true
		d.hold(q, size)
	}
	return t
}

// park says whether a delivery must wait on the queue's own shelf.
func (d *Dispatcher) park(q *queue) bool {
	q.overflow = q.overflow || q.depth() >= q.capacity(d.Limits)
	return q.overflow
}

// parkAccount says whether a delivery must wait on the account's shelf.
func (d *Dispatcher) parkAccount(a *account) bool {
	a.overflow = a.overflow || a.slots >= d.Limits.AccountSlots
	return a.overflow
}

// hasRoom says whether there is a slot. One that is larger than all of the
// memory set aside is let in alone.
func (d *Dispatcher) hasRoom(size int64) bool {
	return d.slots < d.Limits.Slots && (d.slots == 0 || d.bytes+size <= d.Limits.Bytes)
}

func (d *Dispatcher) hold(q *queue, size int64) {
	q.reserved++
	q.account.slots++
	d.slots++
	d.bytes += size
}

// Settle ends a reservation: with the delivery as it was committed, or with nil
// if it was not. It does not block.
func (d *Dispatcher) Settle(t Ticket, c *store.Claimed) {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := t.queue
	switch {
	case t.Leased:
		q.reserved--
		if c == nil {
			d.free(q, t.size)
			return
		}
		d.enqueue(q, item{Claimed: *c, size: t.size})
	case t.Queue != "":
		s := d.shelf(t.Queue)
		s.parking--
		d.wantRefill(q)
	case c != nil:
		if now := time.Now(); d.due.IsZero() || now.Before(d.due) {
			d.due = now
		}
		d.poke()
	}
}

// enqueue puts an item with a slot into its queue. d.mu is held.
func (d *Dispatcher) enqueue(q *queue, it item) {
	d.known[it.Delivery.ID]++
	q.items = append(q.items, it)
	q.lastUsed = time.Now()
	d.pump(q)
}
