package storetest

import (
	"context"
	"errors"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

var commitTests = map[string]func(*world){
	"nothing": func(w *world) {
		w.commit()
	},
	"in order": func(w *world) {
		j := w.newJob("t")
		lease := &store.LeaseJobs{
			Types: []string{"t"}, Max: 1, MaxBytes: anyBytes, Now: w.now, Lease: 1e9,
			Token: func(*ringback.Job) string { return "token" },
		}
		w.commit(&store.SubmitJob{Job: j}, lease)
		w.equal("leased", ids(lease.Jobs, jobID), []string{j.ID})
		d := w.publish(w.leased())
		record := w.outcome(d, 1, ringback.DeliveryFailed)
		retry := &store.RetryDelivery{DeliveryRef: ref(d), Now: w.tick()}
		cancel := &store.CancelDelivery{DeliveryRef: ref(d), Now: w.tick(), Reason: "why"}
		w.commit(record, retry, cancel)
		w.equal("status", w.delivery(d).Status, ringback.DeliveryCanceled)
	},
	"jobs in order": func(w *world) {
		w.submit("held")
		held := w.lease("held")
		fresh, canceled := w.newJob("t"), w.newJob("t")
		fresh.Metadata = []byte(`{"m":1}`)
		submits := []store.Op{&store.SubmitJob{Job: fresh}, &store.SubmitJob{Job: canceled}}
		extend := &store.ExtendLease{AccountID: fresh.AccountID, JobID: fresh.ID, Token: "none", Now: w.tick()}
		requeue := &store.RequeueJob{AccountID: fresh.AccountID, JobID: fresh.ID, Token: "none", Now: w.now, RunAt: w.now}
		early := w.finishing(fresh, ringback.JobSucceeded, 0)
		early.Token = "none"
		w.commit(append(submits, extend, requeue, early)...)
		for _, err := range []error{extend.Err, requeue.Err, early.Err} {
			w.wantErr(err, store.ErrFenced) // there is such a job, but it does not run
		}
		another := w.newJob("t")
		cancel := w.finishing(another, ringback.JobCanceled, 0)
		cancel.Token = ""
		done := w.finishing(held, ringback.JobSucceeded, 1)
		claim := &store.ClaimDeliveries{Lease: w.held(), Now: w.now.Add(1e12), Limit: 1, MaxBytes: anyBytes}
		w.commit(done, &store.SubmitJob{Job: another}, cancel, claim)
		w.check(cancel.Err)
		w.equal("canceled", w.job(another), cancel.Job)
		w.equal("claimed", len(claim.Claimed), 1)
		w.equal("job", claim.Claimed[0].Job, done.Job)
		w.equal("leased", w.leaseAs("", 1, "t")[0].Metadata, fresh.Metadata)
	},
	"an operation that is turned down does not disturb the others": func(w *world) {
		d := w.publish(store.Scheduled)
		fenced := w.outcome(d, 1, ringback.DeliveryDelivered)
		missing := &store.CancelDelivery{DeliveryRef: store.DeliveryRef{AccountID: w.account, ID: d.ID + "0"}, Now: w.now}
		first, last := w.keyed(nil), w.keyed(nil)
		w.commit(first, fenced, missing, last)
		w.wantErr(fenced.Err, store.ErrFenced)
		w.wantErr(missing.Err, store.ErrNotFound)
		w.wantMade(first)
		w.wantMade(last)
		d.AttemptCount++ // the attempt was made
		w.equal("delivery", w.delivery(d), d)
	},
	"an id that exists is an OpError, and undoes all": func(w *world) {
		e := w.keyed(nil)
		j := &store.SubmitJob{Job: w.newJob("t")}
		w.commit(e, j)
		for _, again := range []store.Op{&store.PublishEvent{Event: e.Event}, &store.SubmitJob{Job: j.Job}} {
			before, after := w.keyed(key("k", 1)), w.keyed(nil)
			err := w.s.Commit(w.ctx(), []store.Op{before, again, after})
			failed, ok := errors.AsType[*store.OpError](err)
			if !ok || failed.Index != 1 {
				w.Fatalf("got %v, want an OpError about operation 1", err)
			}
			w.wantNotMade(before, before.Replayed, before.Err)
			w.commit(before, after) // the others may be committed without it
			w.wantMade(before)
			w.wantMade(after)
			w.now = w.now.Add(2 * store.KeyTTL)
		}
	},
	"a delivery id that exists is an OpError": func(w *world) {
		op := w.keyed(nil)
		op.Deliveries = append(op.Deliveries, op.Deliveries[0])
		err := w.s.Commit(w.ctx(), []store.Op{op})
		if _, ok := errors.AsType[*store.OpError](err); !ok {
			w.Fatalf("got %v, want an OpError", err)
		}
		op.Deliveries = op.Deliveries[:1]
		w.commit(op)
		w.wantMade(op)
	},
	"a context that has ended commits nothing": func(w *world) {
		ctx, cancel := context.WithCancel(w.ctx())
		cancel()
		op := w.keyed(nil)
		w.wantErr(w.s.Commit(ctx, []store.Op{op}), context.Canceled)
		w.wantNotMade(op, "", nil)
	},
	"results of an earlier commit are forgotten": func(w *world) {
		op := &store.PromoteJobs{Now: w.now.Add(1e9), Limit: 1}
		j := w.newJob("t")
		j.RunAt = w.now.Add(1e6)
		w.commit(&store.SubmitJob{Job: j}, op)
		w.equal("promoted", len(op.Promoted), 1)
		w.commit(op)
		w.equal("promoted", len(op.Promoted), 0)
		claim := &store.ClaimDeliveries{Lease: w.held(), Now: w.now.Add(1e12), Limit: 1, MaxBytes: 1}
		w.publish(store.Scheduled)
		w.commit(claim)
		w.commit(claim)
		w.equal("claimed", len(claim.Claimed), 0)
	},
}
