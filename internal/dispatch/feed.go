package dispatch

import (
	"context"
	"errors"
	"time"

	"github.com/ringback/ringback/internal/store"
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
	d.LookDue()
	var lost map[store.LeasedDelivery]bool
	for {
		d.refillShelves(ctx)
		d.shedSlow()
		err := d.claimDue(ctx)
		timer := time.NewTimer(d.untilDue(err))
		select {
		case <-d.wake:
			d.answerAsked(ctx)
		case <-timer.C:
		case <-check.C:
			if d.checkDue() || d.Node.Shared() {
				lost = d.reclaim(ctx, lost)
				d.findParked(ctx)
				d.learnDueUntold(ctx)
			}
			d.tidy()
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// quietChecks is how many checks follow the last thing that happened. An idle
// server then reads nothing.
const quietChecks = 3

// checkDue says whether anything happened since the last checks, or waits on a
// shelf. While the store does not answer, something may happen without a word:
// what it makes in the end, after its callers were told that its fate is not
// known.
func (d *Dispatcher) checkDue() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	waits := d.slots > 0 || d.Commit.Failing()
	for _, q := range d.queues {
		waits = waits || q.overflow
	}
	for _, a := range d.accounts {
		waits = waits || a.overflow
	}
	if waits {
		d.busy = quietChecks
	}
	if d.busy == 0 {
		return false
	}
	d.busy--
	return true
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
		return max(d.due.Sub(d.Node.Now()), 0)
	}
}

// claimDue claims scheduled deliveries that are due, as long as there is room,
// and learns when the next one is.
func (d *Dispatcher) claimDue(ctx context.Context) error {
	for {
		d.mu.Lock()
		r := d.anyRoom()
		d.full = r.slots <= 0
		nothing := d.stopping || d.Commit.Failing() || d.due.IsZero() || d.due.After(d.Node.Now())
		if d.full || nothing {
			d.mu.Unlock()
			return nil
		}
		d.reserveRoom(r)
		d.mu.Unlock()
		n, err := d.claim(r, "")
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

// learnDueUntold learns what was scheduled by other nodes, or by a commit whose
// fate was not known, should nobody have told.
func (d *Dispatcher) learnDueUntold(ctx context.Context) {
	if err := d.learnDue(ctx); err != nil && ctx.Err() == nil {
		d.Log.Warn("what is due could not be looked for", "error", err)
	}
}

// reclaim gives back leases that memory does not know and did not know at the
// check before: their commit was answered, but they never arrived here.
func (d *Dispatcher) reclaim(ctx context.Context, before map[store.LeasedDelivery]bool) map[store.LeasedDelivery]bool {
	leased, err := d.checkLeases(ctx)
	if errors.Is(err, errNotSure) {
		return before
	}
	if err != nil {
		d.Log.Warn("leases could not be checked", "error", err)
		return before
	}
	lost := make(map[store.LeasedDelivery]bool)
	var ops []store.Op
	d.mu.Lock()
	for _, l := range leased {
		if _, ok := d.known[l.ID]; ok {
			continue
		}
		lost[l] = true
		if before[l] {
			ops = append(ops, &store.PlaceDelivery{DeliveryRef: l.DeliveryRef, From: l.Lease, Placement: store.Scheduled})
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
	d.LookDue()
	return lost
}

// tidy forgets queues that were idle for a while, and lets queues go on that
// stood still while the store could not commit.
func (d *Dispatcher) tidy() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.canceledBefore, d.canceled = d.canceled, make(map[string]store.Lease)
	now := time.Now()
	for name, q := range d.queues {
		if q.idle(now) && now.Sub(q.lastUsed) > forgetAfter {
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
