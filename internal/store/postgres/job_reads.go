package postgres

import (
	"context"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

// jobColumns are those of a whole job j; columns.ScanJob reads them.
const jobColumns = `j.account_id, j.id, j.type, j.status, j.error, j.callback_url, j.profile, j.callback_only,
	j.include_result, j.event_types, j.resource_id, j.run_at, j.timeout, j.max_attempts, j.attempt, j.lease_token,
	j.lease, j.lease_expires_at, j.created_at, j.started_at, j.finished_at, j.traceparent, j.input, j.metadata, j.result`

// The states of a job j, for changes of one that is found by its key: said so that
// they imply the condition of no index (see the migrations).
const (
	isRunning = "j.status || '' = 'running'"
	isQueued  = "j.status || '' = 'queued'"
)

var (
	selectJob = oneBucket("select job", "SELECT "+jobColumns+
		" FROM jobs j WHERE j.bucket = $1 AND j.account_id = $2 AND j.id = $3")
	selectJobAccount = operatorWide("select account of job", "an operator's key knows no account",
		"SELECT account_id FROM jobs WHERE id = $1 AND id <> ''")
	selectExpired = operatorWide("list expired jobs", "leases of all accounts end", "SELECT "+jobColumns+
		" FROM jobs j WHERE j.status = 'running' AND j.lease_expires_at <= $1 ORDER BY j.lease_expires_at, j.id LIMIT $2")
	selectNextRun = operatorWide("select next run of a job", "jobs of all accounts wait",
		"SELECT coalesce(min(due_at), 0) FROM jobs WHERE status = 'queued' AND NOT ready")
	selectNextEnd = operatorWide("select next end of a lease", "leases of all accounts end",
		"SELECT coalesce(min(lease_expires_at), 0) FROM jobs WHERE status = 'running'")
)

// Job reads a job.
func (s *Store) Job(ctx context.Context, accountID, id string) (j *ringback.Job, err error) {
	err = one(ctx, s.r(), func(row scanner) error { j, err = columns.ScanJob(row); return err },
		selectJob, bucketOf(accountID), accountID, id)
	return j, err
}

// JobAccount gives the account of a job.
func (s *Store) JobAccount(ctx context.Context, id string) (account string, err error) {
	err = one(ctx, s.r(), func(row scanner) error { return row.Scan(&account) }, selectJobAccount, id)
	return account, err
}

// ListJobs lists an account's jobs.
func (s *Store) ListJobs(
	ctx context.Context, accountID string, f store.JobFilter, p store.Page, maxBytes int,
) ([]*ringback.Job, error) {
	first, last := idSpan(f.Span, ringback.PrefixJob, p.Before)
	size := func(j *ringback.Job) int { return len(j.Input) + len(j.Result) }
	st, values := listOf(f)
	args := append([]any{bucketOf(accountID), accountID, first, last, p.Limit}, values...)
	return list(ctx, s.l(), columns.UpTo(maxBytes, size, columns.ScanJob), st, args...)
}

// jobSize is how many bytes of JSON a job has.
func jobSize(j *ringback.Job) int { return len(j.Input) + len(j.Result) + len(j.Metadata) }

// ExpiredJobs gives running jobs whose lease has ended.
func (s *Store) ExpiredJobs(ctx context.Context, at time.Time, limit, maxBytes int) ([]*ringback.Job, error) {
	return list(ctx, s.r(), columns.UpTo(maxBytes, jobSize, columns.ScanJob), selectExpired, columns.Micros(at), limit)
}

// NextJobTimes looks at the heads of two indexes.
func (s *Store) NextJobTimes(ctx context.Context) (runAt, leaseEnd time.Time, err error) {
	scan := func(into *time.Time) func(scanner) error {
		return func(row scanner) error {
			var at int64
			err := row.Scan(&at)
			*into = columns.FromMicros(at)
			return err
		}
	}
	if err = one(ctx, s.r(), scan(&runAt), selectNextRun); err == nil {
		err = one(ctx, s.r(), scan(&leaseEnd), selectNextEnd)
	}
	return runAt, leaseEnd, err
}
