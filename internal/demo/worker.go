package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path"
	"time"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/worker"
)

// How the worker works.
const (
	jobType     = "inspect"
	workers     = 2 // jobs at a time
	leaseLength = 10 * time.Second
)

// inspectInput is the input of a job of the type above.
type inspectInput struct {
	URL string `json:"url"`
}

// inspectWorker takes jobs over the HTTP API and does them.
type inspectWorker struct {
	operator *client.Client // leases, heartbeats, outcomes
	api      *client.Client // asks for jobs that the demo did not submit itself
	board    *board
	lines    *timeline
	inspect  func(ctx context.Context, rawURL string) (*findings, error)
}

// run works until ctx is done; what is being worked on then is given up. An
// error is one that no waiting would help.
func (w *inspectWorker) run(ctx context.Context) error {
	does, err := worker.New(w.operator, map[string]worker.Handler{jobType: w.work},
		worker.Concurrency(workers), worker.Lease(leaseLength), worker.Grace(0),
		worker.Log(slog.New(slog.DiscardHandler)), worker.OnOutcome(w.ended))
	if err != nil {
		return err
	}
	return does.Run(ctx)
}

// work does one job. Its outcome is shown before the server is told, since the
// webhook may arrive before the server's answer does.
func (w *inspectWorker) work(ctx context.Context, j worker.Job) (any, error) {
	var in inspectInput
	_ = json.Unmarshal(j.Input, &in) // an input without a URL is refused by inspect
	tr := w.track(ctx, &j, in.URL)
	w.lines.line(tr, stepLeased, fmt.Sprintf("by the worker, attempt %d", j.Attempt))
	found, err := w.inspect(ctx, in.URL)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx) // there is no outcome
	}
	outcome, shown, detail := "succeeded", stepDone, fmt.Sprint(found)
	if err != nil {
		outcome, shown, detail = "failed", stepFailed, err.Error()
	}
	w.board.update(tr, func() { tr.outcome = outcome })
	w.lines.line(tr, shown, detail)
	return found, err
}

// ended shows that a job was not the worker's any more, or that its outcome was
// not taken.
func (w *inspectWorker) ended(o worker.Outcome) {
	tr := w.board.find(o.Job.ID)
	if o.Status != worker.Lost || tr == nil {
		return
	}
	w.lines.line(tr, stepLost, o.Err.Error())
	if !errors.Is(o.Err, worker.ErrLeaseLost) {
		w.board.finish(tr, "the worker could not report its outcome: "+o.Err.Error())
	}
}

// track finds the job on the board. One that somebody else submitted is put
// there.
func (w *inspectWorker) track(ctx context.Context, j *worker.Job, inputURL string) *track {
	if tr := w.board.find(j.ID); tr != nil {
		return tr
	}
	name := jobType
	if u, err := url.Parse(inputURL); err == nil && path.Base(u.Path) != "." && path.Base(u.Path) != "/" {
		name = path.Base(u.Path)
	}
	tr := newTrack(name, "", time.Now())
	if known, err := w.api.GetJob(ctx, j.ID, client.GetJobParams{}); err == nil {
		tr.profile, tr.start = known.Profile, known.CreatedAt
	}
	w.lines.title("A job of yours: " + j.ID)
	_ = w.board.submit(tr, "", func() (string, error) { return j.ID, nil })
	return tr
}
