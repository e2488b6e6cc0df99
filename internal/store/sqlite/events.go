package sqlite

import (
	"cmp"
	"context"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

const eventColumns = "account_id, id, type, resource_id, job_id, created_at, data, traceparent, only_endpoint"

var (
	eventsByID       = index{name: "events_id"}
	eventsByJob      = index{name: "events_job", condition: "job_id <> ''"}
	eventsByResource = index{name: "events_resource", condition: "resource_id <> ''"}
)

func (s *Store) publishEvent(ctx context.Context, t tx, op *store.PublishEvent) error {
	e := op.Event
	if s.revisions.stale(e.AccountID, op.Revision) {
		op.Replayed, op.Err = "", store.ErrStale
		return nil
	}
	use, err := useKey(ctx, t, op.Key, e.AccountID, e.ID, e.CreatedAt)
	op.Replayed, op.Err = use.replayed, use.err
	if err != nil || !use.fresh() {
		return err
	}
	s.insertEvent(e, op.Deliveries)
	return nil
}

// insertEvent gathers the rows of an event and its deliveries.
func (s *Store) insertEvent(e *ringback.Event, deliveries []store.NewDelivery) {
	var born []*store.NewDelivery
	for i := range deliveries {
		d := &deliveries[i]
		if usual(e, d) {
			born = append(born, d)
		} else {
			s.gatherOpen(d)
		}
	}
	row := s.born.nextRow
	s.gatherEvent(row, e, born)
	s.born.nextRow++
	s.born.unmarked = true
	for _, d := range born {
		s.born.add(d, row)
	}
}

func (s *Store) insertNotice(n *store.Notice) {
	if n != nil {
		s.insertEvent(n.Event, n.Deliveries)
	}
}

func newEventRows() *bulk {
	return newBulk("events", "rowid", "account_id", "id", "type", "resource_id", "job_id", "created_at", "data", "born",
		"traceparent", "only_endpoint")
}

func (s *Store) gatherEvent(row int64, e *ringback.Event, born []*store.NewDelivery) {
	var without any
	if len(born) > 0 {
		without = encodeBorn(make([]byte, 0, 128*len(born)), born)
	}
	s.events.add(s.op, row, e.AccountID, e.ID, e.Type, e.ResourceID, e.JobID, micros(e.CreatedAt), blob(e.Data), without,
		e.TraceParent, e.OnlyEndpoint)
}

// Event reads an event.
func (s *Store) Event(ctx context.Context, accountID, id string) (*ringback.Event, error) {
	return event(ctx, s.r, accountID, id)
}

func event(ctx context.Context, q querier, accountID, id string) (e *ringback.Event, err error) {
	err = one(ctx, q, func(row scanner) error { e, err = columns.ScanEvent(row); return err },
		"SELECT "+eventColumns+" FROM events WHERE account_id = ? AND id = ?", accountID, id)
	return e, err
}

// ListEvents lists an account's events.
func (s *Store) ListEvents(
	ctx context.Context, accountID string, f store.EventFilter, p store.Page, maxBytes int,
) ([]*ringback.Event, error) {
	by := eventsByID
	switch {
	case f.JobID != "":
		by = eventsByJob
	case f.ResourceID != "":
		by = eventsByResource
	}
	q := selectFrom(eventColumns, "events", by, accountID)
	q.equal("type", f.Type)
	q.equal("resource_id", f.ResourceID)
	q.equal("job_id", f.JobID)
	q.span(f.Span, ringback.PrefixEvent)
	q.and("id < ?", cmp.Or(p.Before, afterEveryID))
	size := func(e *ringback.Event) int { return len(e.Data) }
	return list(ctx, s.lists, columns.UpTo(maxBytes, size, columns.ScanEvent), q.newest(p.Limit), q.args...)
}
