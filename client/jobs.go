package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"iter"
	"net/http"
	"time"

	"github.com/ringback/ringback/ringback"
)

const jobsPath = "/v1/jobs"

// Job is a job as the API shows it.
type Job struct {
	ID             string             `json:"id"`
	UUID           string             `json:"uuid"` // as some profiles' bodies show it; it finds the job, too
	Type           string             `json:"type"`
	Status         ringback.JobStatus `json:"status"`
	Input          json.RawMessage    `json:"input"`
	Result         json.RawMessage    `json:"result"` // nil unless succeeded
	Error          string             `json:"error"`  // why it failed; while queued again, why the last attempt ended
	CallbackURL    string             `json:"callback_url"`
	Profile        string             `json:"profile"` // the callback's wire format
	CallbackOnly   bool               `json:"callback_only"`
	IncludeResult  bool               `json:"include_result"`
	Events         JobEvents          `json:"events"`
	ResourceID     string             `json:"resource_id"` // the job's own id if nothing was named
	Metadata       json.RawMessage    `json:"metadata"`
	Attempt        int                `json:"attempt"` // leases so far
	MaxAttempts    int                `json:"max_attempts"`
	TimeoutSeconds int                `json:"timeout_seconds"` // of one attempt
	RunAt          time.Time          `json:"run_at"`
	LeaseExpiresAt time.Time          `json:"lease_expires_at"` // zero unless running
	CreatedAt      time.Time          `json:"created_at"`
	StartedAt      time.Time          `json:"started_at"`  // of the current or last attempt; zero before the first
	FinishedAt     time.Time          `json:"finished_at"` // zero until the status is final
	StatusURL      string             `json:"status_url"`

	// Replayed says that SubmitJob's Idempotency-Key had made this job before:
	// in an earlier call, or in a try whose answer was lost.
	Replayed bool `json:"-"`
}

// JobEvents names the events that a job's outcome makes; "" = the default.
type JobEvents struct {
	Succeeded string `json:"succeeded,omitempty"`
	Failed    string `json:"failed,omitempty"`
	Canceled  string `json:"canceled,omitempty"`
}

// SubmitJobParams is a job to be submitted. Only Type is needed.
type SubmitJobParams struct {
	Type           string         `json:"type"`
	Input          any            `json:"input,omitempty"` // anything that encoding/json writes; nil = null
	CallbackURL    string         `json:"callback_url,omitempty"`
	Profile        string         `json:"profile,omitempty"`         // "" = the account's callback profile
	CallbackOnly   bool           `json:"callback_only,omitempty"`   // do not tell the endpoints
	IncludeResult  Optional[bool] `json:"include_result,omitzero"`   // left out = true
	Events         JobEvents      `json:"events,omitzero"`           // other names for the outcome's event
	ResourceID     string         `json:"resource_id,omitempty"`     // what it is about; "" = the job itself
	Metadata       any            `json:"metadata,omitempty"`        // an object of the submitter's own
	RunAt          time.Time      `json:"run_at,omitzero"`           // not before; zero = now
	TimeoutSeconds int            `json:"timeout_seconds,omitempty"` // of one attempt, 1–86400; 0 = 3600
	MaxAttempts    int            `json:"max_attempts,omitempty"`    // 1–100; 0 = 3

	// WaitSeconds is how long the answer waits for the job to finish, 0–60.
	WaitSeconds int `json:"-"`
	// IdempotencyKey names this submission, 1–255 visible ASCII characters: for
	// 24 hours the same one makes no second job. "" = a random one, which covers
	// the retries of this call.
	IdempotencyKey string `json:"-"`
}

// SubmitJob submits a job. It is on stable storage when SubmitJob returns.
func (c *Client) SubmitJob(ctx context.Context, p SubmitJobParams) (*Job, error) {
	j := &Job{}
	header, err := c.do(ctx, call{
		method: http.MethodPost, path: jobsPath, query: filter("wait", number(p.WaitSeconds)),
		header: idempotency(p.IdempotencyKey), in: p, out: j, repeatable: true, waitSeconds: p.WaitSeconds,
	})
	if err != nil {
		return nil, err
	}
	j.Replayed = replayed(header)
	return j, nil
}

// GetJobParams says how to look at a job.
type GetJobParams struct {
	WaitSeconds int // how long the answer waits for the job to finish, 0–60
}

// GetJob gives a job by its id or UUID, once it is finished or the time to wait
// is over.
func (c *Client) GetJob(ctx context.Context, id string, p GetJobParams) (*Job, error) {
	j := &Job{}
	_, err := c.do(ctx, call{
		method: http.MethodGet, path: under(jobsPath, id, ""), query: filter("wait", number(p.WaitSeconds)),
		out: j, repeatable: true, waitSeconds: p.WaitSeconds,
	})
	if err != nil {
		return nil, err
	}
	return j, nil
}

// ListJobsParams choose jobs; what is empty chooses all.
type ListJobsParams struct {
	Status     ringback.JobStatus
	Type       string
	ResourceID string
	Span
	Page
}

// ListJobs gives a page of jobs, the newest first.
func (c *Client) ListJobs(ctx context.Context, p ListJobsParams) (*List[Job], error) {
	return list[Job](ctx, c, jobsPath,
		[]string{"status", string(p.Status), "type", p.Type, "resource_id", p.ResourceID}, p.Span.query(), p.Page.query())
}

// AllJobs goes through all pages of ListJobs.
func (c *Client) AllJobs(ctx context.Context, p ListJobsParams) iter.Seq2[*Job, error] {
	return all(p.Page, func(page Page) (*List[Job], error) {
		p.Page = page
		return c.ListJobs(ctx, p)
	})
}

// CancelJob cancels a job that is not finished, at once.
func (c *Client) CancelJob(ctx context.Context, id string) (*Job, error) {
	j := &Job{}
	if _, err := c.do(ctx, call{method: http.MethodPost, path: under(jobsPath, id, "/cancel"), out: j}); err != nil {
		return nil, err
	}
	return j, nil
}

// idempotency makes the header Idempotency-Key, with a random key for "".
func idempotency(key string) http.Header {
	if key == "" {
		key = rand.Text()
	}
	return http.Header{"Idempotency-Key": {key}}
}

func replayed(h http.Header) bool { return h.Get("Idempotency-Replayed") == "true" }
