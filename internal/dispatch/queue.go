package dispatch

import (
	"strings"
	"time"

	"github.com/ringback/ringback/internal/store"
)

// How a destination's concurrency follows its answers.
const (
	initialConcurrency = 2
	slotsPerRequest    = 32 // a queue may hold this many times its concurrency
	minQueueSlots      = 64 // of a destination that is not failing
	failingQueueSlots  = 8  // of one that is: it must not hold what others need
	probePauseAfter    = 10 // failures in a row before probes are spaced
	minProbePause      = 10 * time.Millisecond
	maxProbePause      = 500 * time.Millisecond
)

// account is what one account uses.
type account struct {
	shelf

	slots  int
	queues int // in Dispatcher.queues
}

// queue is one destination: an endpoint, or the host of an account's callbacks.
type queue struct {
	shelf

	account  *account
	items    []item // first in, first out
	reserved int    // slots for deliveries that are being committed
	inFlight int
	waits    bool // is in Dispatcher.waiting
	lastUsed time.Time

	limit    int // requests at once; 1 = a probe
	failures int // in a row
	notUntil time.Time
	timer    *time.Timer // pumps at notUntil
}

// item is a delivery with its slot.
type item struct {
	store.Claimed

	size int64
}

// QueueName names a destination: an account's endpoint, or the origin
// ("https://host:port") of an account's callbacks.
func QueueName(accountID, destination string) string { return accountID + "/" + destination }

// accountOf is the account that a queue's or account's shelf belongs to, and
// whether it is the account's own.
func accountOf(name string) (accountID string, own bool) {
	accountID, destination, _ := strings.Cut(name, "/")
	return accountID, destination == ""
}

// account gives the account's state. d.mu is held.
func (d *Dispatcher) account(id string) *account {
	a := d.accounts[id]
	if a == nil {
		a = &account{shelf: shelf{name: QueueName(id, "")}}
		d.accounts[id] = a
	}
	return a
}

// queue gives the destination's state. d.mu is held.
func (d *Dispatcher) queue(name string) *queue {
	q := d.queues[name]
	if q == nil {
		id, _ := accountOf(name)
		q = &queue{shelf: shelf{name: name}, account: d.account(id), limit: initialConcurrency}
		q.account.queues++
		d.queues[name] = q
	}
	return q
}

// depth counts the slots that the queue has.
func (q *queue) depth() int { return len(q.items) + q.reserved + q.inFlight }

// capacity is how many slots the queue may have: many only if its destination
// is known to answer.
func (q *queue) capacity(l Limits) int {
	if q.failing() {
		return min(failingQueueSlots, l.QueueSlots)
	}
	return min(max(slotsPerRequest*q.limit, minQueueSlots), l.QueueSlots)
}

// failing says whether the destination is down to its probe.
func (q *queue) failing() bool { return q.failures > 0 && q.limit == 1 }

// idle says whether nothing is lost when the queue is forgotten.
func (q *queue) idle() bool {
	return q.depth() == 0 && !q.overflow && q.parking == 0 && q.timer == nil
}

// answered grows the limit: the destination took a request.
func (q *queue) answered(l Limits) {
	q.failures = 0
	q.notUntil = time.Time{}
	q.limit = min(q.limit+1, l.Concurrency)
}

// failed halves the limit, down to one probe, and spaces the probes of a
// destination that goes on failing.
func (q *queue) failed(now time.Time) {
	q.failures++
	q.limit = max(q.limit/2, 1)
	if over := q.failures - probePauseAfter; over >= 0 {
		pause := min(minProbePause<<min(over, 10), maxProbePause)
		q.notUntil = now.Add(pause)
	}
}

func (q *queue) stopTimer() {
	if q.timer != nil {
		q.timer.Stop()
		q.timer = nil
	}
}

// pop takes the first item.
func (q *queue) pop() item {
	it := q.items[0]
	q.items[0] = item{} // let go of it
	q.items = q.items[1:]
	if len(q.items) == 0 {
		q.items = nil
	}
	return it
}

// take gives the next item to attempt, if the queue may start one more now;
// otherwise it arranges to be asked again. d.mu is held.
func (d *Dispatcher) take(q *queue) (item, bool) {
	if len(q.items) == 0 || q.inFlight >= q.limit || d.stopping || d.Commit.Failing() {
		return item{}, false
	}
	if wait := time.Until(q.notUntil); wait > 0 {
		if q.timer == nil {
			q.timer = time.AfterFunc(wait, func() { d.resume(q) })
		}
		return item{}, false
	}
	if d.inFlight >= d.Limits.InFlight {
		if !q.waits {
			q.waits = true
			d.waiting = append(d.waiting, q)
		}
		return item{}, false
	}
	q.inFlight++
	d.inFlight++
	return q.pop(), true
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
func (d *Dispatcher) serve(q *queue, it item) {
	for ok := true; ok; {
		o := d.deliver(it)
		it, ok = d.finish(q, it, o)
	}
}

// finish gives back what an attempt held, learns from its outcome and takes
// the next item. Queues that waited for a place in flight go first.
func (d *Dispatcher) finish(q *queue, it item, o Outcome) (item, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	q.inFlight--
	d.inFlight--
	q.lastUsed = now
	d.drop(q, it)
	switch o.Health {
	case Answered:
		q.answered(d.Limits)
	case Failing:
		q.failed(now)
		if q.failing() && q.depth() > q.capacity(d.Limits) {
			d.shed[q] = struct{}{}
			d.poke()
		}
	case Neutral:
	}
	for len(d.waiting) > 0 && d.inFlight < d.Limits.InFlight {
		first := d.waiting[0]
		d.waiting = d.waiting[1:]
		first.waits = false
		d.pump(first)
	}
	d.pumpOthers(q)
	next, ok := d.take(q)
	return next, ok
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

// drop gives back an item's slot. d.mu is held.
func (d *Dispatcher) drop(q *queue, it item) {
	if d.known[it.Delivery.ID]--; d.known[it.Delivery.ID] == 0 {
		delete(d.known, it.Delivery.ID)
		delete(d.dropped, it.Delivery.ID)
	}
	d.free(q, it.size)
}

// free gives back a slot of the queue, and sees whether parked deliveries now
// find room. d.mu is held.
func (d *Dispatcher) free(q *queue, size int64) {
	d.slots--
	d.bytes -= size
	q.account.slots--
	d.wantRefill(q)
	if d.full && d.slots < d.Limits.Slots/2 {
		d.poke()
	}
}

// wantRefill tells the feeder when a shelf's parked deliveries may come back:
// when half of the room is free. d.mu is held.
func (d *Dispatcher) wantRefill(q *queue) {
	if q.overflow && q.depth() <= q.capacity(d.Limits)/2 {
		d.markRefill(&q.shelf)
	}
	if a := q.account; a.overflow && a.slots <= d.Limits.AccountSlots/2 {
		d.markRefill(&a.shelf)
	}
}

func (d *Dispatcher) markRefill(s *shelf) {
	if _, ok := d.refill[s]; !ok {
		d.refill[s] = struct{}{}
		d.poke()
	}
}
