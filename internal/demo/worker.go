package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// How the worker asks for jobs.
const (
	jobType      = "inspect"
	workers      = 2 // jobs at a time
	leaseWait    = 20 * time.Second
	leaseLength  = 10 * time.Second
	leaseRetry   = 500 * time.Millisecond // after a lease that the API could not take
	reportWithin = 5 * time.Second
)

// worker takes jobs over the HTTP API and does them.
type worker struct {
	operator *client // leases, heartbeats, outcomes
	api      *client // asks for jobs that the demo did not submit itself
	board    *board
	lines    *timeline
	inspect  func(ctx context.Context, rawURL string) (*findings, error)
}

// run works until ctx is done; what is being worked on then is given up, and
// its lease runs out. An error is one that no waiting would help.
func (w *worker) run(ctx context.Context) error {
	running, ctx := errgroup.WithContext(ctx)
	for range workers {
		running.Go(func() error { return w.loop(ctx) })
	}
	return running.Wait()
}

func (w *worker) loop(ctx context.Context) error {
	for {
		jobs, err := w.lease(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the lease failed because the worker stops
		}
		if status := statusOf(err); err != nil && status != http.StatusServiceUnavailable && status != http.StatusTooManyRequests {
			return fmt.Errorf("the worker cannot lease jobs: %w", err)
		}
		if err != nil && !pause(ctx, leaseRetry) {
			return nil
		}
		for i := range jobs {
			w.work(ctx, &jobs[i])
		}
	}
}

// lease waits for a job.
func (w *worker) lease(ctx context.Context) ([]leasedJob, error) {
	ctx, cancel := context.WithTimeout(ctx, leaseWait+reportWithin)
	defer cancel()
	var answer struct {
		Jobs []leasedJob `json:"jobs"`
	}
	err := w.operator.call(ctx, http.MethodPost, "/v1/jobs/lease", map[string]any{
		"types": []string{jobType}, "max": 1,
		"wait_seconds": int(leaseWait.Seconds()), "lease_seconds": int(leaseLength.Seconds()),
	}, &answer)
	return answer.Jobs, err
}

// work does one job and reports its outcome.
func (w *worker) work(ctx context.Context, j *leasedJob) {
	var in inspectInput
	_ = json.Unmarshal(j.Input, &in) // an input without a URL is refused by inspect
	tr := w.track(ctx, j, in.URL)
	w.lines.line(tr, stepLeased, fmt.Sprintf("by the worker, attempt %d", j.Attempt))

	held, drop := context.WithCancelCause(ctx)
	var beating sync.WaitGroup
	beating.Go(func() { w.heartbeat(held, drop, j) })
	found, err := w.inspect(held, in.URL)
	lost := context.Cause(held)
	drop(nil)
	beating.Wait()
	switch {
	case ctx.Err() != nil:
		return // stopping
	case lost != nil:
		w.lines.line(tr, stepLost, lost.Error())
		return
	}
	w.report(ctx, tr, j, found, err)
}

// heartbeat renews the lease while held lives, and drops the job if the server
// says that it is no longer the worker's.
func (w *worker) heartbeat(held context.Context, drop context.CancelCauseFunc, j *leasedJob) {
	for pause(held, leaseLength/3) {
		err := w.tell(held, j, "heartbeat", map[string]any{})
		if err != nil && statusOf(err) == http.StatusConflict {
			drop(err)
		}
	}
}

// report tells the server the outcome. It is shown before, since the webhook
// may arrive before the server's answer does.
func (w *worker) report(ctx context.Context, tr *track, j *leasedJob, found *findings, failure error) {
	action, outcome, what, shown := "complete", "succeeded", map[string]any{"result": found}, stepDone
	detail := fmt.Sprint(found)
	if failure != nil {
		action, outcome, shown, detail = "fail", "failed", stepFailed, failure.Error()
		what = map[string]any{"error": detail, "retry": false}
	}
	w.board.update(tr, func() { tr.outcome = outcome })
	w.lines.line(tr, shown, detail)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reportWithin)
	defer cancel()
	if err := w.tell(ctx, j, action, what); err != nil {
		w.lines.line(tr, stepLost, err.Error())
		w.board.finish(tr, "the worker could not report its outcome: "+err.Error())
	}
}

// tell makes a call under the job's lease.
func (w *worker) tell(ctx context.Context, j *leasedJob, action string, body map[string]any) error {
	body["lease_token"] = j.LeaseToken
	return w.operator.call(ctx, http.MethodPost, "/v1/jobs/"+url.PathEscape(j.ID)+"/"+action, body, nil)
}

// track finds the job on the board. One that somebody else submitted is put
// there.
func (w *worker) track(ctx context.Context, j *leasedJob, inputURL string) *track {
	if tr := w.board.find(j.ID); tr != nil {
		return tr
	}
	name := jobType
	if u, err := url.Parse(inputURL); err == nil && path.Base(u.Path) != "." && path.Base(u.Path) != "/" {
		name = path.Base(u.Path)
	}
	tr := newTrack(name, "", time.Now())
	if known, err := w.api.job(ctx, j.ID); err == nil {
		tr.profile, tr.start = known.Profile, known.CreatedAt
	}
	w.lines.title("A job of yours: " + j.ID)
	_ = w.board.submit(tr, "", func() (string, error) { return j.ID, nil })
	return tr
}

// pause waits, or returns false if ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
