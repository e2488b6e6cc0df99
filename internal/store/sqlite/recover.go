package sqlite

import (
	"context"
	"errors"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

func (s *Store) recoverEvents(ctx context.Context, t tx, op *store.RecoverEvents) error {
	op.Last, op.Examined, op.Recovered = "", 0, 0
	if err := s.settleAll(ctx, t, func(d *ringback.Delivery) bool { return d.AccountID == op.AccountID }); err != nil {
		return err
	}
	events, err := list(ctx, t, scanRecoverable, `SELECT account_id, id, type, job_id, created_at, only_endpoint
		FROM events INDEXED BY events_id WHERE account_id = ? AND id > ? AND id < ? ORDER BY id LIMIT ?`,
		op.AccountID, op.After, op.Before, op.Limit)
	if err != nil {
		return err
	}
	for _, e := range events {
		op.Last = e.ID
		op.Examined++
		if e.OnlyEndpoint != "" || !op.Match(e.Type) {
			continue
		}
		recovered, err := s.recoverEvent(ctx, t, op, e)
		if err != nil {
			return err
		}
		if recovered {
			op.Recovered++
		}
	}
	return nil
}

// scanRecoverable leaves the data out, which is not looked at.
func scanRecoverable(row scanner) (*ringback.Event, error) {
	var e ringback.Event
	var created int64
	err := row.Scan(&e.AccountID, &e.ID, &e.Type, &e.JobID, &created, &e.OnlyEndpoint)
	e.CreatedAt = fromMicros(created)
	return &e, err
}

// recoverEvent says whether the endpoint gets the event by it.
func (s *Store) recoverEvent(ctx context.Context, t tx, op *store.RecoverEvents, e *ringback.Event) (bool, error) {
	first, last := ringback.DeliveryID(e.ID, 0), ringback.DeliveryID(e.ID, ringback.MaxDeliveryNumber)
	err := one(ctx, t, func(scanner) error { return nil }, `SELECT 1 FROM deliveries_open INDEXED BY open_endpoint
		WHERE account_id = ? AND endpoint_id = ? AND id BETWEEN ? AND ?`, op.AccountID, op.EndpointID, first, last)
	if !errors.Is(err, store.ErrNotFound) {
		return false, err // it is pending
	}
	var id, status string
	err = one(ctx, t, func(row scanner) error { return row.Scan(&id, &status) },
		`SELECT id, status FROM deliveries INDEXED BY deliveries_endpoint
		WHERE account_id = ? AND endpoint_id = ? AND id BETWEEN ? AND ?`, op.AccountID, op.EndpointID, first, last)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s.insertMissed(ctx, t, op, e)
	case err != nil || status == string(ringback.DeliveryDelivered):
		return false, err
	}
	return reopen(ctx, t, store.DeliveryRef{AccountID: op.AccountID, ID: id}, reopening{due: op.Now, queue: op.Queue})
}

// insertMissed makes the delivery that an endpoint has not got, with the number
// after those of the event's others.
func (s *Store) insertMissed(ctx context.Context, t tx, op *store.RecoverEvents, e *ringback.Event) (bool, error) {
	if e.JobID != "" {
		var callbackOnly bool
		err := one(ctx, t, func(row scanner) error { return row.Scan(&callbackOnly) },
			"SELECT callback_only FROM jobs WHERE account_id = ? AND id = ?", op.AccountID, e.JobID)
		if err != nil || callbackOnly {
			return false, err
		}
	}
	first, last := ringback.DeliveryID(e.ID, 0), ringback.DeliveryID(e.ID, ringback.MaxDeliveryNumber)
	var newest string
	if err := one(ctx, t, func(row scanner) error { return row.Scan(&newest) }, `SELECT max(
		coalesce((SELECT max(id) FROM deliveries_open WHERE account_id = ?1 AND id BETWEEN ?2 AND ?3), ''),
		coalesce((SELECT max(id) FROM deliveries WHERE account_id = ?1 AND id BETWEEN ?2 AND ?3), ''))`,
		op.AccountID, first, last); err != nil {
		return false, err
	}
	number := 0
	if newest != "" {
		number = ringback.DeliveryNumber(newest) + 1
	}
	if number > ringback.MaxDeliveryNumber {
		return false, nil
	}
	err := insertOpen(ctx, t, &store.NewDelivery{
		Placement: store.Placement{Queue: op.Queue},
		Delivery: ringback.Delivery{
			ID: ringback.DeliveryID(e.ID, number), AccountID: op.AccountID, EventID: e.ID, EventType: e.Type,
			JobID: e.JobID, EndpointID: op.EndpointID, URL: op.URL, Profile: op.Profile,
			Status: ringback.DeliveryPending, NextAttemptAt: op.Now, CreatedAt: e.CreatedAt,
		},
	})
	return err == nil, err
}
