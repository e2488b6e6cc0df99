package dispatch

import (
	"context"
	"time"

	"github.com/ringback/ringback/internal/pause"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// record commits the outcome, however long the store takes, tells who wants to
// know, and writes the one log line of the attempt.
func (d *Dispatcher) record(ctx context.Context, it *item, o *Outcome) {
	dl := it.Delivery
	op := &store.RecordAttempt{
		DeliveryRef: store.DeliveryRef{AccountID: dl.AccountID, ID: dl.ID}, Lease: it.lease,
		Attempt: o.Attempt, Status: o.Status, NextAttemptAt: o.Next, Now: d.Node.Now(),
		Step: dl.Step, Reason: dl.Reason, URL: dl.URL, Profile: dl.Profile,
	}
	for {
		err := d.commitRecord(ctx, op, it, o)
		if err == nil {
			break
		}
		if ringback.CodeOf(err) != ringback.CodeUnavailable {
			d.Log.Error("an attempt could not be recorded", "delivery", dl.ID, "error", err)
			if op.Attempt.Number == 0 {
				return
			}
			// A defect. Without any record the delivery would be attempted for
			// ever: it ends without this attempt in its history.
			op.Attempt = ringback.Attempt{}
			op.Status, op.NextAttemptAt = ringback.DeliveryFailed, time.Time{}
			op.Reason = "an attempt was made, but could not be recorded"
			continue
		}
		if pause.For(ctx, retryEvery) != nil {
			d.Log.Error("an attempt was not recorded before the server stopped; it will be made again",
				"delivery", dl.ID, "error", err)
			return
		}
	}
	d.logAttempt(ctx, it, o, op.Err)
	if op.Status == ringback.DeliveryPending && op.Err == nil {
		d.noteDue(o.Next)
	}
	if o.Attempt.Number > 0 {
		d.measure(it, o)
		d.Targets.Observe(ctx, dl, *o)
	}
}

// commitRecord tries once to commit an outcome, with what is to be told of it.
func (d *Dispatcher) commitRecord(ctx context.Context, op *store.RecordAttempt, it *item, o *Outcome) error {
	op.Notice = nil
	if op.Attempt.Number == 0 {
		return d.Commit.Do(op)
	}
	n, err := d.Targets.Notice(ctx, &it.Claimed, *o)
	if err != nil {
		return ringback.Unavailable(err)
	}
	if n == nil {
		return d.Commit.Do(op)
	}
	op.Notice = n.Notice
	answer := make(chan error, 1)
	d.Commit.Go(func(err error) {
		n.Settle(err == nil && op.Err == nil)
		answer <- err
	}, op)
	return <-answer
}
