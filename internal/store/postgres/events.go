package postgres

import (
	"cmp"
	"context"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

const eventColumns = "account_id, id, type, resource_id, job_id, created_at, data, traceparent, only_endpoint"

var insertEvents = bulk("insert events", `INSERT INTO events (bucket, day, created_at, account_id, id, type,
		resource_id, job_id, traceparent, only_endpoint, data)
	SELECT {bucket}, day, created_at, account_id, id, type, resource_id, job_id, traceparent, only_endpoint, data
	FROM unnest({array}$2::int[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
		$9::text[], $10::text[], $11::bytea[])
	AS r ({column}day, created_at, account_id, id, type, resource_id, job_id, traceparent, only_endpoint, data)`)

// newEvent is an event to insert with its deliveries.
type newEvent struct {
	event      *ringback.Event
	deliveries []store.NewDelivery
}

// publishEvents inserts those that are fresh.
func (s *Store) publishEvents(ctx context.Context, t *tx, ops []*store.PublishEvent) error {
	subs := make([]submission, len(ops))
	for i, op := range ops {
		op.Replayed, op.Err = "", nil
		subs[i] = submission{
			accountID: op.Event.AccountID, ref: op.Event.ID, at: op.Event.CreatedAt, key: op.Key,
			revision: op.Revision, replayed: &op.Replayed, err: &op.Err,
		}
	}
	if err := admit(ctx, t, subs); err != nil {
		return err
	}
	fresh := make([]newEvent, 0, len(ops))
	for _, op := range ops {
		if op.Replayed == "" && op.Err == nil {
			fresh = append(fresh, newEvent{op.Event, op.Deliveries})
		}
	}
	t.insertEvents(fresh)
	return nil
}

// insertEvents queues the insertion of events and their deliveries.
func (t *tx) insertEvents(all []newEvent) {
	deliveries := make([]*store.NewDelivery, 0, len(all))
	for _, e := range all {
		for i := range e.deliveries {
			deliveries = append(deliveries, &e.deliveries[i])
		}
	}
	queueBulk(t, insertEvents, sorted(all,
		func(e newEvent) string { return e.event.AccountID }, func(e newEvent) string { return e.event.ID }), eventArgs)
	t.insertDeliveries(deliveries)
}

func (t *tx) insertNotice(n *store.Notice) {
	if n != nil {
		t.insertEvents([]newEvent{{n.Event, n.Deliveries}})
	}
}

func eventArgs(bucket any, rows []keyed[newEvent]) []any {
	n := len(rows)
	days, created := integers(n), bigints(n)
	accounts, ids, types, resources := texts(n), texts(n), texts(n), texts(n)
	jobs, traces, only, data := texts(n), texts(n), texts(n), bytesArray()
	for i := range rows {
		e := rows[i].row.event
		days.integer(dayOf(e.ID))
		created.bigint(columns.Micros(e.CreatedAt))
		accounts.text(e.AccountID)
		ids.text(e.ID)
		types.text(e.Type)
		resources.text(e.ResourceID)
		jobs.text(e.JobID)
		traces.text(e.TraceParent)
		only.text(e.OnlyEndpoint)
		data.bytes(e.Data)
	}
	return []any{bucket, days, created, accounts, ids, types, resources, jobs, traces, only, data}
}

var selectEvent = oneBucket("select event",
	"SELECT "+eventColumns+" FROM events WHERE bucket = $1 AND account_id = $2 AND id = $3 AND day = $4")

// Event reads an event.
func (s *Store) Event(ctx context.Context, accountID, id string) (*ringback.Event, error) {
	return event(ctx, s.r(), accountID, id)
}

func event(ctx context.Context, q querier, accountID, id string) (e *ringback.Event, err error) {
	err = one(ctx, q, func(row scanner) error { e, err = columns.ScanEvent(row); return err },
		selectEvent, bucketOf(accountID), accountID, id, dayOf(id))
	return e, err
}

// listEvents reads along an index; a condition on a column of which it has not
// got the rows in order leaves rows out.
func listEvents(name, by string) *statement {
	return oneBucket("list events by "+name, "SELECT "+eventColumns+` FROM events
		WHERE bucket = $1 AND account_id = $2 AND `+by+`
		AND ($3 = '' OR type = $3) AND ($4 = '' OR resource_id = $4) AND ($5 = '' OR job_id = $5)
		AND id >= $6 AND id < $7 AND created_at >= $8 AND ($9::bigint = 0 OR created_at < $9)
		AND day BETWEEN $11 AND $12 ORDER BY id DESC LIMIT $10`)
}

var (
	eventsByID       = listEvents("id", "TRUE")
	eventsByJob      = listEvents("job", "job_id = $5 AND job_id <> ''")
	eventsByResource = listEvents("resource", "resource_id = $4 AND resource_id <> ''")
)

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
	first, last := idSpan(f.Span, ringback.PrefixEvent, p.Before)
	from, to := dayRange(first, last)
	size := func(e *ringback.Event) int { return len(e.Data) }
	return list(ctx, s.l(), columns.UpTo(maxBytes, size, columns.ScanEvent), by, bucketOf(accountID), accountID,
		f.Type, f.ResourceID, f.JobID, first, last, columns.Micros(f.Since), columns.Micros(f.Until), p.Limit, from, to)
}

// idSpan bounds ids by the time that they are of, and by a page: from first on,
// before last.
func idSpan(s store.Span, prefix, before string) (first, last string) {
	last = cmp.Or(before, columns.AfterEveryID)
	if !s.Since.IsZero() {
		first = ringback.MinID(prefix, s.Since)
	}
	if !s.Until.IsZero() {
		last = min(last, ringback.MinID(prefix, s.Until))
	}
	return first, last
}
