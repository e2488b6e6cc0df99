package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// Lease is a job that a worker was given.
type Lease struct {
	ID             string          `json:"id"`
	Type           string          `json:"type"`
	Input          json.RawMessage `json:"input" doc:"What was submitted; any JSON"`
	Attempt        int             `json:"attempt" doc:"Which attempt this is: 1, 2, …"`
	MaxAttempts    int             `json:"max_attempts"`
	LeaseToken     string          `json:"lease_token" doc:"Needed for heartbeat, complete and fail; shown nowhere else"`
	LeaseExpiresAt Instant         `json:"lease_expires_at" doc:"Without a heartbeat before this time the job goes to another worker"`
	AccountID      string          `json:"account_id"`
	TimeoutSeconds int             `json:"timeout_seconds" doc:"How long this attempt may take, in seconds; heartbeats do not extend the lease further"`
	Metadata       json.RawMessage `json:"metadata,omitempty"`
	ResourceID     string          `json:"resource_id"`
	CreatedAt      Instant         `json:"created_at"`
	TraceParent    string          `json:"traceparent,omitempty" doc:"What the worker continues the job's trace by (W3C Trace Context); only if the job has one"`
}

// Leases are the jobs that a worker was given, maybe none.
type Leases struct {
	Jobs []Lease `json:"jobs"`
}

// LeaseRequest is the body of leaseJobs.
type LeaseRequest struct {
	Types        []string      `json:"types" doc:"Which types of jobs the worker can do, 1 to 100"`
	Max          optional[int] `json:"max,omitzero" minimum:"1" maximum:"100" doc:"How many jobs at most; 1 if left out"`
	WaitSeconds  optional[int] `json:"wait_seconds,omitzero" minimum:"0" maximum:"60" doc:"How long to wait for a job if there is none, in seconds; 0 if left out"`
	LeaseSeconds optional[int] `json:"lease_seconds,omitzero" minimum:"1" maximum:"3600" doc:"How long the lease is, and each heartbeat extends it, in seconds; 30 if left out"`
}

// Heartbeat is the body of heartbeatJob.
type Heartbeat struct {
	LeaseToken   string        `json:"lease_token"`
	LeaseSeconds optional[int] `json:"lease_seconds,omitzero" minimum:"1" maximum:"3600" doc:"From now, in seconds; as long as the lease was made for if left out"`
}

// LeaseExtension answers a heartbeat.
type LeaseExtension struct {
	LeaseExpiresAt Instant `json:"lease_expires_at"`
}

// Completion is the body of completeJob.
type Completion struct {
	LeaseToken string           `json:"lease_token"`
	Result     json.RawMessage  `json:"result,omitempty" doc:"Any JSON; null if left out"`
	ResourceID nullable[string] `json:"resource_id,omitzero" minLength:"1" doc:"What the job turned out to be about, instead of what was submitted"`
}

// Failure is the body of failJob.
type Failure struct {
	LeaseToken string         `json:"lease_token"`
	Error      string         `json:"error" doc:"Why; customers are told. At most 16 KiB"`
	Retry      optional[bool] `json:"retry,omitzero" doc:"Queue the job again, if it has attempts left; false if left out"`
}

type leaseJobsInput struct{ Body LeaseRequest }

type leaseJobsOutput struct{ Body Leases }

type heartbeatJobInput struct {
	ID   string `path:"id" doc:"The job's id or UUID"`
	Body Heartbeat
}

type heartbeatJobOutput struct{ Body LeaseExtension }

type completeJobInput struct {
	ID   string `path:"id" doc:"The job's id or UUID"`
	Body Completion
}

type failJobInput struct {
	ID   string `path:"id" doc:"The job's id or UUID"`
	Body Failure
}

func (a *API) leaseJobs(ctx context.Context, in *leaseJobsInput) (*leaseJobsOutput, error) {
	p := engine.LeaseParams{
		AccountID: callOf(ctx).accountID, Types: in.Body.Types, Max: 1,
		Wait: ofSeconds(in.Body.WaitSeconds.get()), Lease: ringback.DefaultLease,
	}
	if in.Body.Max.given() {
		p.Max = in.Body.Max.get()
	}
	if in.Body.LeaseSeconds.given() {
		p.Lease = ofSeconds(in.Body.LeaseSeconds.get())
	}
	jobs, err := a.engine.LeaseJobs(ctx, p)
	if err != nil {
		return nil, err
	}
	out := &leaseJobsOutput{Leases{Jobs: make([]Lease, len(jobs))}}
	for i, j := range jobs {
		out.Body.Jobs[i] = showLease(j)
	}
	return out, nil
}

func showLease(j *ringback.Job) Lease {
	return Lease{
		ID: j.ID, Type: j.Type, Input: j.Input, Attempt: j.Attempt, MaxAttempts: j.MaxAttempts,
		LeaseToken: j.LeaseToken, LeaseExpiresAt: Instant{j.LeaseExpiresAt}, AccountID: j.AccountID,
		TimeoutSeconds: seconds(j.Timeout), Metadata: j.Metadata, ResourceID: resourceOf(j), CreatedAt: Instant{j.CreatedAt}, TraceParent: j.TraceParent,
	}
}

func (a *API) heartbeatJob(ctx context.Context, in *heartbeatJobInput) (*heartbeatJobOutput, error) {
	ref := engine.LeaseRef{AccountID: callOf(ctx).accountID, JobID: in.ID, Token: in.Body.LeaseToken}
	end, err := a.engine.Heartbeat(ctx, ref, ofSeconds(in.Body.LeaseSeconds.get()))
	if err != nil {
		return nil, err
	}
	return &heartbeatJobOutput{LeaseExtension{Instant{end}}}, nil
}

func (a *API) completeJob(ctx context.Context, in *completeJobInput) (*jobOutput, error) {
	c := callOf(ctx)
	ref := engine.LeaseRef{AccountID: c.accountID, JobID: in.ID, Token: in.Body.LeaseToken}
	job, err := a.engine.CompleteJob(ctx, ref, in.Body.Result, in.Body.ResourceID.get())
	if err != nil {
		return nil, err
	}
	return &jobOutput{c.showJob(job)}, nil
}

func (a *API) failJob(ctx context.Context, in *failJobInput) (*jobOutput, error) {
	c := callOf(ctx)
	ref := engine.LeaseRef{AccountID: c.accountID, JobID: in.ID, Token: in.Body.LeaseToken}
	job, err := a.engine.FailJob(ctx, ref, in.Body.Error, in.Body.Retry.get())
	if err != nil {
		return nil, err
	}
	return &jobOutput{c.showJob(job)}, nil
}

func (a *API) registerLeases() {
	const token = `"lease_token": "lease_01jzn6v3m8f7q9r2s4t6w8x0z2_mzxw6ytboi2dsnrwgq4tombqge"`
	work := []ringback.Scope{ringback.ScopeJobsWork}
	lost := []ringback.Code{ringback.CodeStaleLease, ringback.CodeJobCanceled, ringback.CodeJobFinished}
	lease := register(a, operation{
		ID: "leaseJobs", Method: http.MethodPost, Path: "/v1/jobs/lease", Tag: "workers", Status: http.StatusOK,
		Summary: "Get jobs to work on",
		Text:    "Each job comes with a token that fences it. Without a job the answer waits for one, up to `wait_seconds`, and is then empty. An operator's worker gets the jobs of all accounts in turn.",
		By:      aWorker, Scopes: work, Untraced: true,
		Request: `{"types": ["inspect"], "max": 4, "wait_seconds": 30, "lease_seconds": 60}`,
		Response: `{"jobs": [{"id": "job_01jzn6v3m8f7q9r2s4t6w8x0z2", "type": "inspect", "input": {"url": "https://example.com/video.mp4"},
			"attempt": 1, "max_attempts": 3, ` + token + `, "lease_expires_at": "2026-01-02T15:05:05.123456Z",
			"account_id": "acc_01jzn6v3m8f7q9r2s4t6w8x0z2", "timeout_seconds": 3600,
			"resource_id": "job_01jzn6v3m8f7q9r2s4t6w8x0z2", "created_at": "2026-01-02T15:04:05.123456Z"}]}`,
	}, a.leaseJobs)
	a.shorten(lease, a.leaseUsual)
	register(a, operation{
		ID: "heartbeatJob", Method: http.MethodPost, Path: "/v1/jobs/{id}/heartbeat", Tag: "workers", Status: http.StatusOK,
		Summary: "Extend a lease", Text: "Never past the job's timeout. After a 409 the worker should stop.",
		By: aWorker, Scopes: work, Codes: lost, Untraced: true,
		Request: `{` + token + `}`, Response: `{"lease_expires_at": "2026-01-02T15:05:35.123456Z"}`,
	}, a.heartbeatJob)
	complete := register(a, operation{
		ID: "completeJob", Method: http.MethodPost, Path: "/v1/jobs/{id}/complete", Tag: "workers", Status: http.StatusOK,
		Summary: "Give a job its result", Text: "Repeating it with the same token succeeds and changes nothing.",
		By: aWorker, Scopes: work, Codes: lost,
		Request: `{` + token + `, "result": {"width": 1920, "height": 1080}}`, Response: exampleFinishedJob,
	}, a.completeJob)
	a.shorten(complete, a.completeUsual)
	register(a, operation{
		ID: "failJob", Method: http.MethodPost, Path: "/v1/jobs/{id}/fail", Tag: "workers", Status: http.StatusOK,
		Summary: "Say that a job failed",
		Text:    "With `retry`, and attempts left, the job is queued again after a pause and no event is made. Repeating it with the same token succeeds and changes nothing.",
		By:      aWorker, Scopes: work, Codes: lost,
		Request: `{` + token + `, "error": "Failed to decode video.", "retry": true}`, Response: exampleQueuedJob,
	}, a.failJob)
}
