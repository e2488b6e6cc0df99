package dispatch

import (
	"math"
	"strings"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// How a destination's concurrency, and the room that it gets, follow its
// answers.
const (
	initialConcurrency = 2
	slotsPerRequest    = 16        // a queue may hold this many times its concurrency
	minQueueSlots      = 32        // of a destination that is not slow
	slowQueueSlots     = 8         // of a slow one: it must not hold what others need
	slowQueueBytes     = 256 << 10 // the same in bytes; one delivery is always let in
	probePauseAfter    = 10        // failures in a row before probes are spaced
	minProbePause      = 10 * time.Millisecond
	maxProbePause      = 500 * time.Millisecond
)

// account is what one account uses.
type account struct {
	shelf

	slots    int
	bytes    int64
	inFlight int
	queues   int      // in Dispatcher.queues
	waiting  []*queue // want to send, but a limit in flight is reached
	waits    bool     // is in Dispatcher.waiting
}

// queue is one destination: an endpoint, or the host of an account's callbacks.
type queue struct {
	shelf
	pace

	account  *account
	items    []*item // first in, first out
	reserved int     // slots for deliveries that are being committed
	bytes    int64   // of all slots
	inFlight int
	sending  int64 // bytes of what is in flight
	waits    bool  // is in account.waiting
	lastUsed time.Time

	foreign bool // all that it has is to be parked: another node sends it

	limit    int // requests at once; 1 = a probe
	failures int // in a row
	notUntil time.Time
	timer    *time.Timer // pumps at notBefore
}

// item is a delivery with its slot.
type item struct {
	store.Claimed

	lease   store.Lease
	queue   *queue
	size    int64
	changes int  // the queue's, when the item was taken
	dropped bool // canceled in the store: not to be attempted
	// same is another item of the same delivery: one that was just recorded
	// may be claimed again before its first item is gone.
	same *item
}

// QueueName names a destination: an account's endpoint, or the origin
// ("https://host:port") of an account's callbacks.
func QueueName(accountID, destination string) string { return accountID + "/" + destination }

// QueueOf names the queue of a delivery.
func QueueOf(dl *ringback.Delivery) string {
	if dl.EndpointID != "" {
		return QueueName(dl.AccountID, dl.EndpointID)
	}
	return QueueName(dl.AccountID, Origin(dl.URL))
}

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
// is known to answer, and with a rate limit what one second takes beside what is
// under way.
func (q *queue) capacity(l Limits) int {
	if q.failing() {
		return min(slowQueueSlots, l.QueueSlots)
	}
	slots := max(slotsPerRequest*q.limit, minQueueSlots)
	if q.paced() {
		slots = min(slots, q.inFlight+max(slowQueueSlots, q.perSecond()))
	}
	return min(slots, l.QueueSlots)
}

// byteRoom is how many bytes more the queue may have, if it is slow: requests
// that a rate limit let start do not count.
func (q *queue) byteRoom() int64 {
	switch {
	case q.failing():
		return slowQueueBytes - q.bytes
	case q.paced():
		return slowQueueBytes - (q.bytes - q.sending)
	default:
		return math.MaxInt64
	}
}

// full says whether the queue has all the slots that it may have.
func (q *queue) full(l Limits) bool {
	depth := q.depth()
	return depth >= q.capacity(l) || depth > 0 && q.byteRoom() <= 0
}

// overfull says whether a slow queue would be full without its last item, too.
func (q *queue) overfull(l Limits) bool {
	if !q.slow() || len(q.items) == 0 || q.depth() <= 1 {
		return false
	}
	last := q.items[len(q.items)-1].size
	return q.depth() > q.capacity(l) || q.byteRoom()+last <= 0
}

// halfEmpty says whether half of what may wait in the queue is free.
func (q *queue) halfEmpty(l Limits) bool {
	return !q.full(l) && q.depth()-q.inFlight <= (q.capacity(l)-q.inFlight)/2 && q.byteRoom() >= slowQueueBytes/2
}

// failing says whether the destination is down to its probe.
func (q *queue) failing() bool { return q.failures > 0 && q.limit == 1 }

// slow says whether what the queue holds may stay for long.
func (q *queue) slow() bool { return q.failing() || q.paced() }

// notBefore is when the next attempt may start, as far as is known.
func (q *queue) notBefore() time.Time {
	if next := q.next(); q.known && next.After(q.notUntil) {
		return next
	}
	return q.notUntil
}

// idle says whether nothing is lost when the queue is forgotten.
func (q *queue) idle(now time.Time) bool {
	return q.depth() == 0 && !q.overflow && q.parking == 0 && q.timer == nil && !q.waits && !q.next().After(now)
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
func (q *queue) pop() *item {
	it := q.items[0]
	q.items[0] = nil // let go of it
	q.items = q.items[1:]
	if len(q.items) == 0 {
		q.items = nil
	}
	return it
}
