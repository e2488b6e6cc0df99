package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// Most deliveries are made under a lease and end with their first attempt,
// within milliseconds. While such a one is pending it has no row: its event's row
// says that it was made, and memory what has become of it. The row that it then
// gets is that of its end, so that a delivery costs one row instead of three,
// one of them written and deleted again.
//
// What does not end so soon, or is to be changed, is written to the table of
// pending deliveries first. So is, every second, what is older than a few; the
// mark "settled" follows, and after a crash the events behind it are looked at.
type born struct {
	mu   sync.RWMutex // for reads beside the writer's turn, and for writes
	byID map[string]*bornDelivery

	// These are the writer's turn's.
	line  []*bornDelivery // as they were made; those that ended are taken off its head
	added []*bornDelivery // by the transaction under way
	ended []*bornDelivery
	fresh map[string]*bornDelivery // added, by id

	nextRow   int64 // of events
	settled   int64 // the mark, as it is kept
	marking   int64 // the mark that the transaction under way writes; 0 = none
	lastMark  time.Time
	unmarked  bool // events were made since
	recovered int  // deliveries that the last start found
}

// bornDelivery is a pending delivery without a row.
type bornDelivery struct {
	d     ringback.Delivery
	lease store.Lease
	row   int64 // its event's
	at    time.Time
	ended bool // by the transaction under way, or before
}

const (
	markEvery  = time.Second
	bornFor    = 5 * time.Second // then a delivery gets a row
	settleMost = 500             // in a transaction that is about something else
)

// usual says whether a delivery can be without a row: all that it is follows
// from its event and what encodeBorn writes.
func usual(e *ringback.Event, d *store.NewDelivery) bool {
	return d.Lease != 0 && d.AccountID == e.AccountID && d.EventID == e.ID && d.EventType == e.Type && d.JobID == e.JobID &&
		d.ID == ringback.DeliveryID(e.ID, ringback.DeliveryNumber(d.ID)) &&
		d.Reason == "" && d.AttemptCount == 0 && d.Step == 0 &&
		d.CreatedAt.Equal(e.CreatedAt) && d.NextAttemptAt.Equal(e.CreatedAt)
}

// add makes a delivery known to the transaction under way.
func (b *born) add(d *store.NewDelivery, row int64) {
	n := &bornDelivery{d: d.Delivery, lease: d.Lease, row: row, at: time.Now()}
	n.d.Status = ringback.DeliveryPending
	n.d.CreatedAt, n.d.NextAttemptAt = fromMicros(micros(d.CreatedAt)), fromMicros(micros(d.NextAttemptAt))
	b.added = append(b.added, n)
	if b.fresh == nil {
		b.fresh = make(map[string]*bornDelivery)
	}
	b.fresh[d.ID] = n
}

// find gives the delivery as the transaction under way sees it, or nil.
func (b *born) find(accountID, id string) *bornDelivery {
	n := b.fresh[id]
	if n == nil {
		n = b.byID[id]
	}
	if n == nil || n.ended || n.d.AccountID != accountID {
		return nil
	}
	return n
}

// end says that the delivery has a row from now on.
func (b *born) end(n *bornDelivery) {
	n.ended = true
	b.ended = append(b.ended, n)
}

// close ends a transaction.
func (b *born) close(committed bool) {
	if len(b.added) > 0 || len(b.ended) > 0 {
		b.mu.Lock()
		b.apply(committed)
		b.mu.Unlock()
	}
	if committed && b.marking != 0 {
		b.settled = b.marking
	}
	b.marking = 0
	for len(b.line) > 0 && b.line[0].ended {
		b.line[0] = nil
		b.line = b.line[1:]
	}
}

func (b *born) apply(committed bool) {
	if committed {
		for _, n := range b.added {
			if !n.ended {
				b.byID[n.d.ID] = n
				b.line = append(b.line, n)
			}
		}
	}
	for _, n := range b.ended {
		if committed {
			delete(b.byID, n.d.ID)
		} else {
			n.ended = false
		}
	}
	clear(b.added)
	clear(b.ended)
	b.added, b.ended = b.added[:0], b.ended[:0]
	clear(b.fresh)
}

// settle gives a delivery its row.
func (s *Store) settle(ctx context.Context, t tx, n *bornDelivery) error {
	s.born.end(n)
	return insertOpen(ctx, t, &store.NewDelivery{Delivery: n.d, Placement: store.Placement{Lease: n.lease}})
}

// settleOne gives a delivery its row, if it is one that has none.
func (s *Store) settleOne(ctx context.Context, t tx, ref store.DeliveryRef) error {
	if n := s.born.find(ref.AccountID, ref.ID); n != nil {
		return s.settle(ctx, t, n)
	}
	return nil
}

// settleAll gives each of the deliveries that are chosen its row.
func (s *Store) settleAll(ctx context.Context, t tx, chosen func(*ringback.Delivery) bool) error {
	for _, all := range [][]*bornDelivery{s.born.line, s.born.added} {
		for _, n := range all {
			if !n.ended && chosen(&n.d) {
				if err := s.settle(ctx, t, n); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func anyDelivery(*ringback.Delivery) bool { return true }

// mark gives what is old its row, and moves the mark, once a second.
func (s *Store) mark(ctx context.Context, t tx) error {
	b := &s.born
	now := time.Now()
	if now.Sub(b.lastMark) < markEvery || !b.unmarked {
		return nil
	}
	b.lastMark = now
	settled := b.nextRow - 1
	given := 0
	for _, n := range b.line {
		if n.ended {
			continue
		}
		if given == settleMost || now.Sub(n.at) < bornFor {
			settled = n.row - 1
			break
		}
		if err := s.settle(ctx, t, n); err != nil {
			return err
		}
		given++
	}
	if len(b.added) > 0 {
		settled = min(settled, b.added[0].row-1)
	}
	return s.writeMark(ctx, t, settled)
}

func (s *Store) writeMark(ctx context.Context, t tx, settled int64) error {
	b := &s.born
	b.unmarked = settled < b.nextRow-1
	if settled <= b.settled {
		return nil
	}
	b.marking = settled
	_, err := t.exec(ctx, "UPDATE meta SET value = ? WHERE name = 'settled'", settled)
	return err
}

// recoverBorn gives rows, of deliveries that nobody holds, to those that the
// process before left without.
func (s *Store) recoverBorn(ctx context.Context, path string) error {
	b := &s.born
	b.byID = make(map[string]*bornDelivery)
	err := s.w.transact(ctx, func(ctx context.Context, t tx) error {
		var newest int64
		if err := t.each(ctx, func(row scanner) error { return row.Scan(&b.settled, &newest) },
			"SELECT value, (SELECT coalesce(max(rowid), 0) FROM events) FROM meta WHERE name = 'settled'"); err != nil {
			return err
		}
		b.nextRow = max(b.settled, newest) + 1
		events, err := list(ctx, t, scanBorn, `SELECT account_id, id, type, job_id, created_at, born
			FROM events WHERE rowid > ? AND born IS NOT NULL ORDER BY rowid`, b.settled)
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := s.recoverEventsBorn(ctx, t, e); err != nil {
				return err
			}
		}
		return s.writeMark(ctx, t, b.nextRow-1)
	})
	if err != nil {
		return fmt.Errorf("sqlite: opening %s: %w", path, err)
	}
	return nil
}

// bornEvent is what recoverBorn reads of an event.
type bornEvent struct {
	ringback.Event

	born []byte
}

func scanBorn(row scanner) (e bornEvent, err error) {
	var created int64
	err = row.Scan(&e.AccountID, &e.ID, &e.Type, &e.JobID, &created, &e.born)
	e.CreatedAt = fromMicros(created)
	return e, err
}

func (s *Store) recoverEventsBorn(ctx context.Context, t tx, e bornEvent) error {
	deliveries, err := decodeBorn(&e.Event, e.born)
	if err != nil {
		return fmt.Errorf("event %s: %w", e.ID, err)
	}
	for i := range deliveries {
		d := &deliveries[i]
		err := one(ctx, t, func(scanner) error { return nil }, `SELECT 1 FROM deliveries WHERE account_id = ?1 AND id = ?2
			UNION ALL SELECT 1 FROM deliveries_open WHERE account_id = ?1 AND id = ?2`, d.AccountID, d.ID)
		if err == nil {
			continue
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := insertOpen(ctx, t, d); err != nil {
			return err
		}
		s.born.recovered++
	}
	return nil
}

// snapshot gives copies of the deliveries that are chosen.
func (b *born) snapshot(chosen func(*bornDelivery) bool) []bornDelivery {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var found []bornDelivery
	for _, n := range b.byID {
		if chosen(n) {
			found = append(found, bornDelivery{d: n.d, lease: n.lease})
		}
	}
	return found
}

// pending gives a delivery that has no row, or nil.
func (b *born) pending(accountID, id string) *ringback.Delivery {
	b.mu.RLock()
	defer b.mu.RUnlock()
	n := b.byID[id]
	if n == nil || n.d.AccountID != accountID {
		return nil
	}
	d := n.d
	return &d
}
