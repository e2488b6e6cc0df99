package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
)

// overRows are the columns of a row r for each event, with the first and the last
// id that a delivery of it can have.
const overRows = `unnest({array}$2::text[], $3::text[], $4::integer[], $5::text[], $6::text[], $7::text[])
	AS r ({column}account_id, id, day, first, last, job_id)`

var (
	// An event and its deliveries are locked before it is looked at whether they
	// are still over: whoever retries or recovers one of them has to lock them, too.
	lockOver = bulk("lock events that are over", `SELECT e.account_id, e.id FROM `+overRows+`
		JOIN events e ON {row e} AND e.day = r.day
		ORDER BY e.account_id, e.id FOR UPDATE OF e`)
	lockOverDeliveries = bulk("lock deliveries that are over", `WITH locked AS (
			SELECT r.account_id, r.id, d.finished_at FROM `+overRows+`
			JOIN deliveries d ON {row d: account_id, id=first..last} AND d.day = r.day
			ORDER BY d.account_id, d.id FOR UPDATE OF d)
		SELECT DISTINCT account_id, id FROM locked WHERE finished_at >= $8`)
	selectPendingAgain = bulk("list events that are pending again", `SELECT r.account_id, r.id FROM `+overRows+`
		CROSS JOIN LATERAL (SELECT FROM deliveries_open d WHERE {row d: account_id, id=first..last} LIMIT 1) d`)
	purgeAttempts = bulk("purge attempts", `DELETE FROM attempts a USING `+overRows+`
		WHERE {row a: account_id, delivery_id=first..last} AND a.day = r.day`)
	purgeDeliveries = bulk("purge deliveries", `WITH gone AS (DELETE FROM deliveries d USING `+overRows+`
			WHERE {row d: account_id, id=first..last} AND d.day = r.day RETURNING d.attempt_number)
		SELECT count(*), count(*) FILTER (WHERE attempt_number > 0) FROM gone`)
	purgeEvents = bulk("purge events", `DELETE FROM events e USING `+overRows+`
		WHERE {row e} AND e.day = r.day`)
	purgeJobs = bulk("purge jobs", `DELETE FROM jobs j USING `+overRows+`
		WHERE r.job_id <> '' AND {row j: account_id, id=job_id}
		AND j.finished_at > 0 AND j.finished_at < $8
		AND NOT EXISTS (SELECT FROM events e WHERE e.bucket = {bucket} AND e.account_id = r.account_id
			AND e.job_id = r.job_id AND e.job_id <> '')`)

	// Of an event with more rows than a slice has.
	purgeSomeAttempts = oneBucket("purge some attempts", `DELETE FROM attempts a USING (
			SELECT delivery_id, number FROM attempts WHERE bucket = $1 AND account_id = $2 AND day = $3
			AND delivery_id BETWEEN $4 AND $5 ORDER BY delivery_id, number LIMIT $6) s
		WHERE a.bucket = $1 AND a.account_id = $2 AND a.day = $3 AND a.delivery_id = s.delivery_id AND a.number = s.number`)
	hideEvent = oneBucket("hide event", `UPDATE events SET only_endpoint = '-'
		WHERE bucket = $1 AND account_id = $2 AND id = $3 AND day = $4`)
	purgeSomeDeliveries = oneBucket("purge some deliveries", `WITH gone AS (DELETE FROM deliveries d USING (
				SELECT id FROM deliveries WHERE bucket = $1 AND account_id = $2 AND day = $3
				AND id BETWEEN $4 AND $5 ORDER BY id LIMIT $6) s
			WHERE d.bucket = $1 AND d.account_id = $2 AND d.day = $3 AND d.id = s.id RETURNING d.attempt_number)
		SELECT count(*), count(*) FILTER (WHERE attempt_number > 0) FROM gone`)
)

// PurgeEvents deletes events.
func (s *Store) PurgeEvents(ctx context.Context, p store.PurgeEvents) (store.Purged, error) {
	var purged store.Purged
	err := s.transact(ctx, func(ctx context.Context, t *tx) error {
		began := time.Now()
		purge := purge{t: t, before: columns.Micros(p.Before), rows: p.Rows}
		err := purge.slice(ctx, p.Events)
		purge.purged.Held = time.Since(began)
		purged = purge.purged
		return err
	})
	if err != nil {
		return store.Purged{}, s.failed("deleting what is over", err)
	}
	return purged, nil
}

// purge deletes what is over, within one transaction.
type purge struct {
	t      *tx
	before int64
	rows   int // that may be deleted in all
	purged store.Purged
}

// slice deletes as many events as there may be rows, or a part of the first one.
// Where tables are spread they are of one bucket, so that one machine does it.
func (p *purge) slice(ctx context.Context, over []store.OverEvent) error {
	if len(over) == 0 {
		return nil
	}
	n, used := 0, 0
	for _, e := range over {
		if e.Rows >= p.rows || used > 0 && used+e.Rows >= p.rows ||
			p.t.spread && bucketOf(e.AccountID) != bucketOf(over[0].AccountID) {
			break
		}
		n++
		used += e.Rows + 1
		if e.JobID != "" {
			used++
		}
	}
	whole := over[:max(n, 1)]
	gone, err := p.stillOver(ctx, whole)
	if err != nil {
		return err
	}
	if n == 0 && len(gone) > 0 {
		if done, err := p.part(ctx, over[0]); err != nil || !done {
			return err
		}
	}
	p.purged.Done = len(whole)
	return p.events(ctx, gone)
}

// stillOver leaves out what was retried by hand since it was looked at, and what
// is gone. The others are locked.
func (p *purge) stillOver(ctx context.Context, over []store.OverEvent) ([]keyed[store.OverEvent], error) {
	rows := sorted(over, func(e store.OverEvent) string { return e.AccountID }, func(e store.OverEvent) string { return e.ID })
	there, stays := map[[2]string]bool{}, map[[2]string]bool{}
	note := func(in map[[2]string]bool) func(scanner) error {
		return func(row scanner) error {
			var k [2]string
			err := row.Scan(&k[0], &k[1])
			in[k] = true
			return err
		}
	}
	askBulk(p.t, note(there), lockOver, rows, overArgs)
	askBulk(p.t, note(stays), lockOverDeliveries, rows, p.overArgs)
	askBulk(p.t, note(stays), selectPendingAgain, rows, overArgs)
	if err := p.t.flush(ctx, false); err != nil {
		return nil, err
	}
	var gone []keyed[store.OverEvent]
	for _, r := range rows {
		if k := [2]string{r.account, r.id}; there[k] && !stays[k] {
			gone = append(gone, r)
		}
	}
	return gone, nil
}

// events deletes events with all that came of them. A job goes with the last of
// its events.
func (p *purge) events(ctx context.Context, gone []keyed[store.OverEvent]) error {
	p.countBulk(&p.purged.Attempts, purgeAttempts, gone, overArgs)
	askBulk(p.t, counting(&p.purged.Deliveries, &p.purged.Attempts), purgeDeliveries, gone, overArgs)
	p.countBulk(&p.purged.Events, purgeEvents, gone, overArgs)
	p.countBulk(&p.purged.Jobs, purgeJobs, gone, p.overArgs)
	return p.t.flush(ctx, false)
}

// counting adds the numbers of a row up.
func counting(into ...*int) func(scanner) error {
	return func(row scanner) error {
		numbers := make([]int, len(into))
		dest := make([]any, len(into))
		for i := range numbers {
			dest[i] = &numbers[i]
		}
		err := row.Scan(dest...)
		for i, n := range numbers {
			*into[i] += n
		}
		return err
	}
}

func (p *purge) countBulk(
	into *int, b bulkStatement, rows []keyed[store.OverEvent],
	args func(bucket any, rows []keyed[store.OverEvent]) []any,
) {
	eachBucket(p.t, b, rows, func(st *statement, bucket any, rows []keyed[store.OverEvent]) {
		p.t.count(into, st, args(bucket, rows)...)
	})
}

// part deletes as much as is allowed of an event that has more: attempts, or
// deliveries, each perhaps with an attempt in its row, once there are no others.
// It is done when it had neither.
func (p *purge) part(ctx context.Context, e store.OverEvent) (done bool, err error) {
	first, last := deliveriesOf(e.ID)
	bucket, day := bucketOf(e.AccountID), dayOf(e.ID)
	p.t.count(&p.purged.Attempts, purgeSomeAttempts, bucket, e.AccountID, day, first, last, p.rows)
	if err := p.t.flush(ctx, false); err != nil || p.purged.Attempts > 0 {
		return false, err
	}
	// From here on it would look as if its endpoints had missed it.
	p.t.queue(hideEvent, bucket, e.AccountID, e.ID, day)
	p.t.ask(counting(&p.purged.Deliveries, &p.purged.Attempts), purgeSomeDeliveries,
		bucket, e.AccountID, day, first, last, (p.rows+1)/2)
	err = p.t.flush(ctx, false)
	return p.purged.Deliveries == 0, err
}

// overArgs are the arguments of overRows.
func overArgs(bucket any, rows []keyed[store.OverEvent]) []any {
	n := len(rows)
	accounts, ids := keysOf(rows)
	days, firsts, lasts, jobs := integers(n), texts(n), texts(n), texts(n)
	for i := range rows {
		first, last := deliveriesOf(rows[i].id)
		days.integer(dayOf(rows[i].id))
		firsts.text(first)
		lasts.text(last)
		jobs.text(rows[i].row.JobID)
	}
	return []any{bucket, accounts, ids, days, firsts, lasts, jobs}
}

// overArgs has the time as well.
func (p *purge) overArgs(bucket any, rows []keyed[store.OverEvent]) []any {
	return append(overArgs(bucket, rows), p.before)
}

// count queues a statement and adds up how many rows it changed.
func (t *tx) count(into *int, st *statement, args ...any) {
	t.queued = append(t.queued, queued{statement: st, args: args, tag: func(tag pgconn.CommandTag) { *into += int(tag.RowsAffected()) }})
}
