package sqlite

import (
	"context"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
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
	all, err := loadSome(ctx, t, waiting, op.MaxBytes)
	if err != nil {
		return err
	}
	bytes := 0
	for i := range all {
		l := &all[i]
		if l.broken != nil {
			if err := s.failBroken(ctx, t, op, l.Delivery, l.broken); err != nil {
				return err
			}
			continue
		}
		op.Claimed = append(op.Claimed, l.Claimed)
		if bytes += l.bytes(); bytes > op.MaxBytes {
			break
		}
	}
	return markClaimed(ctx, t, op)
}

// updateClaimed takes an account's id and a delivery's of each row.
var updateClaimed = perRows("UPDATE deliveries_open SET lease = ?, queue = '' FROM (VALUES ", "(?, ?)",
	") WHERE account_id = column1 AND id = column2")

func markClaimed(ctx context.Context, t tx, op *store.ClaimDeliveries) error {
	for rest := op.Claimed; len(rest) > 0; {
		size := sizeFor(len(rest))
		args := []any{int64(op.Lease)}
		for _, c := range rest[:bulkSizes[size]] {
			args = append(args, c.Delivery.AccountID, c.Delivery.ID)
		}
		if _, err := t.exec(ctx, updateClaimed[size], args...); err != nil {
			return err
		}
		rest = rest[bulkSizes[size]:]
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
		return list(ctx, t, columns.ScanDelivery, "SELECT "+openColumns+` FROM deliveries_open INDEXED BY open_due
			WHERE lease = 0 AND queue = '' AND next_attempt_at <= ?
			ORDER BY next_attempt_at, account_id, id LIMIT (SELECT ?)`, micros(op.Now), op.Limit)
	}
	return list(ctx, t, columns.ScanDelivery, "SELECT "+openColumns+` FROM deliveries_open INDEXED BY open_parked
		WHERE queue <> '' AND queue = ? ORDER BY next_attempt_at, account_id, id LIMIT (SELECT ?)`, op.Queue, op.Limit)
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
