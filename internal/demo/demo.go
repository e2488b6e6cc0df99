// Package demo shows Ringback at work in one process: a server with an
// embedded database in a temporary folder, a worker that does real jobs, and a
// receiver that verifies the webhooks that come of them. They talk to each
// other over HTTP alone, as programs on different machines would.
package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/internal/pause"
	"github.com/ringback/ringback/ringback"
)

// DefaultTimeout is how long all jobs together may take.
const DefaultTimeout = 30 * time.Second

// patience is how long the next job waits for the one before, so that their
// lines stay together. It matters only if something is slow.
const patience = time.Second

// ErrIncomplete says that not every job's webhook was delivered and verified.
// What is missing and why has been printed.
var ErrIncomplete = errors.New("not every webhook was delivered and verified")

// Config says what is shown, and how.
type Config struct {
	Out     io.Writer
	Log     io.Writer     // gets the server's log, too; nil = its file alone
	Files   []string      // to inspect instead of the samples
	Keep    bool          // go on after the summary until the context ends; keep the data
	Timeout time.Duration // for all jobs together; 0 = DefaultTimeout
	Color   bool          // Out is a terminal that shows colours
	Width   int           // characters of a line; 0 = 120
	Command string        // how this program is called, for the hints at the end
	Version string        // of this program

	tempDir        string                          // of tests: where the temporary folder is made
	aroundReceiver func(http.Handler) http.Handler // of tests: what lies between server and receiver
}

// Run shows everything and stops in order. It returns nil if every job's
// webhook was delivered and verified, ErrIncomplete if not, an *InputError if
// one of the files cannot be inspected (nothing was started then), and ctx's
// error if that ended before the summary.
func Run(ctx context.Context, c Config) (err error) {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Width == 0 {
		c.Width = defaultWidth
	}
	inputs, err := load(c.Files)
	if err != nil {
		return err
	}
	broken, err := sample(brokenSample)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(c.tempDir, "ringback-demo-")
	if err != nil {
		return fmt.Errorf("the database needs a temporary folder: %w", err)
	}
	d := &demo{Config: c, dir: dir, plans: plans(inputs, broken)}
	defer func() {
		err = errors.Join(err, d.stop())
		if !d.kept {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	inner, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	if err := d.start(inner, fail, append(inputs, broken)); err != nil {
		return err
	}
	err = d.play(inner)
	switch cause := context.Cause(inner); {
	case inner.Err() == nil || d.kept && ctx.Err() != nil:
		return err // kept running until it was interrupted: how it went before counts
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return cause // a part failed
	}
}

// play submits the jobs, shows what becomes of them, and sums up.
func (d *demo) play(ctx context.Context) error {
	d.lines.text(d.intro())
	limited, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	begin := time.Now()
	var tracks []*track
	for _, p := range d.plans {
		tr := d.submit(limited, p)
		tracks = append(tracks, tr)
		turn, done := context.WithTimeout(limited, patience)
		wait(turn, tr)
		done()
	}
	wait(limited, tracks...)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err := d.sumUp(ctx, time.Since(begin))
	if d.Keep {
		d.kept = true
		d.lines.text(d.invitation())
		<-ctx.Done()
		d.lines.text("\nStopping; the data stays in " + d.dir + "\n")
	}
	return err
}

// submit submits a job. That it failed is shown, and found on the board.
func (d *demo) submit(ctx context.Context, p *plan) *track {
	d.lines.title(p.title)
	tr := newTrack(p.input.name, p.profile, time.Now())
	tr.planned = true
	err := d.board.submit(tr, p.resourceID, func() (string, error) {
		made, err := d.api.SubmitJob(ctx, p.submission(d.filesURL(), d.hooksURL()))
		switch {
		case err == nil:
			d.lines.line(tr, stepQueued, p.describe(made.ID))
			return made.ID, nil
		case ctx.Err() != nil:
			err = errors.New("the time was up")
		}
		return "", err
	})
	if err != nil {
		d.lines.line(tr, stepError, err.Error())
	}
	return tr
}

// follow waits until the server, too, has a verified webhook down as
// delivered: that is what its owner would see.
func (d *demo) follow(ctx context.Context, tr *track) {
	for delay := 2 * time.Millisecond; ; delay = min(2*delay, 100*time.Millisecond) {
		deliveries, err := d.deliveries(ctx, tr.jobID)
		for i := range deliveries {
			dl := &deliveries[i]
			switch dl.Status {
			case ringback.DeliveryDelivered:
				resource := ""
				d.board.update(tr, func() { tr.attempts, resource = dl.AttemptCount, tr.toFetch })
				d.lines.line(tr, stepDelivered, "answered 200; "+plural(dl.AttemptCount, "attempt"))
				d.board.finish(tr, d.fetch(ctx, tr, resource))
				return
			case ringback.DeliveryFailed, ringback.DeliveryCanceled:
				d.lines.line(tr, stepError, "the server has the delivery as "+string(dl.Status)+": "+dl.Reason)
				d.board.finish(tr, "its delivery is "+string(dl.Status))
				return
			case ringback.DeliveryPending:
			}
		}
		if ctx.Err() == nil && err != nil {
			d.lines.line(tr, stepError, err.Error())
			d.board.finish(tr, "its delivery could not be looked up: "+err.Error())
			return
		}
		if pause.For(ctx, delay) != nil {
			return
		}
	}
}

// deliveries lists the deliveries of a job's event, without their attempts.
func (d *demo) deliveries(ctx context.Context, jobID string) ([]client.Delivery, error) {
	l, err := d.api.ListDeliveries(ctx, client.ListDeliveriesParams{JobID: jobID})
	if err != nil {
		return nil, err
	}
	return l.Items, nil
}

// fetch gets what a webhook that only names a resource leaves out, as its
// receivers do. It gives "", or why it could not.
func (d *demo) fetch(ctx context.Context, tr *track, resource string) (trouble string) {
	if resource == "" {
		return ""
	}
	known, err := d.api.GetResource(ctx, resource)
	if err == nil && known.Job == nil {
		err = fmt.Errorf("GET /v1/resources/%s: the answer has no job", resource)
	}
	if err != nil {
		d.lines.line(tr, stepError, err.Error())
		return "what it is about could not be fetched: " + err.Error()
	}
	d.lines.lineWithBody(tr, stepFetched, "GET /v1/resources/"+resource, []byte(cmp.Or(string(known.Job.Result), known.Job.Error)))
	return ""
}
