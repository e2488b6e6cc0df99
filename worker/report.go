package worker

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/internal/pause"
	"github.com/ringback/ringback/ringback"
)

// verdict is what is to be reported about a job.
type verdict struct {
	err        error // nil = succeeded
	retry      bool
	result     json.RawMessage
	resourceID string
}

// decide says what came of a job, from what its handler returned and why its
// context ended, if it did.
func decide(value any, err, cause error) verdict {
	switch {
	case err == nil:
		return succeeded(value)
	case errors.Is(cause, ErrTimeout), errors.Is(cause, ErrStopped):
		return verdict{err: interrupted(err, cause), retry: true}
	}
	_, retry := errors.AsType[*retryError](err)
	return verdict{err: err, retry: retry}
}

// interrupted is the error of a job whose context ended: the cause and, unless
// it is just that over again, what the handler has to say.
func interrupted(err, cause error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, cause) {
		return cause
	}
	return fmt.Errorf("%w: %w", cause, err)
}

// succeeded writes a result, with <, > and & as they are.
func succeeded(value any) verdict {
	v := verdict{}
	switch r := value.(type) {
	case Result:
		value, v.resourceID = r.Value, r.ResourceID
	case *Result:
		if r != nil {
			value, v.resourceID = r.Value, r.ResourceID
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return verdict{err: fmt.Errorf("the result cannot be written as JSON: %w", err)}
	}
	v.result = bytes.TrimSpace(text.Bytes())
	return v
}

// report tells the server what came of the job, for as long as the lease lasts.
// A result that the server does not take makes the job fail.
func (h *held) report(ctx context.Context, v verdict) (Status, error) {
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), *h.end.Load())
	defer cancel()
	if v.err == nil {
		err := h.tell(ctx, func() error {
			_, err := h.worker.client.CompleteJob(ctx, h.job.ID, client.CompleteJobParams{
				LeaseToken: h.job.LeaseToken, Result: v.result, ResourceID: v.resourceID,
			})
			return err
		})
		if err == nil {
			return Succeeded, nil
		}
		if !refused(err) {
			return Lost, err
		}
		v = verdict{err: fmt.Errorf("its result was not accepted: %w", err)}
	}
	err := h.tell(ctx, func() error {
		_, err := h.worker.client.FailJob(ctx, h.job.ID, client.FailJobParams{
			LeaseToken: h.job.LeaseToken, Error: describe(v.err), Retry: v.retry,
		})
		return err
	})
	switch {
	case err != nil:
		return Lost, fmt.Errorf("%w (what was to be reported: %w)", err, v.err)
	case v.retry:
		return Retried, v.err
	default:
		return Failed, v.err
	}
}

// tell makes a call until the server has decided about it, or ctx ends.
func (h *held) tell(ctx context.Context, report func() error) error {
	pauses := outage{worker: h.worker, tries: 1} // what is away is logged by the one who leases
	for {
		err := report()
		if err == nil || lost(err) || refused(err) || ctx.Err() != nil || !undecided(err) {
			return err
		}
		if pause.For(ctx, min(pauses.next(err), 2*time.Second)) != nil {
			return err
		}
	}
}

// refused says whether the server does not take what is reported.
func refused(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && (e.Status == 400 || e.Status == 413 || e.Status == 422)
}

// undecided says whether the same report may be taken later.
func undecided(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	return client.Temporary(err) || ok && e.Status >= 500
}

// describe is what customers are told: not empty, and no longer than a job's
// error may be.
func describe(err error) string {
	text := strings.ToValidUTF8(cmp.Or(strings.TrimSpace(err.Error()), "it failed without saying why"), "\uFFFD")
	if len(text) <= ringback.MaxErrorLength {
		return text
	}
	const dots = "…"
	return strings.ToValidUTF8(text[:ringback.MaxErrorLength-len(dots)], "") + dots
}
