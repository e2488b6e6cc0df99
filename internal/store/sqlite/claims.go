package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// claimDeliveries goes on until it has claimed something or nothing waits: that
// nothing was claimed tells the caller that nothing is left.
func (s *Store) claimDeliveries(ctx context.Context, t tx, op *store.ClaimDeliveries) error {
	op.Claimed = nil
	for len(op.Claimed) == 0 {
		waiting, err := waitingDeliveries(ctx, t, op)
		if err != nil || len(waiting) == 0 {
			return err
		}
		if err := s.claimWaiting(ctx, t, op, waiting); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) claimWaiting(
	ctx context.Context, t tx, op *store.ClaimDeliveries, waiting []*ringback.Delivery,
) error {
	bytes := 0
	for _, d := range waiting {
		c, err := load(ctx, t, d)
		if b, ok := errors.AsType[*brokenError](err); ok {
			if err := s.failBroken(ctx, t, op, d, b); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE deliveries_open SET lease = ?, queue = ''
			WHERE account_id = ? AND id = ?`, int64(op.Lease), d.AccountID, d.ID); err != nil {
			return err
		}
		op.Claimed = append(op.Claimed, c)
		bytes += len(c.Event.Data)
		if c.Job != nil {
			bytes += jobSize(c.Job)
		}
		if bytes > op.MaxBytes {
			return nil
		}
	}
	return nil
}

// failBroken ends a delivery that cannot be made, so that it does not keep
// those behind it waiting.
func (s *Store) failBroken(
	ctx context.Context, t tx, op *store.ClaimDeliveries, d *ringback.Delivery, why *brokenError,
) error {
	s.log.ErrorContext(ctx, "a delivery cannot be made", "account_id", d.AccountID, "delivery_id", d.ID, "error", why)
	_, err := endOpen(ctx, t, store.DeliveryRef{AccountID: d.AccountID, ID: d.ID},
		ending{ringback.DeliveryFailed, op.Now, why.Error()})
	return err
}

func waitingDeliveries(ctx context.Context, t tx, op *store.ClaimDeliveries) ([]*ringback.Delivery, error) {
	if op.Queue == "" {
		return list(ctx, t, scanDelivery, "SELECT "+openColumns+` FROM deliveries_open INDEXED BY open_due
			WHERE lease = 0 AND queue = '' AND next_attempt_at <= ?
			ORDER BY next_attempt_at, account_id, id LIMIT ?`, micros(op.Now), op.Limit)
	}
	return list(ctx, t, scanDelivery, "SELECT "+openColumns+` FROM deliveries_open INDEXED BY open_parked
		WHERE queue <> '' AND queue = ? ORDER BY next_attempt_at, account_id, id LIMIT ?`, op.Queue, op.Limit)
}

// load reads what a delivery's body is made of.
func load(ctx context.Context, t tx, d *ringback.Delivery) (c store.Claimed, err error) {
	c.Delivery = d
	if c.Event, err = event(ctx, t, d.AccountID, d.EventID); err != nil {
		return c, missing(err, "event", d.EventID)
	}
	if c.Event.JobID == "" {
		return c, nil
	}
	if c.Job, err = job(ctx, t, d.AccountID, c.Event.JobID); err != nil {
		return c, missing(err, "job", c.Event.JobID)
	}
	return c, nil
}

// brokenError tells what a delivery lacks; nothing is deleted before the
// deliveries that need it, so that it is a defect.
type brokenError struct{ kind, id string }

func (e *brokenError) Error() string { return fmt.Sprintf("its %s %s is missing", e.kind, e.id) }

func missing(err error, kind, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return &brokenError{kind, id}
	}
	return err
}

func (s *Store) placeDelivery(ctx context.Context, t tx, op *store.PlaceDelivery) error {
	if err := s.settleOne(ctx, t, op.DeliveryRef); err != nil {
		return err
	}
	lease, queue := place(op.Placement)
	_, err := t.exec(ctx, `UPDATE deliveries_open SET lease = ?, queue = ?
		WHERE account_id = ? AND id = ? AND lease = ?`, lease, queue, op.AccountID, op.ID, int64(op.From))
	return err
}
