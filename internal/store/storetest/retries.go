package storetest

import (
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

var retryTests = map[string]func(*world){
	"of what is final": func(w *world) {
		for _, status := range []ringback.DeliveryStatus{
			ringback.DeliveryDelivered, ringback.DeliveryFailed, ringback.DeliveryCanceled,
		} {
			d := w.publish(w.leased())
			w.commit(w.outcome(d, 1, status))
			op := &store.RetryDelivery{DeliveryRef: ref(d), Now: w.tick()}
			w.commit(op)
			w.check(op.Err)
			if op.Claimed != nil {
				w.Fatal("loaded a delivery that is not leased")
			}
			got := w.delivery(d)
			w.equal("status", got.Status, ringback.DeliveryPending)
			w.equal("step", got.Step, ringback.NoMoreSteps)
			w.equal("count", got.AttemptCount, 1)
			w.equal("next", got.NextAttemptAt, op.Now)
			w.equal("finished", got.FinishedAt, time.Time{})
			w.equal("created", got.CreatedAt, d.CreatedAt)
			w.equal("attempts", len(w.attempts(d, 10)), 1)
			w.equal("claimed", ids(w.claim("", op.Now, 1), claimedID), []string{d.ID})
			next := w.outcome(d, 2, ringback.DeliveryDelivered)
			w.commit(next)
			w.check(next.Err)
		}
	},
	"of a job's delivery, leased": func(w *world) {
		w.submit("t")
		done := w.finish(w.lease("t"), ringback.JobSucceeded, 1)
		d := &done.Deliveries[0].Delivery
		w.claim("", w.now, 1)
		w.commit(w.outcome(d, 1, ringback.DeliveryFailed))
		op := &store.RetryDelivery{DeliveryRef: ref(d), Placement: w.leased(), Now: w.tick()}
		w.commit(op)
		w.check(op.Err)
		w.equal("claimed", op.Claimed, &store.Claimed{Delivery: w.delivery(d), Event: done.Event, Job: done.Job})
		w.equal("leased", w.leasedIDs(), []string{d.ID})
		w.commit(op)
		w.wantErr(op.Err, store.ErrFenced)
		if op.Claimed != nil {
			w.Fatal("loaded a delivery that was not retried")
		}
	},
	"of what is pending": func(w *world) {
		d := w.publish(w.leased())
		first := w.outcome(d, 1, ringback.DeliveryPending)
		first.Step = 1
		w.commit(first)
		for _, p := range []store.Placement{store.Scheduled, {Queue: "q"}, w.leased()} {
			op := &store.RetryDelivery{DeliveryRef: ref(d), Placement: p, Now: w.tick()}
			w.commit(op)
			w.check(op.Err)
			got := w.delivery(d)
			w.equal("next", got.NextAttemptAt, op.Now)
			w.equal("step", got.Step, 0) // one less, but not below
			w.equal("count", got.AttemptCount, 1)
			switch {
			case p.Lease != 0:
				w.equal("claimed", op.Claimed.Delivery, got)
				w.equal("leased", w.leasedIDs(), []string{d.ID})
				w.equal("parked", w.parked(), []string(nil))
			case p.Queue != "":
				w.equal("parked", w.parked(), []string{"q"})
				w.equal("due", w.nextDue(), time.Time{})
			default:
				w.equal("due", w.nextDue(), op.Now)
			}
		}
	},
	"of what is leased is fenced": func(w *world) {
		d := w.publish(w.leased())
		op := &store.RetryDelivery{DeliveryRef: ref(d), Placement: w.leased(), Now: w.tick()}
		w.commit(op)
		w.wantErr(op.Err, store.ErrFenced)
		w.equal("delivery", w.delivery(d), d)
	},
	"not found": func(w *world) {
		d := w.publish(w.leased())
		op := &store.RetryDelivery{DeliveryRef: ref(d), Now: w.tick()}
		op.ID = ringback.DeliveryID(d.EventID, 9)
		w.commit(op)
		w.wantErr(op.Err, store.ErrNotFound)
	},
}
