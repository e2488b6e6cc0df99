package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

func (s *Store) submitJob(ctx context.Context, t tx, op *store.SubmitJob) error {
	j := op.Job
	use, err := useKey(ctx, t, op.Key, j.AccountID, j.ID, j.CreatedAt)
	op.Replayed, op.Err = use.replayed, use.err
	if err != nil || !use.fresh() {
		return err
	}
	names, err := encodeEventTypes(j.EventTypes)
	if err != nil {
		return err
	}
	s.inputs.add(s.op, s.nextInput, blob(j.Metadata), blob(j.Input))
	s.jobs.add(s.op, j.AccountID, j.ID, j.Type, !j.RunAt.After(j.CreatedAt), micros(later(j.RunAt, j.CreatedAt)), s.nextInput,
		j.Error, j.CallbackURL, j.Profile, j.CallbackOnly, j.IncludeResult, names, j.ResourceID, micros(j.RunAt),
		j.Timeout.Microseconds(), j.MaxAttempts, j.Attempt, micros(j.CreatedAt), j.TraceParent)
	s.nextInput++
	return nil
}

func newInputRows() *bulk { return newBulk("job_inputs", "rowid", "metadata", "input") }

func newJobRows() *bulk {
	return newBulk("jobs", "account_id", "id", "type", "status = 'queued'", "ready", "due_at", "input_rowid",
		"error", "callback_url", "profile", "callback_only", "include_result", "event_types", "resource_id", "run_at",
		"timeout", "max_attempts", "attempt", "lease_token = ''", "lease = 0", "lease_expires_at = 0", "created_at",
		"started_at = 0", "finished_at = 0", "traceparent")
}

// newResultRows makes rows of an account's id, a job's id and its result.
func newResultRows() *bulk {
	return bulkOf("INSERT INTO job_results (input_rowid, result) SELECT input_rowid, column3 FROM (VALUES ", "(?, ?, ?)", withJobs)
}

// withJobs ends a list of values that begin with an account's id and a job's:
// it adds the job to each, in their order. It names the index of the primary
// key, since SQLite would find the job's row by way of another one.
const withJobs = ") CROSS JOIN jobs INDEXED BY sqlite_autoindex_jobs_1 ON account_id = column1 AND id = column2"

// findNextInput finds the first number that no job's input has.
func (s *Store) findNextInput(ctx context.Context, path string) error {
	err := one(ctx, s.r, func(row scanner) error { return row.Scan(&s.nextInput) },
		"SELECT coalesce(max(rowid), 0) + 1 FROM job_inputs")
	if err != nil {
		return fmt.Errorf("sqlite: opening %s: %w", path, err)
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// encodeEventTypes gives "" for the defaults.
func encodeEventTypes(names ringback.JobEventTypes) (string, error) {
	if names == (ringback.JobEventTypes{}) {
		return "", nil
	}
	text, err := json.Marshal(names)
	return string(text), err
}

func (s *Store) finishJob(ctx context.Context, t tx, op *store.FinishJob) error {
	j := op.Job
	if s.revisions.stale(j.AccountID, op.Revision) {
		op.Err = store.ErrStale
		return nil
	}
	held := "status = 'running' AND lease_token = ?"
	if op.Token == "" {
		held = "status IN ('queued', 'running') AND ? = ''"
	}
	n, err := t.exec(ctx, `UPDATE jobs NOT INDEXED SET status = ?, error = ?, resource_id = ?, finished_at = ?,
		ready = 0, lease_expires_at = 0 WHERE account_id = ? AND id = ? AND `+held,
		string(j.Status), j.Error, j.ResourceID, micros(j.FinishedAt), j.AccountID, j.ID, op.Token)
	if err != nil {
		return err
	}
	if n == 0 {
		op.Err, err = s.whyNot(ctx, t, j.AccountID, j.ID)
		return err
	}
	op.Err = nil
	if j.Result != nil {
		s.results.add(s.op, j.AccountID, j.ID, blob(j.Result))
	}
	s.insertEvent(op.Event, op.Deliveries)
	return nil
}

// whyNot gives ErrFenced for a job that there is, and else ErrNotFound.
func (s *Store) whyNot(ctx context.Context, t tx, accountID, id string) (reason, err error) {
	if err := s.flushJobs(ctx, t); err != nil {
		return nil, err
	}
	err = one(ctx, t, func(scanner) error { return nil },
		"SELECT 1 FROM jobs WHERE account_id = ? AND id = ?", accountID, id)
	if errors.Is(err, store.ErrNotFound) {
		return store.ErrNotFound, nil
	}
	return store.ErrFenced, err
}

func (s *Store) requeueJob(ctx context.Context, t tx, op *store.RequeueJob) error {
	n, err := t.exec(ctx, `UPDATE jobs SET status = 'queued', ready = ?, due_at = ?, run_at = ?, error = ?,
		lease_token = '', lease = 0, lease_expires_at = 0
		WHERE account_id = ? AND id = ? AND status = 'running' AND lease_token = ?`,
		!op.RunAt.After(op.Now), micros(later(op.RunAt, op.Now)), micros(op.RunAt), op.Error,
		op.AccountID, op.JobID, op.Token)
	op.Err = nil
	if err == nil && n == 0 {
		op.Err, err = s.whyNot(ctx, t, op.AccountID, op.JobID)
	}
	return err
}

func (s *Store) promoteJobs(ctx context.Context, t tx, op *store.PromoteJobs) error {
	op.Promoted = nil
	type row struct{ account, id, kind string }
	due, err := list(ctx, t, func(sc scanner) (r row, err error) {
		err = sc.Scan(&r.account, &r.id, &r.kind)
		return r, err
	}, `SELECT account_id, id, type FROM jobs INDEXED BY jobs_waiting
		WHERE status = 'queued' AND ready = 0 AND due_at <= ? ORDER BY due_at LIMIT ?`,
		micros(op.Now), op.Limit)
	if err != nil {
		return err
	}
	for _, r := range due {
		if _, err := t.exec(ctx, "UPDATE jobs SET ready = 1 WHERE account_id = ? AND id = ?",
			r.account, r.id); err != nil {
			return err
		}
		op.Promoted = append(op.Promoted, store.PromotedJob{AccountID: r.account, Type: r.kind})
	}
	return nil
}
