package dispatch

import (
	"context"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

const (
	claimBatch  = 256
	claimBytes  = 8 << 20
	checkEvery  = 5 * time.Second // reclaims lost leases, forgets idle queues
	retryEvery  = time.Second     // after a fault of the store
	forgetAfter = time.Minute
)

// feed brings what is due from the store into memory until ctx is done.
func (d *Dispatcher) feed(ctx context.Context) {
	check := time.NewTicker(checkEvery)
	defer check.Stop()
	d.findParked(ctx)
	d.noteDue(time.Now())
	var lost map[string]bool
	for {
		d.refillShelves()
		d.shedFailing()
		err := d.claimDue(ctx)
		timer := time.NewTimer(d.untilDue(err))
		select {
		case <-d.wake:
		case <-timer.C:
		case <-check.C:
			lost = d.reclaim(ctx, lost)
			d.findParked(ctx)
			d.tidy()
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// untilDue is how long the feeder may sleep.
func (d *Dispatcher) untilDue(err error) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err != nil || d.Commit.Failing():
		return retryEvery
	case d.full || d.due.IsZero():
		return checkEvery // free pokes when there is room
	default:
		return max(time.Until(d.due), 0)
	}
}

// claimDue claims scheduled deliveries that are due, as long as there is room,
// and learns when the next one is.
func (d *Dispatcher) claimDue(ctx context.Context) error {
	for {
		d.mu.Lock()
		now := time.Now()
		if d.stopping || d.Commit.Failing() || d.due.IsZero() || d.due.After(now) {
			d.mu.Unlock()
			return nil
		}
		room := min(d.Limits.Slots-d.slots, claimBatch)
		d.full = room <= 0 || !d.hasRoom(itemOverhead)
		full := d.full
		d.mu.Unlock()
		if full {
			return nil
		}
		n, err := d.claim(&store.ClaimDeliveries{Now: now, Limit: room, MaxBytes: claimBytes})
		if err != nil {
			return err
		}
		if n == 0 {
			if err := d.learnDue(ctx); err != nil {
				return err
			}
		}
	}
}

// learnDue asks the store when the next scheduled delivery is due. What is
// noted while it looks is kept.
func (d *Dispatcher) learnDue(ctx context.Context) error {
	d.mu.Lock()
	before := d.due
	d.due = time.Time{}
	d.mu.Unlock()
	next, err := d.Store.NextDue(ctx)
	if err != nil {
		d.noteDue(before)
		return err
	}
	d.noteDue(next)
	return nil
}

// claim leases deliveries and gives them to their queues; those whose queue is
// full are parked on its shelf. It says how many were claimed.
func (d *Dispatcher) claim(op *store.ClaimDeliveries) (int, error) {
	if err := d.Commit.Do(op); err != nil {
		return 0, err
	}
	var parked []store.Op
	d.mu.Lock()
	for i := range op.Claimed {
		c := &op.Claimed[i]
		if on := d.admit(c, op.Queue); on != nil {
			on.overflow = true
			on.parking++
			parked = append(parked, &store.PlaceDelivery{
				DeliveryRef: store.DeliveryRef{AccountID: c.Delivery.AccountID, ID: c.Delivery.ID},
				Placement:   store.Placement{Queue: on.name},
			})
		}
	}
	d.mu.Unlock()
	return len(op.Claimed), d.parkAll(parked)
}

// admit queues a claimed delivery, or gives the shelf where it has to wait.
// What comes off a shelf passes by that shelf's own overflow. d.mu is held.
func (d *Dispatcher) admit(c *store.Claimed, from string) *shelf {
	q := d.queue(QueueOf(c.Delivery))
	size := Size(c)
	switch {
	case from == q.name && q.depth() >= q.capacity(d.Limits), from != q.name && d.park(q):
		return &q.shelf
	case from == "" && d.parkAccount(q.account), q.account.slots >= d.Limits.AccountSlots:
		return &q.account.shelf
	}
	d.hold(q, size)
	q.reserved--
	d.enqueue(q, item{Claimed: *c, size: size})
	return nil
}

// reclaim gives back leases that memory does not know and did not know at the
// check before: their commit was answered, but they never arrived here.
func (d *Dispatcher) reclaim(ctx context.Context, before map[string]bool) map[string]bool {
	leased, err := d.Store.LeasedDeliveries(ctx)
	if err != nil {
		d.Log.Warn("leases could not be checked", "error", err)
		return before
	}
	lost := make(map[string]bool)
	var ops []store.Op
	d.mu.Lock()
	for _, ref := range leased {
		if _, ok := d.known[ref.ID]; ok {
			continue
		}
		lost[ref.ID] = true
		if before[ref.ID] {
			ops = append(ops, &store.PlaceDelivery{DeliveryRef: ref, Placement: store.Scheduled})
		}
	}
	d.mu.Unlock()
	if len(ops) == 0 {
		return lost
	}
	if err := d.Commit.Do(ops...); err != nil {
		d.Log.Warn("lost leases could not be given back", "error", err)
		return lost
	}
	d.Log.Warn("leases without a delivery in memory were given back", "count", len(ops))
	d.noteDue(time.Now())
	return lost
}

// tidy forgets queues that were idle for a while, and lets queues go on that
// stood still while the store could not commit.
func (d *Dispatcher) tidy() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	for name, q := range d.queues {
		if q.idle() && now.Sub(q.lastUsed) > forgetAfter {
			q.account.queues--
			delete(d.queues, name)
			delete(d.refill, &q.shelf)
			continue
		}
		d.pump(q)
		d.wantRefill(q)
	}
	for id, a := range d.accounts {
		if a.queues == 0 && !a.overflow && a.parking == 0 {
			delete(d.accounts, id)
			delete(d.refill, &a.shelf)
		}
	}
}

// QueueOf names the queue of a delivery.
func QueueOf(dl *ringback.Delivery) string {
	if dl.EndpointID != "" {
		return QueueName(dl.AccountID, dl.EndpointID)
	}
	return QueueName(dl.AccountID, Origin(dl.URL))
}
