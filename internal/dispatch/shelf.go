package dispatch

import (
	"context"

	"github.com/ringback/ringback/internal/store"
)

// A shelf is where deliveries that found no slot are parked in the store: one
// for each queue, and one for each account that has too many queues.
type shelf struct {
	name string
	// overflow: there may be parked deliveries. While it holds, new ones are
	// parked too, so that they do not overtake without end.
	overflow bool
	// parking counts deliveries that are being committed as parked: until they
	// are settled, an empty shelf proves nothing.
	parking  int
	arrivals int // how many of those have arrived, or not been made
	// late: those were on their way when the shelf was found to be empty. It is
	// looked at once more when they have arrived; meanwhile what is new passes by.
	late bool
}

// shelf gives the shelf of that name. d.mu is held.
func (d *Dispatcher) shelf(name string) *shelf {
	if id, own := accountOf(name); own {
		return &d.account(id).shelf
	}
	return &d.queue(name).shelf
}

// wantRefill tells the feeder when a shelf's parked deliveries may come back:
// when half of the room is free. d.mu is held.
func (d *Dispatcher) wantRefill(q *queue) {
	if q.overflow && q.halfEmpty(d.Limits) {
		d.markRefill(&q.shelf)
	}
	a := q.account
	if a.overflow && a.slots <= d.Limits.AccountSlots/2 && a.bytes <= d.Limits.AccountBytes/2 {
		d.markRefill(&a.shelf)
	}
}

func (d *Dispatcher) markRefill(s *shelf) {
	if _, ok := d.refill[s]; !ok {
		d.refill[s] = struct{}{}
		d.poke()
	}
}

// refillShelves brings parked deliveries back to the queues that have room.
func (d *Dispatcher) refillShelves(ctx context.Context) {
	d.mu.Lock()
	shelves := make([]*shelf, 0, len(d.refill))
	for s := range d.refill {
		shelves = append(shelves, s)
	}
	clear(d.refill)
	d.mu.Unlock()
	for _, s := range shelves {
		d.refillShelf(ctx, s)
	}
}

func (d *Dispatcher) refillShelf(ctx context.Context, s *shelf) {
	for d.mayTake(ctx, s) {
		d.mu.Lock()
		blocked := d.stopping || d.Commit.Failing()
		r := d.shelfRoom(s)
		if blocked || r.slots <= 0 {
			switch {
			case !blocked:
				s.overflow = true // wantRefill knows when there is room
			case !d.stopping:
				d.refill[s] = struct{}{} // looked at again when the feeder wakes
			}
			d.mu.Unlock()
			return
		}
		before := s.arrivals
		d.reserveRoom(r)
		d.mu.Unlock()
		n, err := d.claim(r, s.name)
		d.mu.Lock()
		switch {
		case err != nil:
			d.refill[s] = struct{}{}
		case n < r.slots:
			// It is empty, or nearly: what is new passes by from now on, or else
			// there would always be some of it. The rest is fetched in any case.
			s.overflow = false
		}
		if err == nil && n == 0 {
			if s.late = s.parking > 0 || s.arrivals != before; s.parking == 0 {
				d.arrived(s)
			}
		}
		d.mu.Unlock()
		if err != nil || n == 0 {
			return
		}
	}
}

// arrived looks at a shelf once more, if it may hold what came late, now that
// nothing is on its way to it. d.mu is held.
func (d *Dispatcher) arrived(s *shelf) {
	if s.late {
		s.late = false
		d.markRefill(s)
	}
}

// parked ends the commit of a delivery that was to be parked. d.mu is held.
func (d *Dispatcher) parked(s *shelf) {
	s.arrivals++
	if s.parking--; s.parking == 0 {
		d.arrived(s)
	}
}

// shelfRoom is how much of what is on the shelf finds a place. d.mu is held.
func (d *Dispatcher) shelfRoom(s *shelf) room {
	id, own := accountOf(s.name)
	a := d.account(id)
	r := d.anyRoom()
	r.account = a
	r.slots = min(r.slots, d.Limits.AccountSlots-a.slots)
	r.bytes = min(r.bytes, d.Limits.AccountBytes-a.bytes)
	if !own {
		q := d.queue(s.name)
		r.queue = q
		r.slots = min(r.slots, q.capacity(d.Limits)-q.depth())
		r.bytes = min(r.bytes, q.byteRoom())
	}
	return r.whole()
}

// wantShed tells the feeder of a slow queue that holds more than it may.
// d.mu is held.
func (d *Dispatcher) wantShed(q *queue) {
	if q.overfull(d.Limits) {
		d.shed[q] = struct{}{}
		d.poke()
	}
}

// shedSlow parks what the queues of slow destinations hold beyond their
// capacity, so that their slots serve others.
func (d *Dispatcher) shedSlow() {
	var ops []store.Op
	d.mu.Lock()
	for q := range d.shed {
		for q.overfull(d.Limits) || q.foreign && len(q.items) > 0 {
			last := len(q.items) - 1
			it := q.items[last]
			q.items[last] = nil
			q.items = q.items[:last]
			q.overflow = q.overflow || !q.foreign
			q.parking++
			d.forget(it)
			d.free(q, it.size)
			ops = append(ops, placeOn(&q.shelf, it.Claimed, it.lease))
		}
		q.foreign = false
		d.wantRefill(q)
	}
	clear(d.shed)
	d.mu.Unlock()
	if err := d.parkAll(ops); err != nil {
		d.Log.Warn("deliveries of slow destinations could not be parked; they are reclaimed later", "error", err)
	}
}

func placeOn(s *shelf, c store.Claimed, from store.Lease) *store.PlaceDelivery {
	return &store.PlaceDelivery{
		DeliveryRef: store.DeliveryRef{AccountID: c.Delivery.AccountID, ID: c.Delivery.ID},
		From:        from, Placement: store.Placement{Queue: s.name},
	}
}

// parkAll commits placements on shelves. If that fails the leases are unknown
// to memory, and reclaim finds them later.
func (d *Dispatcher) parkAll(ops []store.Op) error {
	if len(ops) == 0 {
		return nil
	}
	err := d.Commit.Do(ops...)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, op := range ops {
		if p, ok := op.(*store.PlaceDelivery); ok {
			d.parked(d.shelf(p.Queue))
			if q := d.queues[p.Queue]; q != nil && d.elsewhere(q) {
				d.tellParked(q.name)
			}
		}
	}
	return err
}

// findParked marks the shelves that hold something, such as those of an
// earlier process.
func (d *Dispatcher) findParked(ctx context.Context) {
	names, err := d.Store.ParkedQueues(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		d.Log.Warn("parked deliveries could not be looked for", "error", err)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.findForeign()
	for _, name := range names {
		d.foundParked(name)
	}
}

// room is how much one claim may bring: it is reserved before the claim is
// committed, so that nobody else takes it meanwhile.
type room struct {
	slots   int
	bytes   int64
	account *account // nil: of all accounts
	queue   *queue   // nil: of all queues
}

// anyRoom is how much of any account finds a place. d.mu is held.
func (d *Dispatcher) anyRoom() room {
	r := room{
		slots: min(d.Limits.Slots-d.slots, claimBatch),
		bytes: min(d.Limits.Bytes-d.bytes, claimBytes),
	}
	return r.whole()
}

// whole makes slots and bytes fit each other.
func (r room) whole() room {
	r.slots = min(r.slots, int((r.bytes+itemOverhead-1)/itemOverhead))
	return r
}

// reserveRoom and releaseRoom take and give back. d.mu is held.
func (d *Dispatcher) reserveRoom(r room) { d.addRoom(r, 1) }

func (d *Dispatcher) releaseRoom(r room) { d.addRoom(r, -1) }

func (d *Dispatcher) addRoom(r room, sign int) {
	d.slots += sign * r.slots
	d.bytes += int64(sign) * r.bytes
	d.busy = quietChecks
	if r.account != nil {
		r.account.slots += sign * r.slots
		r.account.bytes += int64(sign) * r.bytes
	}
	if r.queue != nil {
		r.queue.reserved += sign * r.slots
		r.queue.bytes += int64(sign) * r.bytes
	}
}

// claim leases deliveries, scheduled ones or those on a shelf, and gives them to
// their queues. A cancel in another lane may be answered before that: wasCanceled
// knows. Those whose queue is full meanwhile are parked. It says how
// many were claimed. The room is given back.
func (d *Dispatcher) claim(r room, shelfName string) (int, error) {
	d.mu.Lock()
	op := &store.ClaimDeliveries{Lease: d.nextLease(), Queue: shelfName, Now: d.Node.Now(), Limit: r.slots, MaxBytes: int(r.bytes)}
	if op.Lease == 0 {
		d.releaseRoom(r)
		d.mu.Unlock()
		return 0, errNotSure
	}
	d.mu.Unlock()
	var parked []store.Op
	answer := make(chan error, 1)
	d.Commit.Go(func(err error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.releaseRoom(r)
		if err == nil && d.Node.Holds(op.Lease) {
			parked = d.admitAll(op)
		}
		answer <- err
	}, op)
	if err := <-answer; err != nil {
		return 0, err
	}
	return len(op.Claimed), d.parkAll(parked)
}

// admitAll queues claimed deliveries, and gives what must be parked instead.
// d.mu is held.
func (d *Dispatcher) admitAll(op *store.ClaimDeliveries) (parked []store.Op) {
	for _, c := range op.Claimed {
		if on := d.admit(c, op); on != nil {
			on.overflow = on.overflow || !d.elsewhere(d.queues[on.name])
			on.parking++
			parked = append(parked, placeOn(on, c, op.Lease))
		}
	}
	return parked
}

// admit queues a claimed delivery, or gives the shelf where it has to wait.
// What comes off a shelf passes by that shelf's own overflow. d.mu is held.
func (d *Dispatcher) admit(c store.Claimed, op *store.ClaimDeliveries) *shelf {
	q := d.queue(QueueOf(c.Delivery))
	size := Size(&c)
	switch {
	case d.elsewhere(q):
		return &q.shelf
	case op.Queue == q.name && q.full(d.Limits), op.Queue != q.name && d.park(q):
		return &q.shelf
	case op.Queue == "" && d.parkAccount(q.account), d.accountFull(q.account):
		return &q.account.shelf
	}
	d.hold(q, size)
	d.enqueue(q, &item{Claimed: c, lease: op.Lease, size: size})
	return nil
}
