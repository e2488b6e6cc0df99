package worker

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/internal/pause"
)

// How the worker asks for jobs.
const (
	pollWait     = 20 * time.Second // that the server waits for a job
	maxPerPoll   = 16               // jobs, so that the answer stays small whatever their inputs
	firstBackOff = 500 * time.Millisecond
	lastBackOff  = 30 * time.Second
)

// Run works until ctx ends: then it leases nothing more, lets running jobs
// finish within the grace period, ends the contexts of the others, and returns
// nil once their handlers have returned. It stops in the same way, and returns
// an error, when the server refuses to lease jobs for a reason that waiting does
// not help (a wrong key, say). While the server is away it tries again, for
// ever, with pauses of up to 30 s.
//
// A long poll that the end of ctx interrupts may have been given jobs at that
// moment; they are done once their leases end.
func (w *Worker) Run(ctx context.Context) error {
	jobs, stopJobs := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stopJobs(nil)
	var running sync.WaitGroup
	err := w.lead(ctx, func(job Job, done func()) {
		running.Go(func() {
			defer done()
			w.work(jobs, job)
		})
	})
	grace := time.AfterFunc(w.grace, func() { stopJobs(ErrStopped) })
	defer grace.Stop()
	running.Wait()
	return err
}

// lead leases as many jobs as there are free places and starts them, until ctx
// ends.
func (w *Worker) lead(ctx context.Context, start func(job Job, done func())) error {
	places := make(chan struct{}, w.concurrency)
	connection := outage{worker: w}
	for {
		free := take(ctx, places)
		if free == 0 {
			return nil
		}
		jobs, err := w.client.LeaseJobs(ctx, client.LeaseJobsParams{
			Types: w.types(), Max: free,
			WaitSeconds: int(pollWait / time.Second), LeaseSeconds: int(w.lease / time.Second),
		})
		for i := range free {
			if i < len(jobs) {
				start(jobs[i], func() { <-places })
			} else {
				<-places
			}
		}
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the poll failed because the worker stops
		case err == nil:
			connection.over()
		case connection.hopeless(err):
			return fmt.Errorf("the worker cannot lease jobs: %w", err)
		case pause.For(ctx, connection.next(err)) != nil:
			return nil //nolint:nilerr // the worker stops
		}
	}
}

// take waits for a free place, and takes what else is free, up to the number of
// jobs that are leased at once. It gives 0 if ctx ends first.
func take(ctx context.Context, places chan struct{}) int {
	select {
	case places <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	for n := 1; n < maxPerPoll; n++ {
		select {
		case places <- struct{}{}:
		default:
			return n
		}
	}
	return maxPerPoll
}

// outage is a time in which no jobs can be leased. It is logged when it begins
// and when it ends.
type outage struct {
	worker  *Worker
	reached bool // the API has answered once
	since   time.Time
	tries   int
}

// hopeless says whether an error is one that no waiting helps: the request is
// refused, and not by something that stands in for a server that is away.
func (o *outage) hopeless(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	if !ok {
		return !client.Temporary(err) && !o.reached
	}
	return e.Status < 500 && !client.Temporary(err) && (e.Code != "" || !o.reached)
}

// next gives the pause before the next try.
func (o *outage) next(err error) time.Duration {
	if o.tries == 0 {
		o.since = time.Now()
		o.worker.log.Warn("the server is away; trying again", "error", err)
	}
	d := min(firstBackOff<<min(o.tries, 10), lastBackOff)
	o.tries++
	d -= time.Duration(rand.Float64() * 0.5 * float64(d))
	if e, ok := errors.AsType[*client.Error](err); ok {
		d = max(d, min(e.RetryAfter, lastBackOff))
	}
	return d
}

// over notes that jobs can be leased.
func (o *outage) over() {
	if o.tries > 0 {
		o.worker.log.Info("the server is back", "away", time.Since(o.since).Round(time.Millisecond), "tries", o.tries)
	}
	o.reached, o.tries = true, 0
}
