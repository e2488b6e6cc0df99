package postgres

import (
	"context"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

// The columns of a delivery, in both tables; columns.ScanDelivery reads them.
const (
	bothColumns = `account_id, id, event_type, job_id, endpoint_id, url, profile, reason,
		attempt_count, step, created_at`
	openColumns   = bothColumns + ", 'pending' AS status, next_attempt_at, 0::bigint AS finished_at"
	closedColumns = bothColumns + ", status, 0::bigint AS next_attempt_at, finished_at"
)

var (
	insertDeliveries = bulk("insert deliveries", `INSERT INTO deliveries_open (bucket, attempt_count, step,
			next_attempt_at, created_at, lease, account_id, id, event_type, job_id, endpoint_id, url, profile, reason, queue)
		SELECT {bucket}, attempt_count, step, next_attempt_at, created_at, lease, account_id, id, event_type, job_id,
			endpoint_id, url, profile, reason, queue
		FROM unnest({array}$2::int[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[],
			$9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[])
		AS r ({column}attempt_count, step, next_attempt_at, created_at, lease, account_id, id, event_type, job_id,
			endpoint_id, url, profile, reason, queue)`)
	placeDeliveries = bulk("place deliveries", `UPDATE deliveries_open d SET lease = r.lease, queue = r.queue
		FROM unnest({array}$2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[])
			AS r ({column}account_id, id, held, lease, queue)
		WHERE {row d} AND d.lease = r.held`)
	selectDelivery = oneBucket("select delivery", "SELECT "+openColumns+` FROM deliveries_open
			WHERE bucket = $1 AND account_id = $2 AND id = $3
		UNION ALL SELECT `+closedColumns+` FROM deliveries WHERE bucket = $1 AND account_id = $2 AND id = $3 AND day = $4`)
)

// insertDeliveries queues the insertion of pending deliveries.
func (t *tx) insertDeliveries(all []*store.NewDelivery) {
	queueBulk(t, insertDeliveries, sorted(all,
		func(d *store.NewDelivery) string { return d.AccountID }, func(d *store.NewDelivery) string { return d.ID }), deliveryArgs)
}

func deliveryArgs(bucket any, rows []keyed[*store.NewDelivery]) []any {
	n := len(rows)
	counts, steps, next, created, leases := integers(n), integers(n), bigints(n), bigints(n), bigints(n)
	accounts, ids, types, jobs := texts(n), texts(n), texts(n), texts(n)
	endpoints, urls, profiles, reasons, queues := texts(n), texts(n), texts(n), texts(n), texts(n)
	for i := range rows {
		d := rows[i].row
		lease, queue := placed(d.Placement)
		counts.integer(d.AttemptCount)
		steps.integer(d.Step)
		next.bigint(columns.Micros(d.NextAttemptAt))
		created.bigint(columns.Micros(d.CreatedAt))
		leases.bigint(lease)
		accounts.text(d.AccountID)
		ids.text(d.ID)
		types.text(d.EventType)
		jobs.text(d.JobID)
		endpoints.text(d.EndpointID)
		urls.text(d.URL)
		profiles.text(d.Profile)
		reasons.text(d.Reason)
		queues.text(queue)
	}
	return []any{
		bucket, counts, steps, next, created, leases, accounts, ids, types, jobs,
		endpoints, urls, profiles, reasons, queues,
	}
}

func (t *tx) placeDeliveries(ops []*store.PlaceDelivery) {
	rows := sorted(ops, func(op *store.PlaceDelivery) string { return op.AccountID }, func(op *store.PlaceDelivery) string { return op.ID })
	queueBulk(t, placeDeliveries, rows, func(bucket any, rows []keyed[*store.PlaceDelivery]) []any {
		n := len(rows)
		accounts, ids, held, leases, queues := texts(n), texts(n), bigints(n), bigints(n), texts(n)
		for i := range rows {
			op := rows[i].row
			lease, queue := placed(op.Placement)
			accounts.text(op.AccountID)
			ids.text(op.ID)
			held.bigint(int64(op.From))
			leases.bigint(lease)
			queues.text(queue)
		}
		return []any{bucket, accounts, ids, held, leases, queues}
	})
}

// Delivery reads a delivery.
func (s *Store) Delivery(ctx context.Context, accountID, id string) (d *ringback.Delivery, err error) {
	err = one(ctx, s.r(), func(row scanner) error { d, err = columns.ScanDelivery(row); return err },
		selectDelivery, bucketOf(accountID), accountID, id, dayOf(id))
	return d, err
}

var (
	nextDue = operatorWide("next due", "the dispatcher waits for the deliveries of all accounts",
		`SELECT coalesce((SELECT next_attempt_at FROM deliveries_open WHERE lease = 0 AND queue = ''
			ORDER BY next_attempt_at LIMIT 1), 0)`)
	leasedDeliveries = operatorWide("leased deliveries", "a node leases deliveries of all accounts",
		`SELECT account_id, id, lease FROM deliveries_open WHERE lease <> 0 AND lease BETWEEN $1 AND $2`)
	// parkedQueues looks into the index once for each queue, however many
	// deliveries are in it.
	parkedQueues = register("parked queues", scopeBuckets, "a queue may have deliveries of all accounts",
		`WITH RECURSIVE queues (name) AS (
			(SELECT queue FROM deliveries_open WHERE queue <> '' ORDER BY queue LIMIT 1)
			UNION ALL
			SELECT (SELECT queue FROM deliveries_open WHERE queue <> '' AND queue > name ORDER BY queue LIMIT 1)
			FROM queues WHERE name IS NOT NULL)
		SELECT name FROM queues WHERE name IS NOT NULL`)
	parkedQueuesSpread = operatorWide("parked queues of spread tables", "a queue may have deliveries of all accounts",
		"SELECT DISTINCT queue FROM deliveries_open WHERE queue <> ''")
)

// NextDue looks at the head of the index of scheduled deliveries.
func (s *Store) NextDue(ctx context.Context) (time.Time, error) {
	var due int64
	err := one(ctx, s.r(), func(row scanner) error { return row.Scan(&due) }, nextDue)
	return columns.FromMicros(due), err
}

// ParkedQueues gives the queues that hold deliveries.
func (s *Store) ParkedQueues(ctx context.Context) ([]string, error) {
	st := parkedQueues
	if s.spread {
		st = parkedQueuesSpread
	}
	return list(ctx, s.r(), func(row scanner) (name string, err error) {
		err = row.Scan(&name)
		return name, err
	}, st)
}

// LeasedDeliveries gives what is under leases of the epoch.
func (s *Store) LeasedDeliveries(ctx context.Context, epoch int64) ([]store.LeasedDelivery, error) {
	first, last := store.LeasesOf(epoch)
	return list(ctx, s.r(), func(row scanner) (l store.LeasedDelivery, err error) {
		err = row.Scan(&l.AccountID, &l.ID, &l.Lease)
		return l, err
	}, leasedDeliveries, int64(first), int64(last))
}
