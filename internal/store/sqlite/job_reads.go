package sqlite

import (
	"cmp"
	"context"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

// jobColumns are those of a whole job; columns.ScanJob reads them. What is not in the
// table of jobs is looked up by rowid.
const jobColumns = `account_id, id, type, status, error, callback_url, profile, callback_only,
	include_result, event_types, resource_id, run_at, timeout, max_attempts, attempt, lease_token, lease,
	lease_expires_at, created_at, started_at, finished_at, traceparent,
	(SELECT input FROM job_inputs WHERE rowid = input_rowid),
	(SELECT metadata FROM job_inputs WHERE rowid = input_rowid),
	(SELECT result FROM job_results WHERE job_results.input_rowid = jobs.input_rowid)`

const selectJob = "SELECT " + jobColumns + " FROM jobs"

var (
	jobsByStatus   = index{name: "jobs_status", condition: "status <> 'succeeded'"}
	jobsByType     = index{name: "jobs_type"}
	jobsByResource = index{name: "jobs_resource", condition: "resource_id <> ''"}
)

// jobsBy gives the index that is likely to have the fewest rows to look at.
// Most jobs succeed, so that the status tells most of them apart from the rest.
func jobsBy(f store.JobFilter) index {
	switch {
	case f.ResourceID != "":
		return jobsByResource
	case f.Status != "" && f.Status != ringback.JobSucceeded:
		return jobsByStatus
	case f.Type != "":
		return jobsByType
	}
	return index{}
}

// Job reads a job.
func (s *Store) Job(ctx context.Context, accountID, id string) (*ringback.Job, error) {
	return job(ctx, s.r, accountID, id)
}

func job(ctx context.Context, q querier, accountID, id string) (j *ringback.Job, err error) {
	err = one(ctx, q, func(row scanner) error { j, err = columns.ScanJob(row); return err },
		selectJob+" WHERE account_id = ? AND id = ?", accountID, id)
	return j, err
}

// JobAccount gives the account of a job.
func (s *Store) JobAccount(ctx context.Context, id string) (account string, err error) {
	err = one(ctx, s.r, func(row scanner) error { return row.Scan(&account) },
		"SELECT account_id FROM jobs WHERE id = ?", id)
	return account, err
}

// ListJobs lists an account's jobs.
func (s *Store) ListJobs(
	ctx context.Context, accountID string, f store.JobFilter, p store.Page, maxBytes int,
) ([]*ringback.Job, error) {
	q := selectFrom(jobColumns, "jobs", jobsBy(f), accountID)
	q.equal("status", string(f.Status))
	q.equal("type", f.Type)
	q.equal("resource_id", f.ResourceID)
	q.span(f.Span, ringback.PrefixJob)
	q.and("id < ?", cmp.Or(p.Before, afterEveryID))
	size := func(j *ringback.Job) int { return len(j.Input) + len(j.Result) }
	return list(ctx, s.lists, columns.UpTo(maxBytes, size, columns.ScanJob), q.newest(p.Limit), q.args...)
}

// jobSize is how many bytes of JSON a job has.
func jobSize(j *ringback.Job) int { return len(j.Input) + len(j.Result) + len(j.Metadata) }

// ExpiredJobs gives running jobs whose lease has ended.
func (s *Store) ExpiredJobs(ctx context.Context, at time.Time, limit, maxBytes int) ([]*ringback.Job, error) {
	return list(ctx, s.r, columns.UpTo(maxBytes, jobSize, columns.ScanJob), selectJob+
		" WHERE status = 'running' AND lease_expires_at <= ? ORDER BY lease_expires_at LIMIT ?",
		micros(at), limit)
}

// NextJobTimes looks at the heads of two indexes.
func (s *Store) NextJobTimes(ctx context.Context) (runAt, leaseEnd time.Time, err error) {
	var waiting, ends int64
	err = one(ctx, s.r, func(row scanner) error { return row.Scan(&waiting, &ends) }, `SELECT
		coalesce((SELECT min(due_at) FROM jobs INDEXED BY jobs_waiting WHERE status = 'queued' AND ready = 0), 0),
		coalesce((SELECT min(lease_expires_at) FROM jobs INDEXED BY jobs_running WHERE status = 'running'), 0)`)
	return fromMicros(waiting), fromMicros(ends), err
}
