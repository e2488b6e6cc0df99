package sqlite

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

func (s *Store) recordAttempt(ctx context.Context, t tx, op *store.RecordAttempt) error {
	op.Err = nil
	if n := s.born.find(op.AccountID, op.ID); n != nil {
		if n.lease == op.Lease && n.firstTime(op) {
			s.born.end(n)
			s.gatherFirst(op, &n.d)
			s.insertNotice(op.Notice)
			return nil
		}
		if err := s.settle(ctx, t, n); err != nil {
			return err
		}
	}
	record := s.closeAttempted
	if op.Status == ringback.DeliveryPending {
		record = rescheduleAttempted
	}
	err := record(ctx, t, op)
	if errors.Is(err, store.ErrNotFound) {
		// It may have been made, or have ended, within this transaction, and have no
		// row yet.
		if err := s.flush(ctx, t); err != nil {
			return err
		}
		err = record(ctx, t, op)
	}
	if errors.Is(err, store.ErrNotFound) {
		op.Err = store.ErrFenced
		return recordLate(ctx, t, op)
	}
	if err == nil {
		s.insertNotice(op.Notice)
	}
	return err
}

// firstTime says whether an attempt is the usual one: the first, and answered.
func (n *bornDelivery) firstTime(op *store.RecordAttempt) bool {
	return op.Status == ringback.DeliveryDelivered && op.Attempt.Number == 1 && op.Attempt.Error == "" && op.Reason == "" && op.Step == 0
}

func newFirstRows() *bulk {
	return newBulk("deliveries", "account_id", "id", "event_type", "job_id", "endpoint_id", "url", "profile",
		"reason", "attempt_count", "step", "status", "created_at", "finished_at", "attempt")
}

// gatherFirst gives a delivery that had no row its only one.
func (s *Store) gatherFirst(op *store.RecordAttempt, d *ringback.Delivery) {
	s.deliveries.add(s.op, d.AccountID, d.ID, d.EventType, d.JobID, d.EndpointID, cmp.Or(op.URL, d.URL), cmp.Or(op.Profile, d.Profile),
		"", 1, 0, string(op.Status), micros(d.CreatedAt), micros(op.Now), encodeAttempt(make([]byte, 0, 512), &op.Attempt))
}

// rescheduleAttempted has a delivery tried again. The attempt may get a higher
// number than its own, since another one may have taken that: a delivery that was
// canceled during its attempt and then retried is attempted twice at once.
func rescheduleAttempted(ctx context.Context, t tx, op *store.RecordAttempt) error {
	var number int
	if err := one(ctx, t, func(row scanner) error { return row.Scan(&number) },
		`UPDATE deliveries_open SET lease = 0, queue = '', next_attempt_at = ?2, reason = ?3, step = ?4,
		attempt_count = iif(?1 = 0, attempt_count, max(attempt_count + 1, ?1)),
		url = coalesce(nullif(?5, ''), url), profile = coalesce(nullif(?6, ''), profile)
		WHERE account_id = ?7 AND id = ?8 AND lease = ?9 RETURNING attempt_count`,
		op.Attempt.Number, micros(op.NextAttemptAt), op.Reason, op.Step, op.URL, op.Profile,
		op.AccountID, op.ID, int64(op.Lease)); err != nil || op.Attempt.Number == 0 {
		return err
	}
	return insertAttempt(ctx, t, op, number)
}

// closeAttempted ends a pending delivery. If its only attempt was answered, that
// is kept with it.
func (s *Store) closeAttempted(ctx context.Context, t tx, op *store.RecordAttempt) error {
	d := ringback.Delivery{AccountID: op.AccountID, ID: op.ID}
	var created int64
	err := one(ctx, t, func(row scanner) error {
		return row.Scan(&d.EventType, &d.JobID, &d.EndpointID, &d.URL, &d.Profile, &d.AttemptCount, &created)
	}, `DELETE FROM deliveries_open WHERE account_id = ? AND id = ? AND lease = ?
		RETURNING event_type, job_id, endpoint_id, url, profile, attempt_count, created_at`,
		op.AccountID, op.ID, int64(op.Lease))
	if err != nil {
		return err
	}
	count := d.AttemptCount
	if op.Attempt.Number > 0 {
		count = max(count+1, op.Attempt.Number)
	}
	var attempt any
	switch {
	case op.Attempt.Number == 1 && d.AttemptCount == 0 && op.Attempt.Error == "":
		attempt = encodeAttempt(make([]byte, 0, 512), &op.Attempt)
	case op.Attempt.Number > 0:
		if err := insertAttempt(ctx, t, op, count); err != nil {
			return err
		}
	}
	s.deliveries.add(s.op, d.AccountID, d.ID, d.EventType, d.JobID, d.EndpointID, cmp.Or(op.URL, d.URL), cmp.Or(op.Profile, d.Profile),
		op.Reason, count, op.Step, string(op.Status), created, micros(op.Now), attempt)
	return nil
}

const deleteOpen = "DELETE FROM deliveries_open WHERE account_id = ? AND id = ?"

// recordLate adds a fenced attempt to a delivery's history. Its number is moved
// up if another attempt has taken it meanwhile, and counted, so that the next one
// goes on after it.
func recordLate(ctx context.Context, t tx, op *store.RecordAttempt) error {
	if op.Attempt.Number == 0 {
		return nil
	}
	var number int
	scan := func(row scanner) error { return row.Scan(&number) }
	err := one(ctx, t, scan, `UPDATE deliveries_open SET attempt_count = max(attempt_count + 1, ?)
		WHERE account_id = ? AND id = ? RETURNING attempt_count`, op.Attempt.Number, op.AccountID, op.ID)
	if errors.Is(err, store.ErrNotFound) {
		err = lateInHistory(ctx, t, op, scan)
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return insertAttempt(ctx, t, op, number)
}

// lateInHistory counts a fenced attempt of a delivery that has ended.
func lateInHistory(ctx context.Context, t tx, op *store.RecordAttempt, scan func(scanner) error) error {
	return one(ctx, t, scan, `UPDATE deliveries SET attempt_count = max(attempt_count + 1, ?1),
		reason = CASE WHEN ?2 AND status = 'canceled' THEN '' ELSE reason END,
		finished_at = CASE WHEN ?2 AND status = 'canceled' THEN ?3 ELSE finished_at END,
		status = CASE WHEN ?2 AND status = 'canceled' THEN 'delivered' ELSE status END
		WHERE account_id = ?4 AND id = ?5 RETURNING attempt_count`,
		op.Attempt.Number, op.Status == ringback.DeliveryDelivered, micros(op.Now), op.AccountID, op.ID)
}

func insertAttempt(ctx context.Context, t tx, op *store.RecordAttempt, number int) error {
	a := &op.Attempt
	_, err := t.exec(ctx, `INSERT INTO attempts (account_id, delivery_id, number, started_at, duration,
		status_code, error, request_headers, response_headers, response_body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		op.AccountID, op.ID, number, micros(a.StartedAt), a.Duration.Microseconds(), a.StatusCode, a.Error,
		blob(encodeHeader(a.RequestHeaders)), blob(encodeHeader(a.ResponseHeaders)), blob(a.ResponseBody))
	return err
}

// ListAttempts gives the last attempts, oldest first.
func (s *Store) ListAttempts(
	ctx context.Context, accountID, deliveryID string, maxAttempts int,
) ([]ringback.Attempt, error) {
	all, err := list(ctx, s.lists, columns.ScanAttempt, `SELECT number, started_at, duration, status_code, error,
		request_headers, response_headers, response_body FROM attempts
		WHERE account_id = ? AND delivery_id = ? ORDER BY number DESC LIMIT ?`,
		accountID, deliveryID, maxAttempts)
	if err == nil && len(all) < maxAttempts {
		all, err = s.withFirst(ctx, accountID, deliveryID, all)
	}
	slices.Reverse(all)
	return all, err
}

// withFirst adds, to attempts from the last to the first, the one that is kept
// with the delivery.
func (s *Store) withFirst(ctx context.Context, accountID, deliveryID string, all []ringback.Attempt) ([]ringback.Attempt, error) {
	var first []byte
	err := one(ctx, s.lists, func(row scanner) error { return row.Scan(&first) },
		"SELECT attempt FROM deliveries WHERE account_id = ? AND id = ? AND attempt IS NOT NULL", accountID, deliveryID)
	if errors.Is(err, store.ErrNotFound) {
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	a, err := decodeAttempt(first)
	return append(all, a), err
}
