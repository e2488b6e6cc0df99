package engine

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/tracing"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// SubmitJobParams describes a new job. JSON values are in stable form
// (internal/body).
type SubmitJobParams struct {
	Type          string
	Input         json.RawMessage // nil = null
	CallbackURL   string          // "" = none
	Profile       string          // of the callback; "" = the account's
	CallbackOnly  bool
	IncludeResult Maybe[bool] // default true
	EventTypes    ringback.JobEventTypes
	ResourceID    string
	Metadata      json.RawMessage // an object, or nil
	RunAt         time.Time       // zero = now
	Timeout       time.Duration   // 0 = default
	MaxAttempts   int             // 0 = default
	Key           *store.IdempotencyKey
}

// SubmitJob makes a job. With an idempotency key that was used before for the
// same request it gives that request's job, as it is now, and replayed.
func (e *Engine) SubmitJob(ctx context.Context, accountID string, p SubmitJobParams) (job *ringback.Job, replayed bool, err error) {
	v, err := e.viewOf(ctx, accountID)
	if err != nil {
		return nil, false, err
	}
	at := e.now()
	job, err = e.newJob(ctx, v, p, at)
	if err != nil {
		return nil, false, err
	}
	job.TraceParent = tracing.Of(ctx)
	op := &store.SubmitJob{Job: job, Key: p.Key}
	if err := e.commit.Do(op); err != nil {
		return nil, false, err
	}
	switch {
	case errors.Is(op.Err, store.ErrIdempotencyMismatch):
		return nil, false, idempotencyMismatch(p.Key)
	case op.Err != nil:
		return nil, false, op.Err
	case op.Replayed != "":
		job, err = e.Job(ctx, accountID, op.Replayed)
		return job, true, err
	case job.RunAt.After(at):
		e.jobTimer.set(job.RunAt)
	default:
		e.idle.notify(readyJob{accountID: accountID, jobType: job.Type})
	}
	return job, false, nil
}

func idempotencyMismatch(k *store.IdempotencyKey) error {
	return &ringback.Error{
		Code: ringback.CodeIdempotencyMismatch, Field: "Idempotency-Key",
		Message: "the key " + shorten(k.Key) + " was used with another request within the last 24 hours; use a new one for each new request",
	}
}

// newJob checks a submission and settles its defaults.
func (e *Engine) newJob(ctx context.Context, v *view, p SubmitJobParams, at time.Time) (*ringback.Job, error) {
	job := &ringback.Job{
		ID: ringback.NewID(ringback.PrefixJob, at), AccountID: v.account.ID, Type: p.Type,
		Status: ringback.JobQueued, Input: p.Input, Metadata: p.Metadata,
		CallbackURL: p.CallbackURL, Profile: p.Profile, CallbackOnly: p.CallbackOnly,
		IncludeResult: !p.IncludeResult.Set || p.IncludeResult.Value,
		EventTypes:    p.EventTypes, ResourceID: p.ResourceID,
		RunAt: p.RunAt, Timeout: p.Timeout, MaxAttempts: p.MaxAttempts, CreatedAt: at,
	}
	if job.Input == nil {
		job.Input = json.RawMessage("null")
	}
	if job.RunAt.Before(at) {
		job.RunAt = at
	}
	if job.Timeout == 0 {
		job.Timeout = ringback.DefaultJobTimeout
	}
	if job.MaxAttempts == 0 {
		job.MaxAttempts = ringback.DefaultMaxAttempts
	}
	if err := checkJob(job); err != nil {
		return nil, err
	}
	if err := e.checkJobEvents(ctx, v, job.EventTypes); err != nil {
		return nil, err
	}
	return job, e.settleCallback(v, job)
}

func checkJob(job *ringback.Job) error {
	if err := checkEventType("type", job.Type); err != nil {
		return err
	}
	types := job.EventTypes
	for field, name := range map[string]string{
		"events.succeeded": types.Succeeded, "events.failed": types.Failed, "events.canceled": types.Canceled,
	} {
		if name == "" {
			continue
		}
		if err := checkEventType(field, name); err != nil {
			return err
		}
	}
	if err := checkText("resource_id", job.ResourceID, ringback.MaxResourceID); err != nil {
		return err
	}
	if err := checkTimeout("timeout_seconds", job.Timeout, ringback.MaxJobTimeout); err != nil {
		return err
	}
	if job.MaxAttempts < 1 || job.MaxAttempts > ringback.MaxMaxAttempts {
		return ringback.Invalid("max_attempts", "%d is not between 1 and %d", job.MaxAttempts, ringback.MaxMaxAttempts)
	}
	return nil
}

// settleCallback checks the callback of a job and decides its profile, so that
// a job whose callback could not be signed is refused now rather than failing
// when it is done.
func (e *Engine) settleCallback(v *view, job *ringback.Job) error {
	if job.Profile != "" {
		if _, err := v.checkProfile("profile", job.Profile); err != nil {
			return err
		}
	}
	if job.CallbackURL == "" {
		if job.CallbackOnly {
			return ringback.Invalid("callback_only", "there is no callback_url, so that nobody would be told of the outcome")
		}
		return nil
	}
	if err := e.checkURL("callback_url", job.CallbackURL); err != nil {
		return err
	}
	if job.Profile == "" {
		job.Profile = v.account.CallbackProfile
	}
	switch t := v.callback(job.Profile).at(job.CreatedAt); {
	case t.Unsignable == nil:
		return nil
	case t.Profile.KeyForm == webhook.KeyWhsk:
		return ringback.Invalid("profile",
			"callbacks in the profile %s are signed with the account's ed25519 key, and it has none yet; have one made with POST /v1/account/secret/rotate {\"signature\": \"v1a\"}",
			job.Profile)
	default:
		return ringback.Invalid("profile",
			"the account's secret cannot sign a callback in the profile %s (%v); use another profile, or give the account another secret with PATCH /v1/account",
			job.Profile, t.Unsignable)
	}
}

// Job gives one job, by its id or UUID.
func (e *Engine) Job(ctx context.Context, accountID, idOrUUID string) (*ringback.Job, error) {
	id, ok := ringback.ParseID(ringback.PrefixJob, idOrUUID)
	if !ok {
		return nil, ringback.NotFound("job", shorten(idOrUUID))
	}
	job, err := e.store.Job(ctx, accountID, id)
	return job, found(err, "job", idOrUUID)
}

// WaitJob gives a job once it is final, or as it is after the wait.
func (e *Engine) WaitJob(ctx context.Context, accountID, idOrUUID string, wait time.Duration) (*ringback.Job, error) {
	id, ok := ringback.ParseID(ringback.PrefixJob, idOrUUID)
	if !ok || wait <= 0 {
		return e.Job(ctx, accountID, idOrUUID)
	}
	var job *ringback.Job
	err := e.untilFinal(ctx, id, wait, func() (bool, error) {
		j, err := e.Job(ctx, accountID, id)
		if err != nil {
			return false, err
		}
		job = j
		return job.Status.Final(), nil
	})
	return job, err
}

// JobFilter selects jobs; empty members select all.
type JobFilter = store.JobFilter

// Jobs lists an account's jobs.
func (e *Engine) Jobs(ctx context.Context, accountID string, f JobFilter, p Paging) (*List[ringback.Job], error) {
	page, err := p.page(isID(ringback.PrefixJob))
	if err != nil {
		return nil, err
	}
	if err := checkSpan(f.Since, f.Until); err != nil {
		return nil, err
	}
	ctx, cancel := listing(ctx)
	defer cancel()
	jobs, err := e.store.ListJobs(ctx, accountID, f, page, maxListBytes)
	if err != nil {
		return nil, listFailed(ctx, err)
	}
	l := list(jobs, p.Limit, func(j *ringback.Job) string { return j.ID })
	size := 0
	for _, j := range l.Items {
		size += len(j.Input) + len(j.Result)
	}
	endEarly(l, size, func(j *ringback.Job) string { return j.ID })
	return l, nil
}

// CancelJob ends a job that has no outcome yet; a worker that has it is told at
// its next heartbeat.
func (e *Engine) CancelJob(ctx context.Context, accountID, idOrUUID string) (*ringback.Job, error) {
	job, err := e.Job(ctx, accountID, idOrUUID)
	if err != nil {
		return nil, err
	}
	if !job.Status.Final() {
		end := *job
		end.Status, end.Error = ringback.JobCanceled, ringback.CanceledError
		err := e.finish(ctx, &end, "")
		if err == nil {
			return &end, nil
		}
		if !errors.Is(err, store.ErrFenced) {
			return nil, err
		}
		if job, err = e.Job(ctx, accountID, job.ID); err != nil {
			return nil, err
		}
	}
	return nil, ringback.Errorf(ringback.CodeJobFinished, "the job is %s already", job.Status)
}

// finish gives a job its outcome, with the event and its deliveries. job is
// the job with its new status; token as in store.FinishJob. ErrFenced is
// returned as it is.
func (e *Engine) finish(ctx context.Context, job *ringback.Job, token string) (err error) {
	span := e.tracer.Finish(ctx, job)
	defer func() { span.End(err) }()
	err = e.replan(ctx, job.AccountID, func(v *view) error { return e.finishWith(v, job, token, span.TraceParent()) })
	if err == nil {
		e.finished.notify(job.ID)
		e.node.Tell(store.Signal{Kind: store.SignalFinished, AccountID: job.AccountID, Name: job.ID})
	}
	return err
}

// finishWith is finish with an account as it is in a view.
func (e *Engine) finishWith(v *view, job *ringback.Job, token, traceParent string) error {
	at := e.now()
	job.FinishedAt, job.LeaseExpiresAt = at, time.Time{}
	ev := &ringback.Event{
		ID: ringback.NewID(ringback.PrefixEvent, at), AccountID: job.AccountID,
		Type: job.EventTypes.For(job.Status), ResourceID: job.ResourceID, JobID: job.ID, CreatedAt: at,
		TraceParent: traceParent,
	}
	p := e.plan(v, ev, job)
	op := &store.FinishJob{Job: job, Token: token, Event: ev, Deliveries: p.deliveries(), Revision: v.revision}
	if err := e.commitPlan(p, op, func() bool { return op.Err == nil }); err != nil {
		return err
	}
	e.leased.forget(job.ID)
	return op.Err
}
