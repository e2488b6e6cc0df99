package postgres

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

const selectReadyJobs = `SELECT id, due_at, coalesce(octet_length(input), 0) + coalesce(octet_length(metadata), 0)
	FROM jobs WHERE bucket = $1 AND account_id = $2 AND type = $3 AND ready ORDER BY due_at, id LIMIT $4 FOR UPDATE`

var (
	lockReadyJobs    = oneBucket("lock ready jobs", selectReadyJobs+" SKIP LOCKED")
	awaitReadyJobs   = oneBucket("await ready jobs", selectReadyJobs)
	selectLockedJobs = bulk("select locked jobs", "SELECT "+jobColumns+`
		FROM unnest({array}$2::text[], $3::text[]) AS r ({column}account_id, id)
		JOIN jobs j ON {row j}`)
	startJobs = bulk("start jobs", `UPDATE jobs j SET status = 'running', ready = false, attempt = r.attempt,
		started_at = r.started_at, lease = r.lease, lease_expires_at = r.lease_expires_at, lease_token = r.token
		FROM unnest({array}$2::text[], $3::text[], $4::integer[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[])
			AS r ({column}account_id, id, attempt, started_at, lease, lease_expires_at, token)
		WHERE {row j}`)
)

// readyJob is a job that may be leased; its row is locked.
type readyJob struct {
	account, id string
	due         int64
	size        int
}

// leaseJobs goes on until it has leased something or nothing is ready: that
// nothing was leased tells the caller that nothing is left. Jobs that another
// transaction is about to lease are passed over, unless there are no others: it
// may leave some of them.
func (s *Store) leaseJobs(ctx context.Context, t *tx, op *store.LeaseJobs) error {
	op.Jobs = nil
	types := slices.Compact(slices.Sorted(slices.Values(op.Types)))
	if op.Max <= 0 || len(types) == 0 {
		return nil
	}
	for {
		accounts := []readyAccount{{op.AccountID, types}}
		if op.AccountID == "" {
			var err error
			if accounts, err = readyAccounts(ctx, t, types, s.turns.after(types), op.Max); err != nil || len(accounts) == 0 {
				return err
			}
		}
		for _, lock := range []*statement{lockReadyJobs, awaitReadyJobs} {
			chosen, err := inTurn(ctx, t, lock, accounts, op)
			if err != nil {
				return err
			}
			if len(chosen) > 0 {
				err := startAll(ctx, t, op, chosen)
				if err == nil && op.AccountID == "" {
					s.turns.had(types, chosen[len(chosen)-1].account)
				}
				return err
			}
		}
		if op.AccountID != "" {
			return nil
		}
	}
}

// inTurn locks jobs of the accounts and takes one of each in turn, as many and
// as large as the operation may have.
func inTurn(
	ctx context.Context, t *tx, lock *statement, accounts []readyAccount, op *store.LeaseJobs,
) (chosen []readyJob, err error) {
	each := op.Max
	if len(accounts) >= op.Max {
		each = 1
	}
	lines := make([][]readyJob, len(accounts))
	for i, a := range accounts {
		for _, kind := range a.types {
			t.ask(columns.Collect(&lines[i], func(row scanner) (readyJob, error) {
				r := readyJob{account: a.id}
				err := row.Scan(&r.id, &r.due, &r.size)
				return r, err
			}), lock, bucketOf(a.id), a.id, kind, each)
		}
	}
	if err := t.flush(ctx, false); err != nil {
		return nil, err
	}
	for _, line := range lines {
		slices.SortFunc(line, func(a, b readyJob) int {
			return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.id, b.id))
		})
	}
	bytes := 0
	for round := range each {
		for _, line := range lines {
			if round >= len(line) {
				continue
			}
			chosen = append(chosen, line[round])
			if bytes += line[round].size; bytes > op.MaxBytes || len(chosen) == op.Max {
				return chosen, nil
			}
		}
	}
	return chosen, nil
}

// startAll makes locked jobs running.
func startAll(ctx context.Context, t *tx, op *store.LeaseJobs, chosen []readyJob) error {
	keys := sorted(chosen, func(r readyJob) string { return r.account }, func(r readyJob) string { return r.id })
	byID := make(map[[2]string]*ringback.Job, len(chosen))
	askBulk(t, func(row scanner) error {
		j, err := columns.ScanJob(row)
		if err == nil {
			byID[[2]string{j.AccountID, j.ID}] = j
		}
		return err
	}, selectLockedJobs, keys, func(bucket any, rows []keyed[readyJob]) []any {
		accounts, ids := keysOf(rows)
		return []any{bucket, accounts, ids}
	})
	if err := t.flush(ctx, false); err != nil {
		return err
	}
	for _, c := range chosen {
		j := byID[[2]string{c.account, c.id}]
		j.Status = ringback.JobRunning
		j.Attempt++
		j.StartedAt = columns.FromMicros(columns.Micros(op.Now))
		j.Lease = op.Lease.Truncate(time.Microsecond)
		j.LeaseExpiresAt = j.StartedAt.Add(min(j.Lease, j.Timeout))
		j.LeaseToken = op.Token(j)
		op.Jobs = append(op.Jobs, j)
	}
	started := sorted(op.Jobs, func(j *ringback.Job) string { return j.AccountID }, func(j *ringback.Job) string { return j.ID })
	queueBulk(t, startJobs, started, func(bucket any, rows []keyed[*ringback.Job]) []any {
		accounts, ids := keysOf(rows)
		n := len(rows)
		attempts, starts, leases, ends, tokens := integers(n), bigints(n), bigints(n), bigints(n), texts(n)
		for _, r := range rows {
			attempts.integer(r.row.Attempt)
			starts.bigint(columns.Micros(r.row.StartedAt))
			leases.bigint(r.row.Lease.Microseconds())
			ends.bigint(columns.Micros(r.row.LeaseExpiresAt))
			tokens.text(r.row.LeaseToken)
		}
		return []any{bucket, accounts, ids, attempts, starts, leases, ends, tokens}
	})
	return nil
}
