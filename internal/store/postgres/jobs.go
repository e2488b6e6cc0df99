package postgres

import (
	"context"
	"encoding/json"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/columns"
	"github.com/ringback/ringback/ringback"
)

var (
	insertJobs = bulk("insert jobs", `INSERT INTO jobs (bucket, attempt, max_attempts, ready, callback_only, include_result,
			due_at, run_at, timeout, lease, lease_expires_at, created_at, started_at, finished_at, account_id, id, type,
			status, error, callback_url, profile, event_types, resource_id, lease_token, traceparent, metadata, input)
		SELECT {bucket}, attempt, max_attempts, run_at <= created_at, callback_only, include_result,
			greatest(run_at, created_at), run_at, timeout, 0, 0, created_at, 0, 0, account_id, id, type,
			'queued', error, callback_url, profile, event_types, resource_id, '', traceparent, metadata, input
		FROM unnest({array}$2::text[], $3::text[], $4::integer[], $5::integer[], $6::boolean[], $7::boolean[],
			$8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],
			$16::text[], $17::text[], $18::bytea[], $19::bytea[])
		AS r ({column}account_id, id, attempt, max_attempts, callback_only, include_result,
			run_at, timeout, created_at, type, error, callback_url, profile, event_types,
			resource_id, traceparent, metadata, input)`)
	finishJobs = bulk("finish jobs", `UPDATE jobs j SET status = r.status, error = r.error, resource_id = r.resource_id,
		finished_at = r.finished_at, result = r.result, ready = false, lease_expires_at = 0
		FROM unnest({array}$2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bytea[])
			AS r ({column}account_id, id, token, status, error, resource_id, finished_at, result)
		WHERE {row j}
		AND (`+isRunning+` AND (r.token = '' OR j.lease_token = r.token) OR `+isQueued+` AND r.token = '')
		RETURNING j.account_id, j.id, 0::bigint`)
)

// submitJobs inserts those that are fresh.
func (s *Store) submitJobs(ctx context.Context, t *tx, ops []*store.SubmitJob) error {
	subs := make([]submission, len(ops))
	for i, op := range ops {
		op.Replayed, op.Err = "", nil
		subs[i] = submission{
			accountID: op.Job.AccountID, ref: op.Job.ID, at: op.Job.CreatedAt, key: op.Key,
			replayed: &op.Replayed, err: &op.Err,
		}
	}
	if err := admit(ctx, t, subs); err != nil {
		return err
	}
	fresh := make([]*ringback.Job, 0, len(ops))
	for _, op := range ops {
		if op.Replayed == "" && op.Err == nil {
			fresh = append(fresh, op.Job)
		}
	}
	names, err := encodeEventTypes(fresh)
	if err != nil {
		return err
	}
	queueBulk(t, insertJobs, sorted(fresh, accountOfJob, idOfJob), func(bucket any, rows []keyed[*ringback.Job]) []any {
		return jobArgs(bucket, rows, names)
	})
	return nil
}

func accountOfJob(j *ringback.Job) string { return j.AccountID }
func idOfJob(j *ringback.Job) string      { return j.ID }

// encodeEventTypes gives the names of the events of jobs, by the job; those of the
// defaults are not in it.
func encodeEventTypes(jobs []*ringback.Job) (map[*ringback.Job]string, error) {
	var names map[*ringback.Job]string
	for _, j := range jobs {
		if j.EventTypes == (ringback.JobEventTypes{}) {
			continue
		}
		text, err := json.Marshal(j.EventTypes)
		if err != nil {
			return nil, err
		}
		if names == nil {
			names = make(map[*ringback.Job]string)
		}
		names[j] = string(text)
	}
	return names, nil
}

func jobArgs(bucket any, rows []keyed[*ringback.Job], names map[*ringback.Job]string) []any {
	n := len(rows)
	accounts, ids := keysOf(rows)
	attempts, most := integers(n), integers(n)
	callbackOnly, includeResult := make([]bool, n), make([]bool, n)
	runs, timeouts, created := bigints(n), bigints(n), bigints(n)
	kinds, errs, urls, profiles, types := texts(n), texts(n), texts(n), texts(n), texts(n)
	resources, traces, metadata, inputs := texts(n), texts(n), bytesArray(), bytesArray()
	for i := range rows {
		j := rows[i].row
		attempts.integer(j.Attempt)
		most.integer(j.MaxAttempts)
		callbackOnly[i], includeResult[i] = j.CallbackOnly, j.IncludeResult
		runs.bigint(columns.Micros(j.RunAt))
		timeouts.bigint(j.Timeout.Microseconds())
		created.bigint(columns.Micros(j.CreatedAt))
		kinds.text(j.Type)
		errs.text(printable(j.Error))
		urls.text(j.CallbackURL)
		profiles.text(j.Profile)
		types.text(names[j])
		resources.text(printable(j.ResourceID))
		traces.text(j.TraceParent)
		metadata.bytes(j.Metadata)
		inputs.bytes(j.Input)
	}
	return []any{
		bucket, accounts, ids, attempts, most, callbackOnly, includeResult, runs, timeouts, created,
		kinds, errs, urls, profiles, types, resources, traces, metadata, inputs,
	}
}

// finishJobs gives jobs their outcome, and inserts the events of those that took
// it.
func (s *Store) finishJobs(ctx context.Context, t *tx, ops []*store.FinishJob) error {
	subs := make([]submission, len(ops))
	for i, op := range ops {
		op.Err = nil
		subs[i] = submission{accountID: op.Job.AccountID, ref: op.Job.ID, revision: op.Revision, err: &op.Err}
	}
	if err := admit(ctx, t, subs); err != nil {
		return err
	}
	planned := make([]*store.FinishJob, 0, len(ops))
	for _, op := range ops {
		if op.Err == nil {
			planned = append(planned, op)
		}
	}
	changes := changesOf(planned, func(op *store.FinishJob) (string, string, *error) {
		return op.Job.AccountID, op.Job.ID, &op.Err
	})
	if err := changes.make(ctx, t, finishJobs, finishArgs); err != nil {
		return err
	}
	events := make([]newEvent, 0, len(planned))
	for _, op := range planned {
		if op.Err == nil {
			events = append(events, newEvent{op.Event, op.Deliveries})
		}
	}
	t.insertEvents(events)
	return nil
}

func finishArgs(bucket any, rows []keyed[*jobChange[*store.FinishJob]]) []any {
	n := len(rows)
	accounts, ids := keysOf(rows)
	tokens, statuses, errs, resources := texts(n), texts(n), texts(n), texts(n)
	finished, results := bigints(n), bytesArray()
	for i := range rows {
		op := rows[i].row.op
		tokens.text(printable(op.Token))
		statuses.text(string(op.Job.Status))
		errs.text(printable(op.Job.Error))
		resources.text(printable(op.Job.ResourceID))
		finished.bigint(columns.Micros(op.Job.FinishedAt))
		results.bytes(op.Job.Result)
	}
	return []any{bucket, accounts, ids, tokens, statuses, errs, resources, finished, results}
}
