package dispatch

import "time"

// take gives the next item to attempt, if the queue may start one more now;
// otherwise it arranges to be asked again. d.mu is held.
func (d *Dispatcher) take(q *queue) (*item, bool) {
	if len(q.items) == 0 || q.inFlight >= q.limit || d.stopping || d.Commit.Failing() {
		return nil, false
	}
	if wait := time.Until(q.notUntil); wait > 0 {
		if q.timer == nil {
			q.timer = time.AfterFunc(wait, func() { d.resume(q) })
		}
		return nil, false
	}
	if d.inFlight >= d.Limits.InFlight || q.account.inFlight >= d.Limits.AccountInFlight {
		d.wait(q)
		return nil, false
	}
	q.inFlight++
	q.account.inFlight++
	d.inFlight++
	return q.pop(), true
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
		d.work.Go(func() { d.serve(q, it) })
	}
}

// resume pumps a queue whose pause is over.
func (d *Dispatcher) resume(q *queue) {
	d.mu.Lock()
	defer d.mu.Unlock()
	q.timer = nil
	d.pump(q)
}

// serve attempts one item after the other, as long as the queue may go on.
func (d *Dispatcher) serve(q *queue, it *item) {
	for ok := true; ok; {
		o := d.deliver(it)
		it, ok = d.finish(q, it, o)
	}
}

// finish gives back what an attempt held, learns from its outcome and takes
// the next item. Queues that waited for a place in flight go first.
func (d *Dispatcher) finish(q *queue, it *item, o Outcome) (*item, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	q.inFlight--
	q.account.inFlight--
	d.inFlight--
	q.lastUsed = now
	d.forget(it)
	d.free(q, it.size)
	switch o.Health {
	case Answered:
		q.answered(d.Limits)
	case Failing:
		q.failed(now)
		if q.failing() && len(q.items) > 0 {
			d.shed[q] = struct{}{}
			d.poke()
		}
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
		d.work.Go(func() { d.serve(q, it) })
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
