package dispatch

import (
	"slices"
	"time"
)

// take gives the next item to attempt, if the queue may start one more now;
// otherwise it arranges to be asked again. d.mu is held.
func (d *Dispatcher) take(q *queue) (*item, bool) {
	if len(q.items) == 0 || q.foreign || q.inFlight >= q.limit || d.stopping || d.Commit.Failing() {
		return nil, false
	}
	if !q.items[0].dropped {
		if q.oneByOne() {
			return nil, false // begin asks again
		}
		if wait := time.Until(q.notBefore()); wait > 0 {
			if q.timer == nil {
				q.timer = time.AfterFunc(wait, func() { d.resume(q) })
			}
			return nil, false
		}
	}
	if d.inFlight >= d.Limits.InFlight || q.account.inFlight >= d.Limits.AccountInFlight {
		d.wait(q)
		return nil, false
	}
	it := q.pop()
	q.inFlight++
	q.account.inFlight++
	d.inFlight++
	q.sending += it.size
	q.asking++
	it.changes = q.changes
	return it, true
}

// leave gives back the place in flight that take took. d.mu is held.
func (d *Dispatcher) leave(q *queue, it *item) {
	q.inFlight--
	q.account.inFlight--
	d.inFlight--
	q.sending -= it.size
}

// wait lines a queue up for a place in flight: accounts take turns, and within
// an account its queues do. d.mu is held.
func (d *Dispatcher) wait(q *queue) {
	a := q.account
	if !q.waits {
		q.waits = true
		a.waiting = append(a.waiting, q)
	}
	if !a.waits {
		a.waits = true
		d.waiting = append(d.waiting, a)
	}
}

// pumpWaiting gives the places that are free to those who wait for one.
// d.mu is held.
func (d *Dispatcher) pumpWaiting() {
	for range len(d.waiting) {
		if d.inFlight >= d.Limits.InFlight {
			return
		}
		a := d.waiting[0]
		d.waiting = d.waiting[1:]
		if a.inFlight >= d.Limits.AccountInFlight {
			d.waiting = append(d.waiting, a)
			continue
		}
		q := a.waiting[0]
		a.waiting = a.waiting[1:]
		q.waits = false
		if a.waits = len(a.waiting) > 0; a.waits {
			d.waiting = append(d.waiting, a)
		}
		d.pump(q)
	}
}

// pump starts what the queue may start. d.mu is held.
func (d *Dispatcher) pump(q *queue) {
	for {
		it, ok := d.take(q)
		if !ok {
			return
		}
		d.start(it)
	}
}

// resume pumps a queue whose pause is over.
func (d *Dispatcher) resume(q *queue) {
	d.mu.Lock()
	defer d.mu.Unlock()
	q.timer = nil
	d.pump(q)
}

// serve attempts one item after the other, as long as their queue may go on.
func (d *Dispatcher) serve(it *item) {
	q := it.queue
	for ok := true; ok; {
		var o Outcome
		target := d.target(d.base, it)
		switch d.begin(q, it, target) {
		case stepWait:
			return
		case stepSend:
			o = d.deliver(d.base, it, target)
		case stepSkip:
		}
		it, ok = d.finish(q, it, o)
	}
}

// step is what becomes of an item that was taken.
type step int

const (
	stepSend step = iota
	stepWait      // it is back in its queue: its turn comes later
	stepSkip      // nothing is to be done
)

// begin decides whether an item may be attempted now that its target (nil: the
// dispatcher is stopping) is known, and keeps that an attempt starts. Nothing
// that takes time comes between this and the request.
func (d *Dispatcher) begin(q *queue, it *item, t *Target) step {
	d.mu.Lock()
	defer d.mu.Unlock()
	q.asking--
	defer d.pump(q)
	if t == nil || it.dropped || !d.Node.Holds(it.lease) {
		return stepSkip
	}
	now := time.Now()
	current := it.changes == q.changes
	if current && q.learn(t, d.started) {
		d.wantShed(q)
		d.wantRefill(q)
	}
	if current && t.Gone == "" && q.paced() && !d.ownPace(q) {
		q.foreign = true
		d.shed[q] = struct{}{}
		d.poke()
	}
	switch {
	case !current, q.foreign, q.next().After(now):
		d.leave(q, it)
		q.items = slices.Insert(q.items, 0, it)
		d.pumpWaiting()
		return stepWait
	case t.Gone == "":
		q.last = now
		if q.paced() {
			d.wantRefill(q) // what is under way takes no room from what waits
		}
	}
	return stepSend
}

// finish gives back what an attempt held, learns from its outcome and takes
// the next item. Queues that waited for a place in flight go first.
func (d *Dispatcher) finish(q *queue, it *item, o Outcome) (*item, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	d.leave(q, it)
	q.lastUsed = now
	d.forget(it)
	d.free(q, it.size)
	switch o.Health {
	case Answered:
		q.answered(d.Limits)
	case Failing:
		q.failed(now)
		d.wantShed(q)
	case Neutral:
	}
	d.wantRefill(q)
	d.pumpWaiting()
	d.pumpOthers(q)
	return d.take(q)
}

// pumpOthers starts workers for all but one of the items that the queue may
// start: its limit may have grown by more than the caller takes. d.mu is held.
func (d *Dispatcher) pumpOthers(q *queue) {
	for len(q.items) > 1 && q.inFlight+1 < q.limit {
		it, ok := d.take(q)
		if !ok {
			return
		}
		d.start(it)
	}
}

// remember makes an item known. d.mu is held.
func (d *Dispatcher) remember(it *item) {
	it.same = d.known[it.Delivery.ID]
	d.known[it.Delivery.ID] = it
}

// forget makes an item unknown. d.mu is held.
func (d *Dispatcher) forget(it *item) {
	id := it.Delivery.ID
	if d.known[id] != it {
		for other := d.known[id]; other != nil; other = other.same {
			if other.same == it {
				other.same = it.same
				return
			}
		}
		return
	}
	if it.same != nil {
		d.known[id] = it.same
		return
	}
	delete(d.known, id)
}
