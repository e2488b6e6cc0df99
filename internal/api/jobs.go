package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// Job is a job as answers show it.
type Job struct {
	ID             string             `json:"id"`
	UUID           string             `json:"uuid" doc:"As the bodies of the profiles unitary and sharpapi show it; it finds the job, too"`
	Type           string             `json:"type"`
	Status         ringback.JobStatus `json:"status" enum:"queued,running,succeeded,failed,canceled" doc:"succeeded, failed and canceled are final"`
	Input          json.RawMessage    `json:"input" doc:"What was submitted; any JSON"`
	Result         json.RawMessage    `json:"result,omitempty" doc:"What the worker returned; only when succeeded"`
	Error          string             `json:"error,omitempty" doc:"Why it failed; while queued again, why the last attempt ended"`
	CallbackURL    string             `json:"callback_url,omitempty"`
	Profile        string             `json:"profile,omitempty" doc:"The callback's wire format"`
	CallbackOnly   bool               `json:"callback_only" doc:"Endpoints do not get this job's event"`
	IncludeResult  bool               `json:"include_result" doc:"The callback includes the result"`
	Events         *JobEvents         `json:"events,omitempty"`
	ResourceID     string             `json:"resource_id" doc:"What the job is about; its own id if nothing was named"`
	Metadata       json.RawMessage    `json:"metadata,omitempty" doc:"The submitter's own object"`
	Attempt        int                `json:"attempt" doc:"How many leases there were so far"`
	MaxAttempts    int                `json:"max_attempts"`
	TimeoutSeconds int                `json:"timeout_seconds" doc:"How long one attempt may take, in seconds"`
	RunAt          Instant            `json:"run_at" doc:"The job is not leased before this time"`
	LeaseExpiresAt Instant            `json:"lease_expires_at,omitzero" doc:"When the current lease ends, unless its worker extends it; only when running"`
	CreatedAt      Instant            `json:"created_at"`
	StartedAt      Instant            `json:"started_at,omitzero" doc:"When the current or last attempt began"`
	FinishedAt     Instant            `json:"finished_at,omitzero"`
	StatusURL      string             `json:"status_url" doc:"Where this job can be polled"`
}

// JobEvents names the events that a job's outcome makes.
type JobEvents struct {
	Succeeded string `json:"succeeded,omitempty" minLength:"1" doc:"Instead of job.succeeded" example:"DOCUMENT_CREATE_FINISHED"`
	Failed    string `json:"failed,omitempty" minLength:"1" doc:"Instead of job.failed" example:"DOCUMENT_CREATE_FAILED"`
	Canceled  string `json:"canceled,omitempty" minLength:"1" doc:"Instead of job.canceled"`
}

// JobSubmission is the body of submitJob.
type JobSubmission struct {
	Type           string              `json:"type" doc:"What kind of work it is; workers lease by type. Like an event type: [A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*, at most 128 characters" example:"inspect"`
	Input          json.RawMessage     `json:"input,omitempty" doc:"Any JSON; null if left out"`
	CallbackURL    nullable[string]    `json:"callback_url,omitzero" doc:"Who is told of the outcome, besides the endpoints; called exactly as written. The same as the header Job-Webhook"`
	Profile        nullable[string]    `json:"profile,omitzero" minLength:"1" doc:"The callback's wire format; the account's callback_profile if left out"`
	CallbackOnly   optional[bool]      `json:"callback_only,omitzero" doc:"Do not tell the endpoints; false if left out"`
	IncludeResult  optional[bool]      `json:"include_result,omitzero" doc:"Whether the callback includes the result; true if left out"`
	Events         nullable[JobEvents] `json:"events,omitzero" doc:"Other names for the event that the outcome makes"`
	ResourceID     nullable[string]    `json:"resource_id,omitzero" minLength:"1" doc:"What the job is about, at most 256 bytes; the job's id if left out"`
	Metadata       nullable[object]    `json:"metadata,omitzero" doc:"An object of the submitter's own, shown in the job and in callbacks of the profile standard"`
	RunAt          nullable[time.Time] `json:"run_at,omitzero" doc:"Not before this time; now if left out"`
	TimeoutSeconds optional[int]       `json:"timeout_seconds,omitzero" minimum:"1" maximum:"86400" doc:"How long one attempt may take, in seconds; 3600 if left out"`
	MaxAttempts    optional[int]       `json:"max_attempts,omitzero" minimum:"1" maximum:"100" doc:"How many leases may end without an outcome or with a failure that asks for a retry; 3 if left out"`
}

type submitJobInput struct {
	Wait int `query:"wait" minimum:"0" maximum:"60" doc:"Seconds to wait for the job to finish before answering"`
	Body JobSubmission
}

type submitJobOutput struct {
	Status   int
	Replayed string `header:"Idempotency-Replayed" doc:"true if this Idempotency-Key made the job earlier"`
	Body     Job
}

type jobOutput struct{ Body Job }

type getJobInput struct {
	ID   string `path:"id" doc:"The job's id or UUID"`
	Wait int    `query:"wait" minimum:"0" maximum:"60" doc:"Seconds to wait for the job to finish before answering"`
}

type jobInput struct {
	ID string `path:"id" doc:"The job's id or UUID"`
}

type listJobsInput struct {
	Status     string `query:"status" enum:"queued,running,succeeded,failed,canceled"`
	Type       string `query:"type" doc:"Only jobs of this type"`
	ResourceID string `query:"resource_id" doc:"Only jobs that were submitted or completed with this resource id"`
	SpanParams
	PageParams
}

func (a *API) submitJob(ctx context.Context, in *submitJobInput) (*submitJobOutput, error) {
	c := callOf(ctx)
	p, err := in.Body.params(c)
	if err != nil {
		return nil, err
	}
	header, byHeader, err := c.headerValue(callbackHeader)
	if err != nil {
		return nil, err
	}
	if byHeader {
		if in.Body.CallbackURL.given() && p.CallbackURL != header {
			return nil, ringback.Invalid(callbackHeader, "it differs from callback_url; give one of them")
		}
		p.CallbackURL = header
	}
	job, replayed, err := a.engine.SubmitJob(ctx, c.accountID, p)
	if err != nil {
		if byHeader && !in.Body.CallbackURL.given() {
			err = renameField(err, "callback_url", callbackHeader)
		}
		return nil, err
	}
	out := &submitJobOutput{Status: http.StatusAccepted, Replayed: replayedText(replayed)}
	if in.Wait > 0 {
		// The job is accepted, whatever becomes of the waiting.
		if waited, err := a.engine.WaitJob(ctx, c.accountID, job.ID, ofSeconds(in.Wait)); err == nil {
			job = waited
		}
		if job.Status.Final() {
			out.Status = http.StatusOK
		}
	}
	out.Body = c.showJob(job)
	return out, nil
}

// params gives the submission in the engine's terms, all but the header.
func (s *JobSubmission) params(c *call) (engine.SubmitJobParams, error) {
	p := engine.SubmitJobParams{
		Type: s.Type, Input: s.Input, CallbackURL: s.CallbackURL.get(), Profile: s.Profile.get(),
		CallbackOnly: s.CallbackOnly.get(), IncludeResult: s.IncludeResult.maybe,
		EventTypes: ringback.JobEventTypes(s.Events.get()), ResourceID: s.ResourceID.get(),
		Metadata: json.RawMessage(s.Metadata.get()), RunAt: s.RunAt.get().UTC(),
		Timeout: ofSeconds(s.TimeoutSeconds.get()), MaxAttempts: s.MaxAttempts.get(),
	}
	if s.CallbackURL.given() && p.CallbackURL == "" {
		return p, ringback.Invalid("callback_url", "it is empty: give an absolute URL such as https://example.com/hook, or leave it out")
	}
	if s.RunAt.given() {
		if err := checkTime("run_at", p.RunAt); err != nil {
			return p, err
		}
	}
	var err error
	p.Key, err = c.idempotencyKey("jobs")
	return p, err
}

func (a *API) getJob(ctx context.Context, in *getJobInput) (*jobOutput, error) {
	c := callOf(ctx)
	job, err := a.engine.WaitJob(ctx, c.accountID, in.ID, ofSeconds(in.Wait))
	if err != nil {
		return nil, err
	}
	return &jobOutput{c.showJob(job)}, nil
}

func (a *API) listJobs(ctx context.Context, in *listJobsInput) (*listOutput[Job], error) {
	c := callOf(ctx)
	f := engine.JobFilter{Status: ringback.JobStatus(in.Status), Type: in.Type, ResourceID: in.ResourceID}
	if err := checkType("type", in.Type); err != nil {
		return nil, err
	}
	var err error
	if f.Span, err = in.span(); err != nil {
		return nil, err
	}
	l, err := a.engine.Jobs(ctx, c.accountID, f, in.paging())
	if err != nil {
		return nil, err
	}
	return show(l, c.showJob), nil
}

func (a *API) cancelJob(ctx context.Context, in *jobInput) (*jobOutput, error) {
	c := callOf(ctx)
	job, err := a.engine.CancelJob(ctx, c.accountID, in.ID)
	if err != nil {
		return nil, err
	}
	return &jobOutput{c.showJob(job)}, nil
}

// showJob shows a job. Its lease token is shown with its lease alone.
func (c *call) showJob(j *ringback.Job) Job {
	v := Job{
		ID: j.ID, UUID: ringback.UUID(j.ID), Type: j.Type, Status: j.Status, Input: j.Input, Result: j.Result, Error: j.Error,
		CallbackURL: j.CallbackURL, Profile: j.Profile, CallbackOnly: j.CallbackOnly, IncludeResult: j.IncludeResult,
		ResourceID: resourceOf(j), Metadata: j.Metadata,
		Attempt: j.Attempt, MaxAttempts: j.MaxAttempts, TimeoutSeconds: seconds(j.Timeout),
		RunAt: Instant{j.RunAt}, CreatedAt: Instant{j.CreatedAt}, StartedAt: Instant{j.StartedAt}, FinishedAt: Instant{j.FinishedAt},
		StatusURL: c.url + "/v1/jobs/" + j.ID,
	}
	if j.Status == ringback.JobRunning {
		v.LeaseExpiresAt = Instant{j.LeaseExpiresAt}
	}
	if j.EventTypes != (ringback.JobEventTypes{}) {
		events := JobEvents(j.EventTypes)
		v.Events = &events
	}
	return v
}

// resourceOf is what a job is about.
func resourceOf(j *ringback.Job) string {
	if j.ResourceID != "" {
		return j.ResourceID
	}
	return j.ID
}

// replayedText is the value of Idempotency-Replayed; "" leaves it out.
func replayedText(replayed bool) string {
	if replayed {
		return "true"
	}
	return ""
}
