package storetest

import (
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// One account's ids are worth nothing to another: every read and every
// operation is tried with them.
var isolationTests = map[string]func(*world){
	"reads": func(w *world) {
		o := w.owned()
		other := w.id(ringback.PrefixAccount)
		errs := map[string]error{}
		_, errs["Job"] = w.s.Job(w.ctx(), other, o.running.ID)
		_, errs["Event"] = w.s.Event(w.ctx(), other, o.leased.EventID)
		_, errs["Delivery"] = w.s.Delivery(w.ctx(), other, o.leased.ID)
		_, errs["Delivery of history"] = w.s.Delivery(w.ctx(), other, o.failed.ID)
		_, errs["Endpoint"] = w.s.Endpoint(w.ctx(), other, o.endpoint.ID)
		_, errs["UpdateEndpoint"] = w.s.UpdateEndpoint(w.ctx(), other, o.endpoint.ID,
			func(*ringback.Endpoint) error { w.Error("called"); return nil })
		errs["DeleteEndpoint"] = w.s.DeleteEndpoint(w.ctx(), other, o.endpoint.ID)
		for what, err := range errs {
			if err != store.ErrNotFound { //nolint:errorlint // also tells that nothing else is in it
				w.Errorf("%s: got %v, want ErrNotFound", what, err)
			}
		}
		w.equal("endpoint", w.endpoint(o.endpoint), o.endpoint)
	},
	"lists": func(w *world) {
		o := w.owned()
		other := w.id(ringback.PrefixAccount)
		jobs, err := w.s.ListJobs(w.ctx(), other, store.JobFilter{}, all, anyBytes)
		w.check(err)
		events, err := w.s.ListEvents(w.ctx(), other, store.EventFilter{JobID: o.finished.ID}, all, anyBytes)
		w.check(err)
		endpoints, err := w.s.ListEndpoints(w.ctx(), other, all)
		w.check(err)
		attempts, err := w.s.ListAttempts(w.ctx(), other, o.failed.ID, 10)
		w.check(err)
		n := len(jobs) + len(events) + len(endpoints) + len(attempts)
		for _, f := range []store.DeliveryFilter{
			{}, {EventID: o.leased.EventID}, {JobID: o.finished.ID}, {EndpointID: o.leased.EndpointID},
			{Status: ringback.DeliveryFailed}, {Status: ringback.DeliveryPending},
		} {
			ds, err := w.s.ListDeliveries(w.ctx(), other, f, all)
			w.check(err)
			n += len(ds)
		}
		w.equal("listed for another account", n, 0)
	},
	"operations": func(w *world) {
		o := w.owned()
		before := w.snapshot(o)
		other := w.id(ringback.PrefixAccount)
		theirs := func(d *ringback.Delivery) store.DeliveryRef {
			return store.DeliveryRef{AccountID: other, ID: d.ID}
		}
		now := w.tick()
		finish := w.finishing(o.running, ringback.JobSucceeded, 1)
		finish.Job.AccountID, finish.Event.AccountID, finish.Deliveries[0].AccountID = other, other, other
		cancelJob := w.finishing(o.running, ringback.JobCanceled, 0)
		cancelJob.Token, cancelJob.Job.AccountID, cancelJob.Event.AccountID = "", other, other
		extend := &store.ExtendLease{AccountID: other, JobID: o.running.ID, Token: o.running.LeaseToken, Now: now}
		requeue := &store.RequeueJob{AccountID: other, JobID: o.running.ID, Token: o.running.LeaseToken, Now: now}
		lease := &store.LeaseJobs{
			AccountID: other, Types: []string{"t"}, Max: 10, MaxBytes: anyBytes, Now: now, Lease: time.Second,
			Token: func(*ringback.Job) string { return "stolen" },
		}
		record := w.outcome(o.leased, 1, ringback.DeliveryDelivered)
		record.AccountID = other
		recordLate := w.outcome(o.failed, 2, ringback.DeliveryDelivered)
		recordLate.AccountID = other
		retry := &store.RetryDelivery{DeliveryRef: theirs(o.failed), Placement: w.leased(), Now: now}
		retryPending := &store.RetryDelivery{DeliveryRef: theirs(o.leased), Now: now}
		cancel := &store.CancelDelivery{DeliveryRef: theirs(o.leased), Now: now}
		pending := &store.CancelPending{
			AccountID: other, EndpointID: o.leased.EndpointID, CreatedBefore: now.Add(time.Hour), Limit: 10, Now: now,
		}
		place := &store.PlaceDelivery{DeliveryRef: theirs(o.leased), From: w.held(), Placement: store.Placement{Queue: "q"}}
		w.commit(finish, cancelJob, extend, requeue, lease, record, recordLate,
			retry, retryPending, cancel, pending, place)
		for _, err := range []error{finish.Err, cancelJob.Err, extend.Err, requeue.Err, retry.Err, retryPending.Err, cancel.Err} {
			w.wantErr(err, store.ErrNotFound)
		}
		w.wantErr(record.Err, store.ErrFenced)
		w.wantErr(recordLate.Err, store.ErrFenced)
		w.equal("leased jobs", len(lease.Jobs), 0)
		w.equal("canceled", len(pending.Canceled), 0)
		w.equal("what is owned", w.snapshot(o), before)
		_, err := w.s.Event(w.ctx(), other, finish.Event.ID)
		w.wantErr(err, store.ErrNotFound)
	},
}

// owned is one of everything, of one account.
type owned struct {
	endpoint                  *ringback.Endpoint
	queued, running, finished *ringback.Job
	leased, failed            *ringback.Delivery
}

func (w *world) owned() owned {
	o := owned{endpoint: w.newEndpoint()}
	w.check(w.s.InsertEndpoint(w.ctx(), o.endpoint, 10))
	w.submit("t")
	o.finished = w.finish(w.lease("t"), ringback.JobSucceeded, 1).Job
	w.submit("t")
	o.running = w.lease("t")
	o.queued = w.submit("t")
	o.leased, o.failed = w.publish(w.leased()), w.publish(w.leased())
	w.commit(w.outcome(o.failed, 1, ringback.DeliveryFailed))
	return o
}

func (w *world) snapshot(o owned) []any {
	return []any{
		w.job(o.queued), w.job(o.running), w.job(o.finished), w.delivery(o.leased), w.delivery(o.failed),
		w.attempts(o.failed, 10), w.leasedIDs(), w.parked(),
	}
}
