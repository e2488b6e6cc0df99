package postgres

import (
	"context"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

var (
	// recoverable leaves the data out, which is not looked at. Its events are not
	// deleted meanwhile: PurgeEvents locks them first.
	recoverable = oneBucket("recoverable events", `SELECT account_id, id, type, job_id, created_at, only_endpoint FROM events
		WHERE bucket = $1 AND account_id = $2 AND id > $3 AND id < $4 ORDER BY id LIMIT $5 FOR KEY SHARE`)
	deliveriesOfEvents = oneBucket("deliveries of events", `SELECT d.id, d.endpoint_id, 'pending'
		FROM unnest($3::text[], $4::text[]) AS r (first, last)
		JOIN deliveries_open d ON d.bucket = $1 AND d.account_id = $2 AND d.id BETWEEN r.first AND r.last
		UNION ALL
		SELECT d.id, d.endpoint_id, d.status
		FROM unnest($3::text[], $4::text[], $5::int[]) AS r (first, last, day)
		JOIN deliveries d ON d.bucket = $1 AND d.account_id = $2 AND d.id BETWEEN r.first AND r.last AND d.day = r.day`)
	callbackOnly = oneBucket("jobs with a callback only", `SELECT id FROM jobs
		WHERE bucket = $1 AND account_id = $2 AND id = ANY ($3::text[]) AND callback_only`)
)

func (s *Store) recoverEvents(ctx context.Context, t *tx, op *store.RecoverEvents) error {
	op.Last, op.Examined, op.Recovered = "", 0, 0
	events, err := list(ctx, t, scanRecoverable, recoverable,
		bucketOf(op.AccountID), op.AccountID, op.After, op.Before, op.Limit)
	if err != nil {
		return err
	}
	var wanted []*ringback.Event
	for _, e := range events {
		op.Last = e.ID
		op.Examined++
		if e.OnlyEndpoint == "" && op.Match(e.Type) {
			wanted = append(wanted, e)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	return t.recover(ctx, op, wanted)
}

func scanRecoverable(row scanner) (*ringback.Event, error) {
	var e ringback.Event
	var created int64
	err := row.Scan(&e.AccountID, &e.ID, &e.Type, &e.JobID, &created, &e.OnlyEndpoint)
	e.CreatedAt = columns.FromMicros(created)
	return &e, err
}

// got is what is known about an event's deliveries.
type got struct {
	next   int // the number of the next one
	ref    store.DeliveryRef
	status ringback.DeliveryStatus // of the endpoint's; "" = it has none
}

// recover makes the deliveries that the endpoint has not got.
func (t *tx) recover(ctx context.Context, op *store.RecoverEvents, events []*ringback.Event) error {
	made, err := t.deliveriesOf(ctx, op, events)
	if err != nil {
		return err
	}
	alone, err := t.callbackOnly(ctx, op.AccountID, events)
	if err != nil {
		return err
	}
	var missed []*store.NewDelivery
	var again []store.DeliveryRef
	for _, e := range events {
		g := made[e.ID]
		switch {
		case g.status == ringback.DeliveryFailed || g.status == ringback.DeliveryCanceled:
			again = append(again, g.ref)
		case g.status == "" && !alone[e.JobID] && g.next <= ringback.MaxDeliveryNumber:
			missed = append(missed, missedDelivery(op, e, g.next))
		}
	}
	op.Recovered = len(missed)
	t.reopen(again, reopening{due: op.Now, queue: op.Queue}, &op.Recovered)
	t.insertDeliveries(missed)
	return t.flush(ctx, false)
}

// deliveriesOf gives what is known by event.
func (t *tx) deliveriesOf(ctx context.Context, op *store.RecoverEvents, events []*ringback.Event) (map[string]got, error) {
	n := len(events)
	first, last, days := texts(n), texts(n), integers(n)
	for _, e := range events {
		first.text(ringback.DeliveryID(e.ID, 0))
		last.text(ringback.DeliveryID(e.ID, ringback.MaxDeliveryNumber))
		days.integer(dayOf(e.ID))
	}
	made := map[string]got{}
	return made, t.each(ctx, func(row scanner) error {
		var id, endpoint, status string
		if err := row.Scan(&id, &endpoint, &status); err != nil {
			return err
		}
		event := ringback.EventOfDelivery(id)
		g := made[event]
		g.next = max(g.next, ringback.DeliveryNumber(id)+1)
		if endpoint == op.EndpointID {
			g.ref, g.status = store.DeliveryRef{AccountID: op.AccountID, ID: id}, ringback.DeliveryStatus(status)
		}
		made[event] = g
		return nil
	}, deliveriesOfEvents, bucketOf(op.AccountID), op.AccountID, first, last, days)
}

// callbackOnly gives the jobs of events that only their callback was to be told of.
func (t *tx) callbackOnly(ctx context.Context, accountID string, events []*ringback.Event) (map[string]bool, error) {
	jobs := texts(len(events))
	for _, e := range events {
		if e.JobID != "" {
			jobs.text(e.JobID)
		}
	}
	alone := map[string]bool{}
	if jobs.n == 0 {
		return alone, nil
	}
	return alone, t.each(ctx, func(row scanner) error {
		var id string
		err := row.Scan(&id)
		alone[id] = true
		return err
	}, callbackOnly, bucketOf(accountID), accountID, jobs)
}

// missedDelivery is the delivery that an endpoint has not got, with the number
// after those of the event's others.
func missedDelivery(op *store.RecoverEvents, e *ringback.Event, number int) *store.NewDelivery {
	return &store.NewDelivery{
		Placement: store.Placement{Queue: op.Queue},
		Delivery: ringback.Delivery{
			ID: ringback.DeliveryID(e.ID, number), AccountID: op.AccountID, EventID: e.ID, EventType: e.Type,
			JobID: e.JobID, EndpointID: op.EndpointID, URL: op.URL, Profile: op.Profile,
			Status: ringback.DeliveryPending, NextAttemptAt: op.Now, CreatedAt: e.CreatedAt,
		},
	}
}
