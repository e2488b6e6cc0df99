package dispatch

import (
	"context"
	"time"

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
	parking int
}

// shelf gives the shelf of that name. d.mu is held.
func (d *Dispatcher) shelf(name string) *shelf {
	if id, own := accountOf(name); own {
		return &d.account(id).shelf
	}
	return &d.queue(name).shelf
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
			d.shelf(p.Queue).parking--
		}
	}
	return err
}

// refillShelves brings parked deliveries back to the queues that have room.
func (d *Dispatcher) refillShelves() {
	d.mu.Lock()
	shelves := make([]*shelf, 0, len(d.refill))
	for s := range d.refill {
		shelves = append(shelves, s)
	}
	clear(d.refill)
	d.mu.Unlock()
	for _, s := range shelves {
		d.refillShelf(s)
	}
}

func (d *Dispatcher) refillShelf(s *shelf) {
	for {
		d.mu.Lock()
		room := min(d.shelfRoom(s), d.Limits.Slots-d.slots, claimBatch)
		parking := s.parking
		blocked := d.stopping || d.Commit.Failing()
		if room > 0 && blocked && !d.stopping {
			d.refill[s] = struct{}{}
		}
		d.mu.Unlock()
		if room <= 0 || blocked {
			return
		}
		n, err := d.claim(&store.ClaimDeliveries{Queue: s.name, Now: time.Now(), Limit: room, MaxBytes: claimBytes})
		if err != nil {
			d.mu.Lock()
			d.refill[s] = struct{}{}
			d.mu.Unlock()
			return
		}
		if n == 0 {
			d.mu.Lock()
			// Empty for certain only if nothing was on its way to the shelf
			// when it was looked at, nor is now.
			s.overflow = parking > 0 || s.parking > 0
			d.mu.Unlock()
			return
		}
	}
}

// shelfRoom is how many deliveries from the shelf find a slot. d.mu is held.
func (d *Dispatcher) shelfRoom(s *shelf) int {
	id, own := accountOf(s.name)
	room := d.Limits.AccountSlots - d.account(id).slots
	if !own {
		q := d.queue(s.name)
		room = min(room, q.capacity(d.Limits)-q.depth())
	}
	return room
}

// shedFailing parks what the queues of failing destinations hold beyond their
// capacity, so that their slots serve others.
func (d *Dispatcher) shedFailing() {
	var ops []store.Op
	d.mu.Lock()
	for q := range d.shed {
		excess := min(q.depth()-q.capacity(d.Limits), len(q.items))
		if !q.failing() || excess <= 0 {
			continue
		}
		q.overflow = true
		keep := len(q.items) - excess
		for _, it := range q.items[keep:] {
			q.parking++
			d.drop(q, it)
			ops = append(ops, &store.PlaceDelivery{
				DeliveryRef: store.DeliveryRef{AccountID: it.Delivery.AccountID, ID: it.Delivery.ID},
				Placement:   store.Placement{Queue: q.name},
			})
		}
		clear(q.items[keep:])
		q.items = q.items[:keep]
	}
	clear(d.shed)
	d.mu.Unlock()
	if err := d.parkAll(ops); err != nil {
		d.Log.Warn("deliveries of failing destinations could not be parked; they are reclaimed later", "error", err)
	}
}

// findParked marks the shelves that hold something, such as those of an
// earlier process.
func (d *Dispatcher) findParked(ctx context.Context) {
	names, err := d.Store.ParkedQueues(ctx)
	if err != nil {
		d.Log.Warn("parked deliveries could not be looked for", "error", err)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, name := range names {
		s := d.shelf(name)
		s.overflow = true
		if d.shelfRoom(s) > 0 {
			d.markRefill(s)
		}
	}
}
