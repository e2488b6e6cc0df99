package api

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/ringback/ringback/internal/body"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// submitUsual is submitJob, as a shortcut.
func (a *API) submitUsual(ctx context.Context, c *call, _ string) (reply, error) {
	p, ok := usualSubmission(c.body)
	if !ok || len(c.header[callbackHeader]) > 0 {
		return reply{}, errUnusual
	}
	var err error
	if p.Key, err = c.idempotencyKey("jobs"); err != nil {
		return reply{}, err
	}
	job, replayed, err := a.engine.SubmitJob(ctx, c.accountID, p)
	if err != nil {
		return reply{}, err
	}
	text, err := jobText(c.showJob(job))
	return reply{text, replayed}, err
}

// usualSubmission reads a body in stable form that has none of the rarer
// members, and of the others nothing that is null or out of range.
func usualSubmission(stable []byte) (p engine.SubmitJobParams, ok bool) {
	for name, value := range body.Members(stable) {
		switch string(name) {
		case "type":
			p.Type, ok = plainString(value)
		case "input":
			p.Input, ok = json.RawMessage(value), true
		case "callback_url":
			p.CallbackURL, ok = plainString(value)
		case "profile":
			p.Profile, ok = plainString(value)
		case "callback_only":
			p.CallbackOnly, ok = plainBool(value)
		case "include_result":
			p.IncludeResult.Set = true
			p.IncludeResult.Value, ok = plainBool(value)
		case "resource_id":
			p.ResourceID, ok = plainString(value)
		case "metadata":
			p.Metadata, ok = json.RawMessage(value), body.IsObject(value)
		case "timeout_seconds":
			var n int
			n, ok = plainInt(value, 1, seconds(ringback.MaxJobTimeout))
			p.Timeout = ofSeconds(n)
		case "max_attempts":
			p.MaxAttempts, ok = plainInt(value, 1, ringback.MaxMaxAttempts)
		default:
			ok = false
		}
		if !ok {
			return p, false
		}
	}
	return p, p.Type != ""
}

// leaseUsual is leaseJobs, as a shortcut.
func (a *API) leaseUsual(ctx context.Context, c *call, _ string) (reply, error) {
	p, ok := usualLease(c.body)
	if !ok {
		return reply{}, errUnusual
	}
	p.AccountID = c.accountID
	jobs, err := a.engine.LeaseJobs(ctx, p)
	if err != nil {
		return reply{}, err
	}
	return reply{text: leasesText(jobs)}, nil
}

// usualLease reads a body in stable form that has nothing that is null or out
// of range.
func usualLease(stable []byte) (engine.LeaseParams, bool) {
	p := engine.LeaseParams{Max: 1, Lease: ringback.DefaultLease}
	for name, value := range body.Members(stable) {
		var n int
		var ok bool
		switch string(name) {
		case "types":
			p.Types, ok = plainStrings(value)
		case "max":
			p.Max, ok = plainInt(value, 1, ringback.MaxLeaseJobs)
		case "wait_seconds":
			n, ok = plainInt(value, 0, seconds(ringback.MaxWait))
			p.Wait = ofSeconds(n)
		case "lease_seconds":
			n, ok = plainInt(value, 1, seconds(ringback.MaxLease))
			p.Lease = ofSeconds(n)
		}
		if !ok {
			return p, false
		}
	}
	return p, p.Types != nil
}

// completeUsual is completeJob, as a shortcut.
func (a *API) completeUsual(ctx context.Context, c *call, id string) (reply, error) {
	ref := engine.LeaseRef{AccountID: c.accountID, JobID: id}
	var result json.RawMessage
	resourceID := ""
	for name, value := range body.Members(c.body) {
		var ok bool
		switch string(name) {
		case "lease_token":
			ref.Token, ok = plainString(value)
		case "result":
			result, ok = json.RawMessage(value), true
		case "resource_id":
			resourceID, ok = plainString(value)
		}
		if !ok {
			return reply{}, errUnusual
		}
	}
	if ref.Token == "" {
		return reply{}, errUnusual
	}
	job, err := a.engine.CompleteJob(ctx, ref, result, resourceID)
	if err != nil {
		return reply{}, err
	}
	text, err := jobText(c.showJob(job))
	return reply{text: text}, err
}

// jobText is a job as JSON, with the end of a line.
func jobText(j Job) ([]byte, error) {
	if j.Events != nil {
		var text bytes.Buffer
		err := marshal(&text, j)
		return text.Bytes(), err
	}
	m := members{make([]byte, 0, 768+len(j.Input)+len(j.Result)+len(j.Metadata)+len(j.CallbackURL))}
	m.string(`{"id":`, j.ID)
	m.string(`,"uuid":`, j.UUID)
	m.string(`,"type":`, j.Type)
	m.string(`,"status":`, string(j.Status))
	m.raw(`,"input":`, j.Input)
	m.rawIfAny(`,"result":`, j.Result)
	m.stringIfAny(`,"error":`, j.Error)
	m.stringIfAny(`,"callback_url":`, j.CallbackURL)
	m.stringIfAny(`,"profile":`, j.Profile)
	m.bool(`,"callback_only":`, j.CallbackOnly)
	m.bool(`,"include_result":`, j.IncludeResult)
	m.string(`,"resource_id":`, j.ResourceID)
	m.rawIfAny(`,"metadata":`, j.Metadata)
	m.int(`,"attempt":`, j.Attempt)
	m.int(`,"max_attempts":`, j.MaxAttempts)
	m.int(`,"timeout_seconds":`, j.TimeoutSeconds)
	m.time(`,"run_at":`, j.RunAt)
	m.timeIfAny(`,"lease_expires_at":`, j.LeaseExpiresAt)
	m.time(`,"created_at":`, j.CreatedAt)
	m.timeIfAny(`,"started_at":`, j.StartedAt)
	m.timeIfAny(`,"finished_at":`, j.FinishedAt)
	m.string(`,"status_url":`, j.StatusURL)
	return append(m.text, "}\n"...), nil
}

// leasesText is the jobs that a worker was given as JSON, with the end of a
// line.
func leasesText(jobs []*ringback.Job) []byte {
	size := 32
	for _, j := range jobs {
		size += 512 + len(j.Input) + len(j.Metadata)
	}
	m := members{make([]byte, 0, size)}
	m.text = append(m.text, `{"jobs":[`...)
	for i, j := range jobs {
		if i > 0 {
			m.text = append(m.text, ',')
		}
		l := showLease(j)
		m.string(`{"id":`, l.ID)
		m.string(`,"type":`, l.Type)
		m.raw(`,"input":`, l.Input)
		m.int(`,"attempt":`, l.Attempt)
		m.int(`,"max_attempts":`, l.MaxAttempts)
		m.string(`,"lease_token":`, l.LeaseToken)
		m.time(`,"lease_expires_at":`, l.LeaseExpiresAt)
		m.string(`,"account_id":`, l.AccountID)
		m.int(`,"timeout_seconds":`, l.TimeoutSeconds)
		m.rawIfAny(`,"metadata":`, l.Metadata)
		m.string(`,"resource_id":`, l.ResourceID)
		m.time(`,"created_at":`, l.CreatedAt)
		m.stringIfAny(`,"traceparent":`, l.TraceParent)
		m.text = append(m.text, '}')
	}
	return append(m.text, "]}\n"...)
}
