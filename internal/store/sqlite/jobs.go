package sqlite

import (
	"context"
	"encoding/json"
	"errors"
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
	input, err := t.insert(ctx, "INSERT INTO job_inputs (input, metadata) VALUES (?, ?)",
		blob(j.Input), blob(j.Metadata))
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO jobs (account_id, id, type, status, ready, due_at, input_rowid, error,
		callback_url, profile, callback_only, include_result, event_types, resource_id, run_at, timeout,
		max_attempts, attempt, lease_token, lease, lease_expires_at, created_at, started_at, finished_at, traceparent)
		VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, 0, ?, 0, 0, ?)`,
		j.AccountID, j.ID, j.Type, !j.RunAt.After(j.CreatedAt), micros(later(j.RunAt, j.CreatedAt)), input, j.Error,
		j.CallbackURL, j.Profile, j.CallbackOnly, j.IncludeResult, names, j.ResourceID, micros(j.RunAt),
		j.Timeout.Microseconds(), j.MaxAttempts, j.Attempt, micros(j.CreatedAt), j.TraceParent)
	return err
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
	n, err := t.exec(ctx, `UPDATE jobs SET status = ?, error = ?, resource_id = ?, finished_at = ?,
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
		if _, err := t.exec(ctx, `INSERT INTO job_results (input_rowid, result)
			SELECT input_rowid, ? FROM jobs WHERE account_id = ? AND id = ?`,
			blob(j.Result), j.AccountID, j.ID); err != nil {
			return err
		}
	}
	return s.insertEvent(ctx, t, op.Event, op.Deliveries)
}

// whyNot gives ErrFenced for a job that there is, and else ErrNotFound.
func (s *Store) whyNot(ctx context.Context, t tx, accountID, id string) (reason, err error) {
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
