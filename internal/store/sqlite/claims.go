package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

func (s *Store) claimDeliveries(ctx context.Context, t tx, op *store.ClaimDeliveries) error {
	op.Claimed = nil
	waiting, err := waitingDeliveries(ctx, t, op)
	if err != nil {
		return err
	}
	bytes := 0
	for _, d := range waiting {
		c, err := load(ctx, t, d)
		if err != nil {
			return err
		}
		bytes += len(c.Event.Data)
		if c.Job != nil {
			bytes += len(c.Job.Result)
		}
		if bytes > op.MaxBytes && len(op.Claimed) > 0 {
			break
		}
		if _, err := t.exec(ctx, `UPDATE deliveries_open SET lease_epoch = ?, queue = ''
			WHERE account_id = ? AND id = ?`, s.epoch, d.AccountID, d.ID); err != nil {
			return err
		}
		op.Claimed = append(op.Claimed, c)
	}
	return nil
}

func waitingDeliveries(ctx context.Context, t tx, op *store.ClaimDeliveries) ([]*ringback.Delivery, error) {
	if op.Queue == "" {
		return list(ctx, t, scanDelivery, "SELECT "+openColumns+` FROM deliveries_open INDEXED BY open_due
			WHERE lease_epoch = 0 AND queue = '' AND next_attempt_at <= ?
			ORDER BY next_attempt_at, account_id, id LIMIT ?`, micros(op.Now), op.Limit)
	}
	return list(ctx, t, scanDelivery, "SELECT "+openColumns+` FROM deliveries_open INDEXED BY open_parked
		WHERE queue <> '' AND queue = ? ORDER BY next_attempt_at, account_id, id LIMIT ?`, op.Queue, op.Limit)
}

// load reads what a delivery's body is made of.
func load(ctx context.Context, t tx, d *ringback.Delivery) (c store.Claimed, err error) {
	c.Delivery = d
	if c.Event, err = event(ctx, t, d.AccountID, d.EventID); err != nil {
		return c, missing(err, d, "event", d.EventID)
	}
	if c.Event.JobID == "" {
		return c, nil
	}
	if c.Job, err = job(ctx, t, d.AccountID, c.Event.JobID); err != nil {
		return c, missing(err, d, "job", c.Event.JobID)
	}
	return c, nil
}

// missing tells what a delivery lacks; nothing is deleted before the
// deliveries that need it, so that it is a defect.
func missing(err error, d *ringback.Delivery, kind, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("delivery %s needs %s %s, which is not there", d.ID, kind, id)
	}
	return err
}

func (s *Store) placeDelivery(ctx context.Context, t tx, op *store.PlaceDelivery) error {
	epoch, queue := s.place(op.Placement)
	_, err := t.exec(ctx, `UPDATE deliveries_open SET lease_epoch = ?, queue = ?
		WHERE account_id = ? AND id = ? AND lease_epoch = ?`, epoch, queue, op.AccountID, op.ID, s.epoch)
	return err
}
