package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

func (s *Store) retryDelivery(ctx context.Context, t tx, op *store.RetryDelivery) error {
	op.Claimed, op.Err = nil, nil
	if err := s.settleOne(ctx, t, op.DeliveryRef); err != nil {
		return err
	}
	lease, queue := place(op.Placement)
	var leased int64
	err := one(ctx, t, func(row scanner) error { return row.Scan(&leased) },
		"SELECT lease FROM deliveries_open WHERE account_id = ? AND id = ?", op.AccountID, op.ID)
	switch {
	case err == nil && leased != 0:
		op.Err = store.ErrFenced
		return nil
	case err == nil:
		_, err = t.exec(ctx, `UPDATE deliveries_open SET next_attempt_at = ?, step = max(step - 1, 0), lease = ?, queue = ?
			WHERE account_id = ? AND id = ?`, micros(op.Now), lease, queue, op.AccountID, op.ID)
	case errors.Is(err, store.ErrNotFound):
		var found bool
		found, err = reopen(ctx, t, op.DeliveryRef, reopening{
			step: ringback.NoMoreSteps, due: op.Now, lease: lease, queue: queue,
		})
		if err == nil && !found {
			op.Err = store.ErrNotFound
		}
	}
	if err != nil || op.Err != nil || op.Lease == 0 {
		return err
	}
	return s.loadRetried(ctx, t, op)
}

// reopening is how a delivery that had ended is pending again.
type reopening struct {
	step  int
	due   time.Time
	lease int64
	queue string
}

// reopen moves a delivery from history to what is pending, and says whether
// there was one. Why a try failed stays as the reason; why the delivery was
// canceled does not apply any more.
func reopen(ctx context.Context, t tx, ref store.DeliveryRef, r reopening) (bool, error) {
	n, err := t.exec(ctx, "INSERT INTO deliveries_open ("+bothColumns+`, next_attempt_at, lease, queue)
		SELECT account_id, id, event_type, job_id, endpoint_id, url, profile,
		iif(status = 'failed', reason, ''), attempt_count, ?, created_at, ?, ?, ?
		FROM deliveries WHERE account_id = ? AND id = ?`,
		r.step, micros(r.due), r.lease, r.queue, ref.AccountID, ref.ID)
	if err != nil || n == 0 {
		return false, err
	}
	var first []byte
	if err := one(ctx, t, func(row scanner) error { return row.Scan(&first) },
		"DELETE FROM deliveries WHERE account_id = ? AND id = ? RETURNING attempt", ref.AccountID, ref.ID); err != nil || first == nil {
		return true, err
	}
	a, err := decodeAttempt(first)
	if err != nil {
		return false, err
	}
	return true, insertAttempt(ctx, t, &store.RecordAttempt{DeliveryRef: ref, Attempt: a}, 1)
}

func (s *Store) loadRetried(ctx context.Context, t tx, op *store.RetryDelivery) error {
	var d *ringback.Delivery
	if err := one(ctx, t, func(row scanner) (err error) { d, err = columns.ScanDelivery(row); return err },
		"SELECT "+openColumns+" FROM deliveries_open WHERE account_id = ? AND id = ?",
		op.AccountID, op.ID); err != nil {
		return err
	}
	c, err := load(ctx, t, d)
	if err != nil {
		return err
	}
	op.Claimed = &c
	return nil
}

// ending is how a delivery ends without an attempt.
type ending struct {
	status ringback.DeliveryStatus
	at     time.Time
	reason string
}

// endOpen moves a pending delivery to history, and says whether there was one.
func endOpen(ctx context.Context, t tx, ref store.DeliveryRef, e ending) (bool, error) {
	n, err := t.exec(ctx, `INSERT INTO deliveries (account_id, id, event_type, job_id, endpoint_id, url, profile,
		reason, attempt_count, step, status, created_at, finished_at)
		SELECT account_id, id, event_type, job_id, endpoint_id, url, profile,
		?, attempt_count, step, ?, created_at, ?
		FROM deliveries_open WHERE account_id = ? AND id = ?`,
		e.reason, string(e.status), micros(e.at), ref.AccountID, ref.ID)
	if err != nil || n == 0 {
		return false, err
	}
	_, err = t.exec(ctx, deleteOpen, ref.AccountID, ref.ID)
	return true, err
}

func (s *Store) cancelDelivery(ctx context.Context, t tx, op *store.CancelDelivery) error {
	op.Err = nil
	if err := s.settleOne(ctx, t, op.DeliveryRef); err != nil {
		return err
	}
	canceled, err := endOpen(ctx, t, op.DeliveryRef, ending{ringback.DeliveryCanceled, op.Now, op.Reason})
	if err != nil || canceled {
		return err
	}
	op.Err = store.ErrFenced
	err = one(ctx, t, func(scanner) error { return nil },
		"SELECT 1 FROM deliveries WHERE account_id = ? AND id = ?", op.AccountID, op.ID)
	if errors.Is(err, store.ErrNotFound) {
		op.Err = store.ErrNotFound
		return nil
	}
	return err
}

func (s *Store) cancelPending(ctx context.Context, t tx, op *store.CancelPending) error {
	op.Canceled = nil
	if err := s.settleAll(ctx, t, func(d *ringback.Delivery) bool {
		return d.AccountID == op.AccountID && d.EndpointID == op.EndpointID
	}); err != nil {
		return err
	}
	refs, err := list(ctx, t, columns.ScanRef, `SELECT account_id, id FROM deliveries_open INDEXED BY open_endpoint
		WHERE account_id = ?1 AND endpoint_id = ?2 AND created_at < ?3
		AND NOT EXISTS (SELECT 1 FROM endpoints WHERE account_id = ?1 AND id = ?2 AND enabled = 1)
		ORDER BY id LIMIT ?4`, op.AccountID, op.EndpointID, micros(op.CreatedBefore), op.Limit)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		if _, err := endOpen(ctx, t, ref, ending{ringback.DeliveryCanceled, op.Now, op.Reason}); err != nil {
			return err
		}
		op.Canceled = append(op.Canceled, ref.ID)
	}
	return nil
}
