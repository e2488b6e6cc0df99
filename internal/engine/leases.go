package engine

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// LeaseParams asks for work. AccountID "" is an operator's worker: it gets the
// jobs of all accounts, one of each in turn.
type LeaseParams struct {
	AccountID string
	Types     []string
	Max       int           // jobs, 1–100
	Wait      time.Duration // for the first job, 0–60 s
	Lease     time.Duration // 1 s – 1 h
}

// LeaseJobs gives jobs to a worker, each with a token that fences it: fewer than
// Max where inputs are large. Without any it waits, and then gives none. Their
// TraceParent is what the worker continues the trace by.
func (e *Engine) LeaseJobs(ctx context.Context, p LeaseParams) ([]*ringback.Job, error) {
	if err := checkLease(p); err != nil {
		return nil, err
	}
	if p.Wait == 0 {
		return e.leaseNow(p)
	}
	timer := time.NewTimer(p.Wait)
	defer timer.Stop()
	for ctx.Err() == nil && !e.isStopping() {
		// It is on the list before it looks, so that it misses nothing.
		w := e.idle.add(p.AccountID, p.Types)
		jobs, err := e.leaseNow(p)
		if err != nil || len(jobs) > 0 {
			e.idle.leave(w)
			return jobs, err
		}
		select {
		case ready := <-w.wake:
			if jobs, err := e.leaseNow(p); err != nil || len(jobs) > 0 {
				// Perhaps it got others than the job that it was woken for.
				if err != nil || len(jobs) == p.Max || inputs(jobs) > maxListBytes {
					e.idle.notify(ready)
				}
				if ready.several {
					e.idle.notify(ready)
				}
				return jobs, err
			}
			continue
		case <-e.elsewhere():
			e.idle.leave(w)
			continue
		case <-timer.C:
		case <-e.stopping:
		case <-ctx.Done():
		}
		e.idle.leave(w)
		break
	}
	return nil, nil
}

// inputs is the size of what jobs bring along.
func inputs(jobs []*ringback.Job) int {
	size := 0
	for _, j := range jobs {
		size += len(j.Input) + len(j.Metadata)
	}
	return size
}

func checkLease(p LeaseParams) error {
	if len(p.Types) == 0 {
		return ringback.Invalid("types", "name at least one job type")
	}
	if len(p.Types) > ringback.MaxLeaseTypes {
		return ringback.Invalid("types", "%d types are too many; at most %d are allowed", len(p.Types), ringback.MaxLeaseTypes)
	}
	for _, t := range p.Types {
		if err := checkEventType("types", t); err != nil {
			return err
		}
	}
	if p.Max < 1 || p.Max > ringback.MaxLeaseJobs {
		return ringback.Invalid("max", "%d is not between 1 and %d", p.Max, ringback.MaxLeaseJobs)
	}
	if p.Wait < 0 || p.Wait > ringback.MaxWait {
		return ringback.Invalid("wait_seconds", "%d is not between 0 and %d", int64(p.Wait/time.Second), int64(ringback.MaxWait/time.Second))
	}
	return checkTimeout("lease_seconds", p.Lease, ringback.MaxLease)
}

func (e *Engine) leaseNow(p LeaseParams) ([]*ringback.Job, error) {
	op := &store.LeaseJobs{
		AccountID: p.AccountID, Types: p.Types, Max: p.Max, MaxBytes: maxListBytes, Now: e.now(), Lease: p.Lease, Token: newLeaseToken,
	}
	if err := e.commit.Do(op); err != nil {
		return nil, err
	}
	for _, j := range op.Jobs {
		e.jobTimer.set(j.LeaseExpiresAt)
		e.leased.remember(*j)
		j.TraceParent = e.tracer.Leased(j)
	}
	return op.Jobs, nil
}

// leasePrefix leads lease tokens: "lease_", the 26 characters of the account's
// id, "_", and 128 random bits. The account is in it so that an operator's
// worker need not name it.
const leasePrefix = "lease_"

func newLeaseToken(job *ringback.Job) string {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the program instead
	random := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:]))
	return leasePrefix + strings.TrimPrefix(job.AccountID, ringback.PrefixAccount+"_") + "_" + random
}

// accountOfLease reads the account's id off a token, or gives "".
func accountOfLease(token string) string {
	rest, ok := strings.CutPrefix(token, leasePrefix)
	account, _, ok2 := strings.Cut(rest, "_")
	id := ringback.PrefixAccount + "_" + account
	if !ok || !ok2 || !ringback.ValidID(ringback.PrefixAccount, id) {
		return ""
	}
	return id
}

// LeaseRef names a lease: the job, and the token that was given with it.
// AccountID "" is an operator's worker.
type LeaseRef struct {
	AccountID string
	JobID     string // id or UUID
	Token     string
}

// leasedJob finds the job that a lease is about: as it is, or as it was when it
// was leased with this token.
func (e *Engine) leasedJob(ctx context.Context, r LeaseRef) (*ringback.Job, error) {
	if r.Token == "" {
		return nil, ringback.Invalid("lease_token", "it is needed; it was given with the job's lease")
	}
	id, ok := ringback.ParseID(ringback.PrefixJob, r.JobID)
	if !ok {
		return nil, ringback.NotFound("job", shorten(r.JobID))
	}
	if job := e.leased.find(id, r.Token); job != nil && (r.AccountID == "" || r.AccountID == job.AccountID) {
		return job, nil
	}
	account := r.AccountID
	if account == "" {
		account = accountOfLease(r.Token)
	}
	job, err := e.store.Job(ctx, account, id)
	if r.AccountID == "" && errors.Is(err, store.ErrNotFound) {
		// The token is of another account, or none at all: which job is it?
		if account, err = e.store.JobAccount(ctx, id); err == nil {
			job, err = e.store.Job(ctx, account, id)
		}
	}
	return job, found(err, "job", r.JobID)
}

// leaseLost says why a token no longer counts.
func leaseLost(job *ringback.Job) error {
	switch {
	case job.Status == ringback.JobCanceled:
		return ringback.Errorf(ringback.CodeJobCanceled, "the job was canceled; stop working on it")
	case job.Status.Final():
		return ringback.Errorf(ringback.CodeJobFinished, "the job is %s already", job.Status)
	default:
		return ringback.Errorf(ringback.CodeStaleLease,
			"this lease has ended or the token is not the job's current one; the job is %s (attempt %d of %d); stop working on it",
			job.Status, job.Attempt, job.MaxAttempts)
	}
}

// Heartbeat extends a lease, by the length it was leased with or by the given
// one, but not past the job's timeout. It gives the new end.
func (e *Engine) Heartbeat(ctx context.Context, r LeaseRef, lease time.Duration) (time.Time, error) {
	if lease != 0 {
		if err := checkTimeout("lease_seconds", lease, ringback.MaxLease); err != nil {
			return time.Time{}, err
		}
	}
	job, err := e.leasedJob(ctx, r)
	if err != nil {
		return time.Time{}, err
	}
	op := &store.ExtendLease{AccountID: job.AccountID, JobID: job.ID, Token: r.Token, Now: e.now(), Lease: lease}
	if err := e.commit.Do(op); err != nil {
		return time.Time{}, err
	}
	if op.Err != nil {
		return time.Time{}, e.explainLost(ctx, job)
	}
	e.jobTimer.set(op.ExpiresAt)
	return op.ExpiresAt, nil
}

// explainLost says why a change under a lease was fenced off, from the job as
// it is now.
func (e *Engine) explainLost(ctx context.Context, job *ringback.Job) error {
	job, err := e.Job(ctx, job.AccountID, job.ID)
	if err != nil {
		return err
	}
	return leaseLost(job)
}

// CompleteJob gives a leased job its result (JSON in stable form; nil = null).
// Repeating it with the same token changes nothing and succeeds.
func (e *Engine) CompleteJob(ctx context.Context, r LeaseRef, result json.RawMessage, resourceID string) (*ringback.Job, error) {
	if err := checkText("resource_id", resourceID, ringback.MaxResourceID); err != nil {
		return nil, err
	}
	job, err := e.leasedJob(ctx, r)
	if err != nil {
		return nil, err
	}
	if result == nil {
		result = json.RawMessage("null")
	}
	end := *job
	end.Status, end.Result, end.Error = ringback.JobSucceeded, result, ""
	if resourceID != "" {
		end.ResourceID = resourceID
	}
	return e.finishLeased(ctx, job, &end, r.Token)
}

// FailJob ends a leased job's attempt with an error. With retry, and attempts
// left, it is queued again after a pause; otherwise the job has failed.
func (e *Engine) FailJob(ctx context.Context, r LeaseRef, reason string, retry bool) (*ringback.Job, error) {
	if strings.TrimSpace(reason) == "" {
		return nil, ringback.Invalid("error", "say why the job failed; customers are told")
	}
	if len(reason) > ringback.MaxErrorLength {
		return nil, ringback.Invalid("error", "it has %d bytes; at most %d are allowed", len(reason), ringback.MaxErrorLength)
	}
	job, err := e.leasedJob(ctx, r)
	if err != nil {
		return nil, err
	}
	if retry && job.Attempt < job.MaxAttempts {
		if job.Status != ringback.JobRunning || job.LeaseToken != r.Token {
			return nil, leaseLost(job)
		}
		if err := e.requeue(ctx, job, reason); err != nil {
			return nil, err
		}
		return e.Job(ctx, job.AccountID, job.ID)
	}
	end := *job
	end.Status, end.Result, end.Error = ringback.JobFailed, nil, reason
	return e.finishLeased(ctx, job, &end, r.Token)
}

// finishLeased ends a job under its lease.
func (e *Engine) finishLeased(ctx context.Context, job, end *ringback.Job, token string) (*ringback.Job, error) {
	if job.Status == ringback.JobRunning && job.LeaseToken == token {
		err := e.finish(ctx, end, token)
		if err == nil {
			return end, nil
		}
		if !errors.Is(err, store.ErrFenced) {
			return nil, found(err, "job", job.ID)
		}
		if job, err = e.Job(ctx, job.AccountID, job.ID); err != nil {
			return nil, err
		}
	}
	if job.Status == end.Status && job.LeaseToken == token {
		return job, nil // the same again: the answer was lost
	}
	return nil, leaseLost(job)
}

// requeue puts a leased job back, to be leased again after a pause.
func (e *Engine) requeue(ctx context.Context, job *ringback.Job, reason string) error {
	at := e.now()
	op := &store.RequeueJob{
		AccountID: job.AccountID, JobID: job.ID, Token: job.LeaseToken, Now: at,
		RunAt: at.Add(ringback.JobBackoff(job.Attempt)).Truncate(time.Microsecond), Error: reason,
	}
	if err := e.commit.Do(op); err != nil {
		return err
	}
	e.leased.forget(job.ID)
	if op.Err != nil {
		return e.explainLost(ctx, job)
	}
	e.jobTimer.set(op.RunAt)
	return nil
}
