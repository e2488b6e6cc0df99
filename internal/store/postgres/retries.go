package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

var (
	lockPending = oneBucket("lock pending delivery",
		"SELECT lease FROM deliveries_open WHERE bucket = $1 AND account_id = $2 AND id = $3 FOR UPDATE")
	retryPending = oneBucket("retry pending delivery", `UPDATE deliveries_open
		SET next_attempt_at = $4, step = greatest(step - 1, 0), lease = $5, queue = $6
		WHERE bucket = $1 AND account_id = $2 AND id = $3`)
	// reopenEnded moves deliveries from history to what is pending, and the attempts
	// beside them to the others. Why a try failed stays as the reason; why one was
	// canceled does not apply any more.
	reopenEnded = bulk("reopen deliveries", `WITH gone AS (
			DELETE FROM deliveries d
			USING unnest({array}$2::text[], $3::text[], $4::int[]) AS r ({column}account_id, id, day)
			WHERE {row d} AND d.day = r.day
			RETURNING d.*),
		kept AS (
			INSERT INTO attempts (bucket, day, number, status_code, started_at, duration, account_id, delivery_id, error,
				request_headers, response_headers, response_body)
			SELECT bucket, day, attempt_number, status_code, started_at, duration, account_id, id, error,
				request_headers, response_headers, response_body FROM gone WHERE attempt_number > 0)
		INSERT INTO deliveries_open (bucket, attempt_count, step, next_attempt_at, created_at, lease, account_id, id,
			event_type, job_id, endpoint_id, url, profile, reason, queue)
		SELECT bucket, attempt_count, $5, $6, created_at, $7, account_id, id,
			event_type, job_id, endpoint_id, url, profile, CASE WHEN status = 'failed' THEN reason ELSE '' END, $8 FROM gone`)
	// endPending moves pending deliveries to history without an attempt.
	endPending = bulk("end pending deliveries", `WITH gone AS (
			DELETE FROM deliveries_open d
			USING unnest({array}$2::text[], $3::text[], $4::int[]) AS r ({column}account_id, id, day)
			WHERE {row d}
			RETURNING {bucket} AS bucket, r.day, d.attempt_count, d.step, d.created_at, d.account_id, d.id, d.event_type,
				d.job_id, d.endpoint_id, d.url, d.profile)
		INSERT INTO deliveries (bucket, day, attempt_count, step, attempt_number, status_code, started_at, duration,
			created_at, finished_at, account_id, id, event_type, job_id, endpoint_id, url, profile, status, reason, error)
		SELECT bucket, day, attempt_count, step, 0, 0, 0, 0, created_at, $5, account_id, id, event_type, job_id, endpoint_id,
			url, profile, $6, $7, '' FROM gone`)
	isInHistory = oneBucket("is delivery in history",
		"SELECT 1 FROM deliveries WHERE bucket = $1 AND account_id = $2 AND id = $3 AND day = $4")
)

func (s *Store) retryDelivery(ctx context.Context, t *tx, op *store.RetryDelivery) error {
	op.Claimed, op.Err = nil, nil
	found, err := t.retryPending(ctx, op)
	if err == nil && !found {
		lease, queue := placed(op.Placement)
		reopened := 0
		t.reopen([]store.DeliveryRef{op.DeliveryRef}, reopening{ringback.NoMoreSteps, op.Now, lease, queue}, &reopened)
		err = t.flush(ctx, false)
		found = reopened > 0
	}
	if err == nil && !found { // somebody else has retried it between the two
		found, err = t.retryPending(ctx, op)
	}
	if err == nil && !found {
		op.Err = store.ErrNotFound
	}
	if err != nil || op.Err != nil || op.Lease == 0 {
		return err
	}
	return loadRetried(ctx, t, op)
}

// retryPending says whether the delivery is pending.
func (t *tx) retryPending(ctx context.Context, op *store.RetryDelivery) (bool, error) {
	bucket := bucketOf(op.AccountID)
	var leased int64
	err := one(ctx, t, func(row scanner) error { return row.Scan(&leased) }, lockPending, bucket, op.AccountID, op.ID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err == nil && leased != 0 {
		op.Err = store.ErrFenced
	}
	if err == nil && leased == 0 {
		lease, queue := placed(op.Placement)
		t.queue(retryPending, bucket, op.AccountID, op.ID, columns.Micros(op.Now), lease, queue)
	}
	return true, err
}

// reopening is how a delivery that had ended is pending again.
type reopening struct {
	step  int
	due   time.Time
	lease int64
	queue string
}

// reopen queues that deliveries are pending again; reopened gets how many had
// ended.
func (t *tx) reopen(refs []store.DeliveryRef, r reopening, reopened *int) {
	queueBulkTag(t, reopened, reopenEnded, sorted(refs, refAccount, refID), func(bucket any, rows []keyed[store.DeliveryRef]) []any {
		return append(refArgs(bucket, rows), r.step, columns.Micros(r.due), r.lease, r.queue)
	})
}

// refArgs names deliveries, with their days.
func refArgs(bucket any, rows []keyed[store.DeliveryRef]) []any {
	n := len(rows)
	accounts, ids, days := texts(n), texts(n), integers(n)
	for i := range rows {
		accounts.text(rows[i].account)
		ids.text(rows[i].id)
		days.integer(dayOf(rows[i].id))
	}
	return []any{bucket, accounts, ids, days}
}

var selectPending = oneBucket("select pending delivery",
	"SELECT "+openColumns+" FROM deliveries_open WHERE bucket = $1 AND account_id = $2 AND id = $3")

func loadRetried(ctx context.Context, t *tx, op *store.RetryDelivery) error {
	var d *ringback.Delivery
	if err := one(ctx, t, func(row scanner) (err error) { d, err = columns.ScanDelivery(row); return err },
		selectPending, bucketOf(op.AccountID), op.AccountID, op.ID); err != nil {
		return err
	}
	w := &lockedDelivery{Delivery: d, jobID: d.JobID}
	all, err := load(ctx, t, []*lockedDelivery{w})
	if err != nil {
		return err
	}
	w.hasEvent = all[0].Event.ID != ""
	w.isJob = all[0].Job != nil && all[0].Job.ID != ""
	if why := w.missing(); why != "" {
		return errors.New(why)
	}
	op.Claimed = &all[0]
	return nil
}

// ending is how a delivery ends without an attempt.
type ending struct {
	status ringback.DeliveryStatus
	at     time.Time
	reason string
}

// endOpen queues the end of pending deliveries; ended gets how many there were.
func (t *tx) endOpen(refs []store.DeliveryRef, e ending, ended *int) {
	if ended == nil {
		ended = new(int)
	}
	queueBulkTag(t, ended, endPending, sorted(refs, refAccount, refID), func(bucket any, rows []keyed[store.DeliveryRef]) []any {
		return append(refArgs(bucket, rows), columns.Micros(e.at), string(e.status), printable(e.reason))
	})
}

func (s *Store) cancelDelivery(ctx context.Context, t *tx, op *store.CancelDelivery) error {
	op.Err = nil
	canceled := 0
	t.endOpen([]store.DeliveryRef{op.DeliveryRef}, ending{ringback.DeliveryCanceled, op.Now, op.Reason}, &canceled)
	if err := t.flush(ctx, false); err != nil || canceled > 0 {
		return err
	}
	op.Err = store.ErrFenced
	err := one(ctx, t, func(scanner) error { return nil }, isInHistory,
		bucketOf(op.AccountID), op.AccountID, op.ID, dayOf(op.ID))
	if errors.Is(err, store.ErrNotFound) {
		op.Err = store.ErrNotFound
		return nil
	}
	return err
}

// cancelable are an endpoint's pending deliveries, unless it is enabled. What is
// leased is in no index by endpoint, and therefore looked for when nothing else
// is left.
func cancelable(name, condition string) *statement {
	return oneBucket("cancelable "+name, `SELECT account_id, id FROM deliveries_open
		WHERE bucket = $1 AND account_id = $2 AND endpoint_id = $3 AND created_at < $4 AND `+condition+`
		AND NOT EXISTS (SELECT FROM endpoints WHERE bucket = $1 AND account_id = $2 AND id = $3 AND enabled)
		ORDER BY id LIMIT $5 FOR UPDATE`)
}

var (
	cancelableWaiting = cancelable("waiting deliveries", "lease = 0")
	cancelableLeased  = cancelable("leased deliveries", "lease <> 0")
)

func (s *Store) cancelPending(ctx context.Context, t *tx, op *store.CancelPending) error {
	op.Canceled = nil
	var refs []store.DeliveryRef
	for _, st := range []*statement{cancelableWaiting, cancelableLeased} {
		if len(refs) == op.Limit {
			break
		}
		some, err := list(ctx, t, columns.ScanRef, st, bucketOf(op.AccountID), op.AccountID, op.EndpointID,
			columns.Micros(op.CreatedBefore), op.Limit-len(refs))
		if err != nil {
			return err
		}
		refs = append(refs, some...)
	}
	for _, ref := range refs {
		op.Canceled = append(op.Canceled, ref.ID)
	}
	t.endOpen(refs, ending{ringback.DeliveryCanceled, op.Now, op.Reason}, nil)
	return nil
}
