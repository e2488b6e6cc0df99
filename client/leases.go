package client

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// LeasedJob is a job that a worker was given.
type LeasedJob struct {
	ID             string          `json:"id"`
	Type           string          `json:"type"`
	Input          json.RawMessage `json:"input"`
	Attempt        int             `json:"attempt"` // 1, 2, …
	MaxAttempts    int             `json:"max_attempts"`
	LeaseToken     string          `json:"lease_token"` // for HeartbeatJob, CompleteJob and FailJob
	LeaseExpiresAt time.Time       `json:"lease_expires_at"`
	AccountID      string          `json:"account_id"`
	TimeoutSeconds int             `json:"timeout_seconds"` // of this attempt
	Metadata       json.RawMessage `json:"metadata"`
	ResourceID     string          `json:"resource_id"`
	CreatedAt      time.Time       `json:"created_at"`
	TraceParent    string          `json:"traceparent"` // what the work continues the job's trace by, or ""; see WithTraceParent
}

// LeaseJobsParams ask for work.
type LeaseJobsParams struct {
	Types        []string `json:"types"`                   // 1 to 100
	Max          int      `json:"max,omitempty"`           // jobs, 1–100; 0 = 1
	WaitSeconds  int      `json:"wait_seconds,omitempty"`  // for the first job, 0–60
	LeaseSeconds int      `json:"lease_seconds,omitempty"` // 1–3600; 0 = 30
}

// leaseSize is how large a job can be in the answer, in bytes: input and
// metadata came in one request.
const leaseSize = 1<<20 + 8<<10

// LeaseJobs gives jobs to work on, maybe none. It is not repeated by itself: of
// a lease whose answer was lost, nobody knows until it ends.
func (c *Client) LeaseJobs(ctx context.Context, p LeaseJobsParams) ([]LeasedJob, error) {
	var answer struct {
		Jobs []LeasedJob `json:"jobs"`
	}
	_, err := c.do(ctx, call{
		method: http.MethodPost, path: jobsPath + "/lease", in: p, out: &answer,
		waitSeconds: p.WaitSeconds, more: leaseSize * int64(p.Max),
	})
	return answer.Jobs, err
}

// HeartbeatJobParams extend a lease.
type HeartbeatJobParams struct {
	LeaseToken   string `json:"lease_token"`
	LeaseSeconds int    `json:"lease_seconds,omitempty"` // from now, 1–3600; 0 = as long as it was made for
}

// HeartbeatJob extends a lease and gives its new end, by the server's clock. A
// code of 409 says that the lease is lost: the work is somebody else's now, or
// nobody's.
func (c *Client) HeartbeatJob(ctx context.Context, id string, p HeartbeatJobParams) (expires time.Time, err error) {
	var answer struct {
		LeaseExpiresAt time.Time `json:"lease_expires_at"`
	}
	_, err = c.do(ctx, call{
		method: http.MethodPost, path: under(jobsPath, id, "/heartbeat"), in: p, out: &answer, repeatable: true,
	})
	return answer.LeaseExpiresAt, err
}

// CompleteJobParams are a job's result.
type CompleteJobParams struct {
	LeaseToken string `json:"lease_token"`
	Result     any    `json:"result,omitempty"`      // anything that encoding/json writes; nil = null
	ResourceID string `json:"resource_id,omitempty"` // what the job turned out to be about; "" = as submitted
}

// CompleteJob gives a job its result. With the same token it may be repeated.
func (c *Client) CompleteJob(ctx context.Context, id string, p CompleteJobParams) (*Job, error) {
	return c.endJob(ctx, id, "/complete", p)
}

// FailJobParams say why a job failed.
type FailJobParams struct {
	LeaseToken string `json:"lease_token"`
	Error      string `json:"error"` // customers are told; not empty, at most 16 KiB
	Retry      bool   `json:"retry"` // queue the job again, if it has attempts left
}

// FailJob ends a job's attempt with an error. With the same token it may be
// repeated; with Retry, after an answer that was lost, the repetition gets
// ringback.CodeStaleLease, since the job is queued again by then.
func (c *Client) FailJob(ctx context.Context, id string, p FailJobParams) (*Job, error) {
	return c.endJob(ctx, id, "/fail", p)
}

func (c *Client) endJob(ctx context.Context, id, how string, p any) (*Job, error) {
	j := &Job{}
	_, err := c.do(ctx, call{
		method: http.MethodPost, path: under(jobsPath, id, how), in: p, out: j, repeatable: true,
	})
	if err != nil {
		return nil, err
	}
	return j, nil
}
