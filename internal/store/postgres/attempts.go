package postgres

import (
	"context"
	"slices"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

// The rows r of recorded attempts, as recordArgs gives them.
const (
	recordArrays = `unnest({array}$2::text[], $3::text[], $4::bigint[], $5::int[], $6::int[], $7::int[], $8::int[],
		$9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[],
		$17::bytea[], $18::bytea[], $19::bytea[])
		AS r ({column}account_id, id, lease, day, number, step, status_code,
		started_at, duration, at, status, reason, url, profile, error, request_headers, response_headers, response_body)`
	// countAttempts is the new attempt_count, and the number of the attempt if it
	// was one.
	countAttempts = "CASE WHEN r.number = 0 THEN d.attempt_count ELSE greatest(d.attempt_count + 1, r.number) END"
	ofRow         = "{row d}"

	intoAttempts = `INSERT INTO attempts (bucket, day, number, status_code, started_at, duration, account_id, delivery_id,
		error, request_headers, response_headers, response_body)`
	// fromMoved takes them from what a statement returned.
	fromMoved = `SELECT bucket, day, number, status_code, started_at, duration, account_id, id,
		error, request_headers, response_headers, response_body FROM moved WHERE number > 0`
	// asMoved returns it, with the number that the attempt got.
	asMoved = `{bucket} AS bucket, r.account_id, r.id, r.day,
		CASE WHEN r.number = 0 THEN 0 ELSE d.attempt_count END AS number, r.status_code, r.started_at,
		r.duration, r.error, r.request_headers, r.response_headers, r.response_body`
)

var (
	// closeAttempted moves deliveries to history, with the attempt that ended them.
	closeAttempted = bulk("close attempted", `WITH moved AS (
			DELETE FROM deliveries_open d USING `+recordArrays+`
			WHERE `+ofRow+` AND d.lease = r.lease
			RETURNING {bucket} AS bucket, r.day, `+countAttempts+` AS attempts, r.number, r.step, r.status_code,
				r.started_at, r.duration, d.created_at, r.at, r.account_id, r.id, d.event_type, d.job_id, d.endpoint_id,
				coalesce(nullif(r.url, ''), d.url) AS url, coalesce(nullif(r.profile, ''), d.profile) AS profile,
				r.status, r.reason, r.error, r.request_headers, r.response_headers, r.response_body),
		closed AS (
			INSERT INTO deliveries (bucket, day, attempt_count, step, attempt_number, status_code,
				started_at, duration, created_at, finished_at, account_id, id, event_type, job_id, endpoint_id,
				url, profile, status, reason, error, request_headers, response_headers, response_body)
			SELECT bucket, day, attempts, step, CASE WHEN number = 0 THEN 0 ELSE attempts END, status_code,
				started_at, duration, created_at, at, account_id, id, event_type, job_id, endpoint_id,
				url, profile, status, reason, error, request_headers, response_headers, response_body FROM moved)
		SELECT 1 / CASE WHEN count(*) = $20 THEN 1 ELSE 0 END FROM moved`)
	// rescheduleAttempted keeps the attempt of a delivery that is scheduled again.
	rescheduleAttempted = bulk("reschedule attempted", `WITH moved AS (
			UPDATE deliveries_open d SET lease = 0, queue = '', next_attempt_at = r.at, reason = r.reason, step = r.step,
				attempt_count = `+countAttempts+`,
				url = coalesce(nullif(r.url, ''), d.url), profile = coalesce(nullif(r.profile, ''), d.profile)
			FROM `+recordArrays+`
			WHERE `+ofRow+` AND d.lease = r.lease
			RETURNING `+asMoved+`),
		kept AS (`+intoAttempts+` `+fromMoved+`)
		SELECT 1 / CASE WHEN count(*) = $20 THEN 1 ELSE 0 END FROM moved`)
	// lateWhileOpen keeps attempts of deliveries that are pending, but not under the
	// lease any more.
	lateWhileOpen = bulk("late attempt of a pending one", `WITH moved AS (
			UPDATE deliveries_open d SET attempt_count = `+countAttempts+` FROM `+recordArrays+`
			WHERE `+ofRow+`
			RETURNING `+asMoved+`),
		kept AS (`+intoAttempts+` `+fromMoved+`)
		SELECT account_id, id FROM moved`)
	// lateInHistory keeps attempts of deliveries that have ended. One that was
	// canceled is delivered, if it was.
	lateInHistory = bulk("late attempt of one that has ended", `WITH moved AS (
			UPDATE deliveries d SET attempt_count = `+countAttempts+`,
				reason = CASE WHEN r.status = 'delivered' AND d.status = 'canceled' THEN '' ELSE d.reason END,
				finished_at = CASE WHEN r.status = 'delivered' AND d.status = 'canceled' THEN r.at ELSE d.finished_at END,
				status = CASE WHEN r.status = 'delivered' AND d.status = 'canceled' THEN 'delivered' ELSE d.status END
			FROM `+recordArrays+`
			WHERE `+ofRow+` AND d.day = r.day
			RETURNING `+asMoved+`),
		kept AS (`+intoAttempts+` `+fromMoved+`)
		SELECT account_id, id FROM moved`)
	// lockLeased locks deliveries that are under their lease.
	lockLeased = bulk("lock leased", `SELECT d.account_id, d.id
		FROM unnest({array}$2::text[], $3::text[], $4::bigint[]) AS r ({column}account_id, id, lease)
		JOIN deliveries_open d ON `+ofRow+` AND d.lease = r.lease FOR UPDATE OF d`)
)

// recordAttempts ends attempts of different deliveries. Only the last may have
// a notice, and only if it is the only one.
func (s *Store) recordAttempts(ctx context.Context, t *tx, ops []*store.RecordAttempt) error {
	for _, op := range ops {
		op.Err = nil
	}
	rows := sorted(ops, recordAccount, recordID)
	if t.pace != fast {
		var err error
		if rows, err = t.fenceLate(ctx, rows); err != nil {
			return err
		}
	}
	var closed, again []keyed[*store.RecordAttempt]
	for _, r := range rows {
		if r.row.Status == ringback.DeliveryPending {
			again = append(again, r)
		} else {
			closed = append(closed, r)
		}
		t.insertNotice(r.row.Notice)
	}
	queueBulk(t, closeAttempted, closed, guardedArgs)
	queueBulk(t, rescheduleAttempted, again, guardedArgs)
	return nil
}

func recordAccount(op *store.RecordAttempt) string { return op.AccountID }
func recordID(op *store.RecordAttempt) string      { return op.ID }

// fenceLate gives the rows that are under their lease, which are locked then,
// and keeps the attempts of the others.
func (t *tx) fenceLate(ctx context.Context, rows []keyed[*store.RecordAttempt]) ([]keyed[*store.RecordAttempt], error) {
	held := map[store.DeliveryRef]bool{}
	askBulk(t, foundRef(held), lockLeased, rows, func(bucket any, rows []keyed[*store.RecordAttempt]) []any {
		return recordArgs(bucket, rows)[:4]
	})
	if err := t.flush(ctx, false); err != nil {
		return nil, err
	}
	var inTime, late []keyed[*store.RecordAttempt]
	for _, r := range rows {
		switch {
		case held[r.row.DeliveryRef]:
			inTime = append(inTime, r)
		default:
			r.row.Err = store.ErrFenced
			if r.row.Attempt.Number > 0 {
				late = append(late, r)
			}
		}
	}
	return inTime, t.recordLate(ctx, late)
}

// recordLate keeps attempts of deliveries that are under another lease, or none.
// One may move between what is pending and history meanwhile: so it looks into
// what is pending again.
func (t *tx) recordLate(ctx context.Context, late []keyed[*store.RecordAttempt]) error {
	for _, b := range []bulkStatement{lateWhileOpen, lateInHistory, lateWhileOpen} {
		if len(late) == 0 {
			return nil
		}
		kept := map[store.DeliveryRef]bool{}
		askBulk(t, foundRef(kept), b, late, recordArgs)
		if err := t.flush(ctx, false); err != nil {
			return err
		}
		late = slices.DeleteFunc(late, func(r keyed[*store.RecordAttempt]) bool { return kept[r.row.DeliveryRef] })
	}
	return nil
}

func foundRef(found map[store.DeliveryRef]bool) func(scanner) error {
	return func(row scanner) error {
		ref, err := columns.ScanRef(row)
		found[ref] = true
		return err
	}
}

// guardedArgs end with how many rows must be changed.
func guardedArgs(bucket any, rows []keyed[*store.RecordAttempt]) []any {
	return append(recordArgs(bucket, rows), len(rows))
}

func recordArgs(bucket any, rows []keyed[*store.RecordAttempt]) []any {
	n := len(rows)
	accounts, ids, leases := texts(n), texts(n), bigints(n)
	days, numbers, steps, codes := integers(n), integers(n), integers(n), integers(n)
	started, durations, at := bigints(n), bigints(n), bigints(n)
	statuses, reasons, urls, profiles, errs := texts(n), texts(n), texts(n), texts(n), texts(n)
	requests, responses, bodies := bytesArray(), bytesArray(), bytesArray()
	for i := range rows {
		op := rows[i].row
		a := &op.Attempt
		accounts.text(op.AccountID)
		ids.text(op.ID)
		leases.bigint(int64(op.Lease))
		days.integer(dayOf(op.ID))
		numbers.integer(a.Number)
		steps.integer(op.Step)
		codes.integer(a.StatusCode)
		started.bigint(columns.Micros(a.StartedAt))
		durations.bigint(a.Duration.Microseconds())
		if op.Status == ringback.DeliveryPending {
			at.bigint(columns.Micros(op.NextAttemptAt))
		} else {
			at.bigint(columns.Micros(op.Now))
		}
		statuses.text(string(op.Status))
		reasons.text(printable(op.Reason))
		urls.text(op.URL)
		profiles.text(op.Profile)
		errs.text(printable(a.Error))
		requests.header(a.RequestHeaders)
		responses.header(a.ResponseHeaders)
		bodies.bytes(a.ResponseBody)
	}
	return []any{
		bucket, accounts, ids, leases, days, numbers, steps, codes, started, durations, at,
		statuses, reasons, urls, profiles, errs, requests, responses, bodies,
	}
}

var selectAttempts = oneBucket("select attempts", `SELECT number, started_at, duration, status_code, error,
		request_headers, response_headers, response_body FROM (
	(SELECT number, started_at, duration, status_code, error, request_headers, response_headers, response_body
		FROM attempts WHERE bucket = $1 AND account_id = $2 AND delivery_id = $3 AND day = $4
		ORDER BY number DESC LIMIT $5)
	UNION ALL
	SELECT attempt_number, started_at, duration, status_code, error, request_headers, response_headers, response_body
		FROM deliveries WHERE bucket = $1 AND account_id = $2 AND id = $3 AND day = $4 AND attempt_number > 0
	) a ORDER BY number DESC LIMIT $5`)

// ListAttempts gives the last attempts, oldest first.
func (s *Store) ListAttempts(
	ctx context.Context, accountID, deliveryID string, maxAttempts int,
) ([]ringback.Attempt, error) {
	all, err := list(ctx, s.l(), columns.ScanAttempt, selectAttempts,
		bucketOf(accountID), accountID, deliveryID, dayOf(deliveryID), maxAttempts)
	slices.Reverse(all)
	return all, err
}
