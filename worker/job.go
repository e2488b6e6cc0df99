package worker

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/internal/pause"
)

// held is a job while its lease is this worker's.
type held struct {
	worker *Worker
	job    Job
	end    atomic.Pointer[time.Time] // of the lease, by this machine's clock
}

// work does one job and reports its outcome. Its context ends with ctx, with the
// job's time, and with the lease.
func (w *Worker) work(ctx context.Context, job Job) {
	ctx = client.WithTraceParent(ctx, job.TraceParent)
	h := &held{worker: w, job: job}
	begin := time.Now()
	h.extended(begin)
	limited, cancel := context.WithDeadlineCause(ctx, begin.Add(allowance(job)), ErrTimeout)
	defer cancel()
	leased, drop := context.WithCancelCause(limited)
	var beating sync.WaitGroup
	beating.Go(func() { h.heartbeat(leased, drop) })
	value, err := w.handle(leased, job)
	cause := context.Cause(leased)
	drop(nil)
	beating.Wait()

	o := Outcome{Job: job, Status: Lost, Err: cause, Duration: time.Since(begin)}
	if !errors.Is(cause, ErrLeaseLost) {
		o.Status, o.Err = h.report(ctx, decide(value, err, cause))
	}
	w.ended(o)
}

// allowance is how long a job may take: a bit less than the server gives it, so
// that it can still be reported that its time was up.
func allowance(job Job) time.Duration {
	timeout := time.Duration(job.TimeoutSeconds) * time.Second
	return timeout - min(timeout/10, time.Second)
}

// handle has the job's handler do it.
func (w *Worker) handle(ctx context.Context, job Job) (value any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			w.log.Error("a handler panicked", "job", job.ID, "type", job.Type, "panic", cause, "stack", string(debug.Stack()))
			value, err = nil, errPanic
		}
	}()
	handler, ok := w.handlers[job.Type]
	if !ok {
		return nil, Retry(fmt.Errorf("this worker does no jobs of type %q", job.Type))
	}
	return handler(ctx, job)
}

var errPanic = errors.New("the worker met with an internal error")

// extended notes that the lease was made or renewed at a time.
func (h *held) extended(at time.Time) {
	end := at.Add(h.worker.lease)
	h.end.Store(&end)
}

// heartbeat renews the lease while ctx lives. When the server says that it is
// lost, or must be, for want of heartbeats, it is dropped.
func (h *held) heartbeat(ctx context.Context, drop context.CancelCauseFunc) {
	every := h.worker.lease / 3
	for pause.For(ctx, min(every, time.Until(*h.end.Load()))) == nil {
		sent := time.Now()
		if end := *h.end.Load(); !sent.Before(end) {
			drop(fmt.Errorf("%w: no heartbeat got through for %s", ErrLeaseLost, h.worker.lease))
			return
		}
		limited, cancel := context.WithDeadline(ctx, *h.end.Load())
		_, err := h.worker.client.HeartbeatJob(limited, h.job.ID, client.HeartbeatJobParams{LeaseToken: h.job.LeaseToken})
		cancel()
		switch {
		case err == nil:
			h.extended(sent)
		case lost(err):
			drop(fmt.Errorf("%w: %w", ErrLeaseLost, err))
			return
		case ctx.Err() == nil:
			h.worker.log.Warn("a heartbeat failed", "job", h.job.ID, "error", err)
		}
	}
}

// lost says whether the server has said that a lease is not valid any more.
func lost(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && (e.Status == 409 || e.Status == 404 && e.Code != "")
}

// ended logs how an attempt ended and tells whoever wants to know.
func (w *Worker) ended(o Outcome) {
	args := []any{
		"job", o.Job.ID, "type", o.Job.Type, "account", o.Job.AccountID, "attempt", o.Job.Attempt,
		"outcome", o.Status, "duration_ms", o.Duration.Milliseconds(),
	}
	if o.Err != nil {
		args = append(args, "error", o.Err)
	}
	if o.Status == Lost {
		w.log.Warn("job", args...)
	} else {
		w.log.Info("job", args...)
	}
	w.onOutcome(o)
}
