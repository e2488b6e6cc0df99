package postgres

import (
	"context"
	"fmt"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

const (
	findReason = "what is due is looked for in all accounts, and locked bucket by bucket"
	// lockWaiting locks deliveries that still wait where they were found, and tells
	// how long their event and job are, and whether these are there. That none is
	// leased is said so that it implies the condition of no index: all that wait
	// would be read.
	lockWaiting = `SELECT d.account_id, d.id, d.event_type, d.job_id, d.endpoint_id, d.url, d.profile, d.reason,
			d.attempt_count, d.step, d.created_at, 'pending', d.next_attempt_at, 0::bigint,
			coalesce(octet_length(e.data), 0) + coalesce(octet_length(j.input), 0)
				+ coalesce(octet_length(j.result), 0) + coalesce(octet_length(j.metadata), 0),
			e.id IS NOT NULL, coalesce(e.job_id, ''), j.id IS NOT NULL
		FROM unnest({array}$2::text[], $3::text[], $4::text[], $5::int[]) AS r ({column}account_id, id, event_id, day)
		JOIN deliveries_open d ON {row d}
			AND d.lease <= 0 AND d.queue = $6 AND (d.queue <> '' OR d.next_attempt_at <= $7)
		LEFT JOIN LATERAL (SELECT * FROM events e WHERE e.bucket = {bucket} AND e.account_id = r.account_id
			AND e.id = r.event_id AND e.day = r.day OFFSET 0) e ON TRUE
		LEFT JOIN LATERAL (SELECT * FROM jobs j WHERE j.bucket = {bucket} AND j.account_id = r.account_id
			AND j.id = e.job_id OFFSET 0) j ON TRUE
		FOR UPDATE OF d`
)

var (
	findDue = operatorWide("find due deliveries", findReason, `SELECT account_id, id
		FROM deliveries_open WHERE lease = 0 AND queue = '' AND next_attempt_at <= $1
		ORDER BY next_attempt_at, account_id, id LIMIT $2`)
	findParked = operatorWide("find parked deliveries", findReason, `SELECT account_id, id
		FROM deliveries_open WHERE queue <> '' AND queue = $1
		ORDER BY next_attempt_at, account_id, id LIMIT $2`)
	lockFree     = bulk("lock free waiting deliveries", lockWaiting+" SKIP LOCKED")
	lockInTurn   = bulk("lock waiting deliveries", lockWaiting)
	leaseClaimed = bulk("lease claimed deliveries", `UPDATE deliveries_open d SET lease = $4, queue = ''
		FROM unnest({array}$2::text[], $3::text[]) AS r ({column}account_id, id)
		WHERE {row d}`)
	loadEvents = bulk("load events", "SELECT "+eventColumns+`
		FROM unnest({array}$2::text[], $3::text[], $4::int[]) AS r ({column}of_account, of_event, of_day)
		CROSS JOIN LATERAL (SELECT * FROM events e WHERE e.bucket = {bucket} AND e.account_id = r.of_account
			AND e.id = r.of_event AND e.day = r.of_day OFFSET 0) e`)
	loadJobs = bulk("load jobs", "SELECT "+jobColumns+`
		FROM unnest({array}$2::text[], $3::text[]) AS r ({column}of_account, of_job)
		CROSS JOIN LATERAL (SELECT * FROM jobs j WHERE j.bucket = {bucket} AND j.account_id = r.of_account
			AND j.id = r.of_job OFFSET 0) j`)
)

// lockedDelivery is one that waits, and is locked.
type lockedDelivery struct {
	*ringback.Delivery
	bytes           int // of JSON to load
	jobID           string
	hasEvent, isJob bool
}

// missing tells what the delivery lacks; nothing is deleted before the
// deliveries that need it, so that it is a defect.
func (w *lockedDelivery) missing() string {
	switch {
	case !w.hasEvent:
		return fmt.Sprintf("its event %s is missing", w.EventID)
	case w.jobID != "" && !w.isJob:
		return fmt.Sprintf("its job %s is missing", w.jobID)
	}
	return ""
}

// claimDeliveries goes on until it has claimed something or nothing waits: that
// nothing was claimed tells the caller that nothing is left. What others have
// locked it waits for only if there is nothing else.
func (s *Store) claimDeliveries(ctx context.Context, t *tx, op *store.ClaimDeliveries) error {
	op.Claimed = nil
	for len(op.Claimed) == 0 {
		found, err := findWaiting(ctx, t, op)
		if err != nil || len(found) == 0 {
			return err
		}
		locked, err := lockFound(ctx, t, op, lockFree, found)
		if err == nil && len(locked) == 0 {
			locked, err = lockFound(ctx, t, op, lockInTurn, found)
		}
		if err != nil {
			return err
		}
		if err := s.claim(ctx, t, op, found, locked); err != nil {
			return err
		}
	}
	return nil
}

func findWaiting(ctx context.Context, t *tx, op *store.ClaimDeliveries) ([]store.DeliveryRef, error) {
	if op.Queue == "" {
		return list(ctx, t, columns.ScanRef, findDue, columns.Micros(op.Now), op.Limit)
	}
	return list(ctx, t, columns.ScanRef, findParked, op.Queue, op.Limit)
}

func lockFound(
	ctx context.Context, t *tx, op *store.ClaimDeliveries, by bulkStatement, found []store.DeliveryRef,
) (map[store.DeliveryRef]*lockedDelivery, error) {
	locked := make(map[store.DeliveryRef]*lockedDelivery, len(found))
	rows := sorted(found, refAccount, refID)
	askBulk(t, func(row scanner) error {
		w, err := scanLocked(row)
		if err == nil {
			locked[store.DeliveryRef{AccountID: w.AccountID, ID: w.ID}] = w
		}
		return err
	}, by, rows, func(bucket any, rows []keyed[store.DeliveryRef]) []any {
		n := len(rows)
		accounts, ids, events, days := texts(n), texts(n), texts(n), integers(n)
		for i := range rows {
			accounts.text(rows[i].account)
			ids.text(rows[i].id)
			events.text(ringback.EventOfDelivery(rows[i].id))
			days.integer(dayOf(rows[i].id))
		}
		return []any{bucket, accounts, ids, events, days, op.Queue, columns.Micros(op.Now)}
	})
	return locked, t.flush(ctx, false)
}

func refAccount(ref store.DeliveryRef) string { return ref.AccountID }
func refID(ref store.DeliveryRef) string      { return ref.ID }

// more are columns after those of a row.
type more struct {
	scanner
	dest []any
}

func (m more) Scan(dest ...any) error { return m.scanner.Scan(append(dest, m.dest...)...) }

func scanLocked(row scanner) (*lockedDelivery, error) {
	var w lockedDelivery
	var err error
	w.Delivery, err = columns.ScanDelivery(more{row, []any{&w.bytes, &w.hasEvent, &w.jobID, &w.isJob}})
	return &w, err
}

// claim takes what was locked, in the order in which it was found.
func (s *Store) claim(
	ctx context.Context, t *tx, op *store.ClaimDeliveries, found []store.DeliveryRef, locked map[store.DeliveryRef]*lockedDelivery,
) error {
	var chosen []*lockedDelivery
	bytes := 0
	for _, ref := range found {
		w := locked[ref]
		if w == nil {
			continue
		}
		if why := w.missing(); why != "" {
			s.failBroken(ctx, t, op, w, why)
			continue
		}
		chosen = append(chosen, w)
		if bytes += w.bytes; bytes > op.MaxBytes {
			break
		}
	}
	claimed, err := load(ctx, t, chosen)
	if err != nil {
		return err
	}
	op.Claimed = claimed
	refs := make([]store.DeliveryRef, len(chosen))
	for i, w := range chosen {
		refs[i] = store.DeliveryRef{AccountID: w.AccountID, ID: w.ID}
	}
	queueBulk(t, leaseClaimed, sorted(refs, refAccount, refID), func(bucket any, rows []keyed[store.DeliveryRef]) []any {
		accounts, ids := texts(len(rows)), texts(len(rows))
		for i := range rows {
			accounts.text(rows[i].account)
			ids.text(rows[i].id)
		}
		return []any{bucket, accounts, ids, int64(op.Lease)}
	})
	return nil
}

// failBroken ends a delivery that cannot be made, so that it does not keep
// those behind it waiting.
func (s *Store) failBroken(ctx context.Context, t *tx, op *store.ClaimDeliveries, w *lockedDelivery, why string) {
	s.log.ErrorContext(ctx, "a delivery cannot be made", "account_id", w.AccountID, "delivery_id", w.ID, "error", why)
	t.endOpen([]store.DeliveryRef{{AccountID: w.AccountID, ID: w.ID}}, ending{ringback.DeliveryFailed, op.Now, why}, nil)
}

// load reads what deliveries' bodies are made of, which is there.
func load(ctx context.Context, t *tx, chosen []*lockedDelivery) ([]store.Claimed, error) {
	if len(chosen) == 0 {
		return nil, t.flush(ctx, false)
	}
	type of struct{ account, id string }
	events, jobs := map[of]*ringback.Event{}, map[of]*ringback.Job{}
	var eventRows, jobRows []keyed[string]
	for _, w := range chosen {
		bucket := bucketOf(w.AccountID)
		if place := (of{w.AccountID, w.EventID}); events[place] == nil {
			events[place] = new(ringback.Event)
			eventRows = append(eventRows, keyed[string]{key{bucket, w.AccountID, w.EventID}, w.EventID})
		}
		if place := (of{w.AccountID, w.jobID}); w.jobID != "" && jobs[place] == nil {
			jobs[place] = new(ringback.Job)
			jobRows = append(jobRows, keyed[string]{key{bucket, w.AccountID, w.jobID}, w.jobID})
		}
	}
	sortKeyed(eventRows)
	sortKeyed(jobRows)
	askBulk(t, func(row scanner) error {
		e, err := columns.ScanEvent(row)
		if err == nil {
			events[of{e.AccountID, e.ID}] = e
		}
		return err
	}, loadEvents, eventRows, func(bucket any, rows []keyed[string]) []any {
		accounts, ids, days := texts(len(rows)), texts(len(rows)), integers(len(rows))
		for i := range rows {
			accounts.text(rows[i].account)
			ids.text(rows[i].row)
			days.integer(dayOf(rows[i].row))
		}
		return []any{bucket, accounts, ids, days}
	})
	askBulk(t, func(row scanner) error {
		j, err := columns.ScanJob(row)
		if err == nil {
			jobs[of{j.AccountID, j.ID}] = j
		}
		return err
	}, loadJobs, jobRows, func(bucket any, rows []keyed[string]) []any {
		accounts, ids := texts(len(rows)), texts(len(rows))
		for i := range rows {
			accounts.text(rows[i].account)
			ids.text(rows[i].row)
		}
		return []any{bucket, accounts, ids}
	})
	if err := t.flush(ctx, false); err != nil {
		return nil, err
	}
	all := make([]store.Claimed, len(chosen))
	for i, w := range chosen {
		all[i] = store.Claimed{Delivery: w.Delivery, Event: events[of{w.AccountID, w.EventID}], Job: jobs[of{w.AccountID, w.jobID}]}
	}
	return all, nil
}
