package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ringback/ringback/internal/metrics"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

const (
	timerBatch = 500
	timerBytes = 8 << 20 // of jobs whose lease has ended
)

// runJobTimers makes jobs ready when their time comes, and ends leases whose
// time is over.
func (e *Engine) runJobTimers(ctx context.Context) error {
	e.jobTimer.set(e.now())
	for {
		// A look now and then, since a machine that was suspended, or whose clock
		// was set, may wake late.
		wait := time.Minute
		if e.node.Shared() {
			wait = lookEvery
		}
		if at := e.jobTimer.peek(); !at.IsZero() {
			wait = min(max(at.Sub(e.now()), 0), wait)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
			if at := e.jobTimer.peek(); e.node.Shared() && (at.IsZero() || at.After(e.now())) {
				e.learnJobTimes(ctx)
				continue
			}
		case <-e.jobTimer.wake:
			timer.Stop()
			if e.jobTimer.peek().After(e.now()) {
				continue
			}
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		e.jobTimer.take()
		if err := e.jobsDue(ctx); err != nil && ctx.Err() == nil {
			e.log.Warn("due jobs could not be looked after; trying again", "error", err)
			e.jobTimer.set(e.now().Add(time.Second))
		}
	}
}

// jobsDue does what is due now, and sets the timer for what is next.
func (e *Engine) jobsDue(ctx context.Context) error {
	for {
		promote := &store.PromoteJobs{Now: e.now(), Limit: timerBatch}
		if err := e.commit.Do(promote); err != nil {
			return err
		}
		for _, j := range promote.Promoted {
			e.idle.notify(readyJob{accountID: j.AccountID, jobType: j.Type})
		}
		expired, err := e.store.ExpiredJobs(ctx, e.now(), timerBatch, timerBytes)
		if err != nil {
			return err
		}
		if err := e.endLeases(ctx, expired); err != nil {
			return err
		}
		if len(promote.Promoted) < timerBatch && len(expired) == 0 {
			break
		}
	}
	return e.setJobTimer(ctx)
}

// setJobTimer sets the timer for what is next.
func (e *Engine) setJobTimer(ctx context.Context) error {
	runAt, leaseEnd, err := e.store.NextJobTimes(ctx)
	if err != nil {
		return err
	}
	e.jobTimer.set(runAt)
	e.jobTimer.set(leaseEnd)
	return nil
}

// learnJobTimes sets the timer for what other nodes were to look after, should
// they be gone.
func (e *Engine) learnJobTimes(ctx context.Context) {
	if err := e.setJobTimer(ctx); err != nil && ctx.Err() == nil {
		e.log.Warn("due jobs could not be looked for; trying again", "error", err)
	}
}

// endLeases ends leases that ran out, all at once so that they share commits.
func (e *Engine) endLeases(ctx context.Context, expired []*ringback.Job) error {
	var ended sync.WaitGroup
	errs := make([]error, len(expired))
	for i, job := range expired {
		ended.Go(func() { errs[i] = e.endLease(ctx, job) })
	}
	ended.Wait()
	return errors.Join(errs...)
}

func (e *Engine) endLease(ctx context.Context, job *ringback.Job) error {
	why := metrics.LeaseExpired
	reason := fmt.Sprintf("the lease of attempt %d of %d ended without an outcome", job.Attempt, job.MaxAttempts)
	if !job.LeaseExpiresAt.Before(job.StartedAt.Add(job.Timeout)) {
		why = metrics.JobTimedOut
		reason = fmt.Sprintf("attempt %d of %d ran longer than its timeout of %s", job.Attempt, job.MaxAttempts, job.Timeout)
	}
	var err error
	if job.Attempt < job.MaxAttempts {
		err = e.requeue(ctx, job, reason)
	} else {
		end := *job
		end.Status, end.Error = ringback.JobFailed, reason
		err = e.finish(ctx, &end, job.LeaseToken)
	}
	if errors.Is(err, store.ErrFenced) || ringback.CodeOf(err) == ringback.CodeStaleLease ||
		ringback.CodeOf(err) == ringback.CodeJobFinished || ringback.CodeOf(err) == ringback.CodeJobCanceled {
		return nil // its worker was faster
	}
	if err == nil {
		e.metrics.LeaseLost(why)
	}
	return err
}
