package postgres

import (
	"context"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
)

var (
	extendLeases = bulk("extend leases", `UPDATE jobs j SET
		lease = CASE WHEN r.lease = 0 THEN j.lease ELSE r.lease END,
		lease_expires_at = least(r.now + CASE WHEN r.lease = 0 THEN j.lease ELSE r.lease END, j.started_at + j.timeout)
		FROM unnest({array}$2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
			AS r ({column}account_id, id, token, now, lease)
		WHERE {row j}
		AND `+isRunning+` AND j.lease_token = r.token
		RETURNING j.account_id, j.id, j.lease_expires_at`)
	requeueJobs = bulk("requeue jobs", `UPDATE jobs j SET status = 'queued', ready = r.run_at <= r.now,
		due_at = greatest(r.run_at, r.now), run_at = r.run_at, error = r.error,
		lease_token = '', lease = 0, lease_expires_at = 0
		FROM unnest({array}$2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[])
			AS r ({column}account_id, id, token, now, run_at, error)
		WHERE {row j}
		AND `+isRunning+` AND j.lease_token = r.token
		RETURNING j.account_id, j.id, 0::bigint`)
	selectJobIDs = bulk("list which jobs there are", `SELECT j.account_id, j.id, 0::bigint
		FROM unnest({array}$2::text[], $3::text[]) AS r ({column}account_id, id)
		CROSS JOIN LATERAL (SELECT account_id, id FROM jobs j WHERE j.bucket = {bucket} AND j.account_id = r.account_id
			AND j.id = r.id OFFSET 0) j`)
)

// jobChange is a change of one job that its state may turn down.
type jobChange[T any] struct {
	op          T
	account, id string
	err         *error
	made        bool
	value       int64 // that the statement gave
}

// jobChanges are those of a run of operations, each of another job.
type jobChanges[T any] []keyed[*jobChange[T]]

func changesOf[T any](ops []T, of func(T) (account, id string, err *error)) jobChanges[T] {
	all := make([]*jobChange[T], len(ops))
	for i, op := range ops {
		c := &jobChange[T]{op: op}
		c.account, c.id, c.err = of(op)
		*c.err = nil
		all[i] = c
	}
	return sorted(all, func(c *jobChange[T]) string { return c.account }, func(c *jobChange[T]) string { return c.id })
}

// make runs a statement that gives the keys of the jobs that it changed, and says
// of the others why they were not.
func (cs jobChanges[T]) make(
	ctx context.Context, t *tx, b bulkStatement, args func(bucket any, rows []keyed[*jobChange[T]]) []any,
) error {
	if err := cs.ask(ctx, t, b, args, func(c *jobChange[T]) { c.made = true }); err != nil {
		return err
	}
	var missed jobChanges[T]
	for _, c := range cs {
		if !c.row.made {
			*c.row.err = store.ErrNotFound
			missed = append(missed, c)
		}
	}
	if len(missed) == 0 {
		return nil
	}
	return missed.ask(ctx, t, selectJobIDs, func(bucket any, rows []keyed[*jobChange[T]]) []any {
		accounts, ids := keysOf(rows)
		return []any{bucket, accounts, ids}
	}, func(c *jobChange[T]) { *c.err = store.ErrFenced })
}

// ask runs a statement and calls fn with each job whose key it gives.
func (cs jobChanges[T]) ask(
	ctx context.Context, t *tx, b bulkStatement,
	args func(bucket any, rows []keyed[*jobChange[T]]) []any, fn func(*jobChange[T]),
) error {
	byKey := make(map[[2]string]*jobChange[T], len(cs))
	for _, c := range cs {
		byKey[[2]string{c.account, c.id}] = c.row
	}
	askBulk(t, func(row scanner) error {
		var k [2]string
		var value int64
		if err := row.Scan(&k[0], &k[1], &value); err != nil {
			return err
		}
		c := byKey[k]
		c.value = value
		fn(c)
		return nil
	}, b, cs, args)
	return t.flush(ctx, false)
}

// keysOf gives the columns of accounts and ids.
func keysOf[T any](rows []keyed[T]) (accounts, ids *array) {
	accounts, ids = texts(len(rows)), texts(len(rows))
	for i := range rows {
		accounts.text(rows[i].account)
		ids.text(rows[i].id)
	}
	return accounts, ids
}

func (s *Store) extendLeases(ctx context.Context, t *tx, ops []*store.ExtendLease) error {
	changes := changesOf(ops, func(op *store.ExtendLease) (string, string, *error) {
		return op.AccountID, op.JobID, &op.Err
	})
	err := changes.make(ctx, t, extendLeases, func(bucket any, rows []keyed[*jobChange[*store.ExtendLease]]) []any {
		accounts, ids := keysOf(rows)
		tokens, nows, leases := texts(len(rows)), bigints(len(rows)), bigints(len(rows))
		for _, r := range rows {
			tokens.text(printable(r.row.op.Token))
			nows.bigint(columns.Micros(r.row.op.Now))
			leases.bigint(r.row.op.Lease.Microseconds())
		}
		return []any{bucket, accounts, ids, tokens, nows, leases}
	})
	for _, c := range changes {
		c.row.op.ExpiresAt = columns.FromMicros(c.row.value)
	}
	return err
}

func (s *Store) requeueJobs(ctx context.Context, t *tx, ops []*store.RequeueJob) error {
	changes := changesOf(ops, func(op *store.RequeueJob) (string, string, *error) {
		return op.AccountID, op.JobID, &op.Err
	})
	return changes.make(ctx, t, requeueJobs, func(bucket any, rows []keyed[*jobChange[*store.RequeueJob]]) []any {
		accounts, ids := keysOf(rows)
		n := len(rows)
		tokens, nows, runs, errs := texts(n), bigints(n), bigints(n), texts(n)
		for _, r := range rows {
			tokens.text(printable(r.row.op.Token))
			nows.bigint(columns.Micros(r.row.op.Now))
			runs.bigint(columns.Micros(r.row.op.RunAt))
			errs.text(printable(r.row.op.Error))
		}
		return []any{bucket, accounts, ids, tokens, nows, runs, errs}
	})
}
