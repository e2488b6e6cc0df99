package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/ringback"
)

// Job is a job that a handler does.
type Job = client.LeasedJob

// Handler does a job of one type. It may be called concurrently. What it calls
// the API for with its context becomes part of the job's trace; Job.TraceParent
// is for a tracer of its own.
type Handler func(ctx context.Context, job Job) (any, error)

// Result is what a handler may return instead of a bare value.
type Result struct {
	Value      any    // the result, as encoding/json writes it
	ResourceID string // what the job turned out to be about; "" = as submitted
}

// Why the context of a handler ended (context.Cause).
var (
	ErrLeaseLost = errors.New("the lease is lost")
	ErrTimeout   = errors.New("the job's time is up")
	ErrStopped   = errors.New("the worker was stopped before the job was finished")
)

// Retry marks an error as one that another attempt may not meet: the job is
// queued again, if it has attempts left. Retry(nil) is nil.
func Retry(err error) error {
	if err == nil {
		return nil
	}
	return &retryError{err}
}

type retryError struct{ err error }

func (e *retryError) Error() string { return e.err.Error() }
func (e *retryError) Unwrap() error { return e.err }

// Status is how an attempt at a job ended.
type Status string

// The ways in which an attempt ends.
const (
	Succeeded Status = "succeeded" // completed with a result
	Failed    Status = "failed"    // for good
	Retried   Status = "retried"   // failed, and queued again if it has attempts left
	Lost      Status = "lost"      // nothing was reported, or the server took no outcome
)

// Outcome is an attempt that ended.
type Outcome struct {
	Job      Job
	Status   Status
	Err      error         // what the handler or, if Lost, the server said; nil if Succeeded
	Duration time.Duration // of the handler
}

// Limits and defaults of the options.
const (
	DefaultLease   = ringback.DefaultLease
	DefaultGrace   = 30 * time.Second
	MaxConcurrency = 1000
)

// Worker leases jobs and has handlers do them. New makes it, Run runs it.
type Worker struct {
	client      *client.Client
	handlers    map[string]Handler
	concurrency int
	lease       time.Duration
	grace       time.Duration
	log         *slog.Logger
	onOutcome   func(Outcome)
}

// Option changes how a worker works.
type Option func(*Worker)

// Concurrency sets how many jobs are done at a time, 1 to MaxConcurrency; the
// default is 1.
func Concurrency(n int) Option { return func(w *Worker) { w.concurrency = n } }

// Lease sets for how long jobs are leased, and extended by each heartbeat: whole
// seconds, 1 s to 1 h. After a crash of the worker, another one gets its jobs
// once their leases end. A third of it is the time between heartbeats. The
// default is DefaultLease.
func Lease(d time.Duration) Option { return func(w *Worker) { w.lease = d } }

// Grace sets how long running jobs may go on after Run's context ended; then
// their contexts end, too. The default is DefaultGrace.
func Grace(d time.Duration) Option { return func(w *Worker) { w.grace = d } }

// Log has the worker log to l: a line for each job, and when the server goes
// away and comes back. The default is slog.Default().
func Log(l *slog.Logger) Option { return func(w *Worker) { w.log = l } }

// OnOutcome has f called after each attempt, once its outcome was reported or
// turned out not to be wanted. f may be called concurrently.
func OnOutcome(f func(Outcome)) Option { return func(w *Worker) { w.onOutcome = f } }

// New makes a worker with one handler for each type of jobs that it does. The
// client's key needs the scope jobs:work; an operator's does the jobs of all
// accounts in turn, unless the client acts for one.
func New(c *client.Client, handlers map[string]Handler, options ...Option) (*Worker, error) {
	w := &Worker{
		client: c, handlers: maps.Clone(handlers), concurrency: 1, lease: DefaultLease, grace: DefaultGrace,
		log: slog.Default(), onOutcome: func(Outcome) {},
	}
	for _, o := range options {
		o(w)
	}
	switch {
	case len(handlers) == 0 || len(handlers) > ringback.MaxLeaseTypes:
		return nil, fmt.Errorf("worker: %d types of jobs; it needs 1 to %d", len(handlers), ringback.MaxLeaseTypes)
	case w.concurrency < 1 || w.concurrency > MaxConcurrency:
		return nil, fmt.Errorf("worker: a concurrency of %d is not between 1 and %d", w.concurrency, MaxConcurrency)
	case w.lease < time.Second || w.lease > ringback.MaxLease || w.lease%time.Second != 0:
		return nil, fmt.Errorf("worker: a lease of %s is not a number of whole seconds between 1s and %s", w.lease, ringback.MaxLease)
	}
	for t, h := range handlers {
		if !ringback.ValidEventType(t) {
			return nil, fmt.Errorf("worker: %q is no type of jobs: those match [A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)* with at most %d characters", t, ringback.MaxEventType)
		}
		if h == nil {
			return nil, fmt.Errorf("worker: there is no handler for %q", t)
		}
	}
	return w, nil
}

func (w *Worker) types() []string { return slices.Sorted(maps.Keys(w.handlers)) }
