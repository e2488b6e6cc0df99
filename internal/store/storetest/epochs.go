package storetest

import (
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

var epochTests = map[string]func(*world){
	"grow": func(w *world) {
		last := w.epoch
		for range 3 {
			w.reopen()
			if w.epoch <= last {
				w.Fatalf("epoch %d after %d", w.epoch, last)
			}
			last = w.epoch
		}
	},
	"take over what earlier ones had leased": func(w *world) {
		d, e := w.publish(w.leased()), w.publish(w.leased())
		w.publish(store.Placement{Queue: "q"})
		w.submit("t")
		j := w.lease("t")
		w.reopen()
		w.equal("leased", w.leasedIDs(), []string(nil))
		w.equal("parked", w.parked(), []string{"q"})
		w.equal("due", w.nextDue(), d.NextAttemptAt)
		w.equal("delivery", w.delivery(d), d)
		late := w.outcome(d, 1, ringback.DeliveryDelivered)
		w.commit(late)
		w.wantErr(late.Err, store.ErrFenced)
		w.equal("claimed", ids(w.claim("", w.now, 10), claimedID), []string{d.ID, e.ID})
		w.equal("leased", w.leasedIDs(), []string{d.ID, e.ID})
		now := w.outcome(d, 1, ringback.DeliveryDelivered)
		w.commit(now)
		w.check(now.Err)
		w.equal("jobs stay with their workers", w.job(j), j)
	},
	"everything is kept": func(w *world) {
		a, e := w.newAccount(), w.newEndpoint()
		w.check(w.s.InsertAccount(w.ctx(), a))
		w.check(w.s.InsertEndpoint(w.ctx(), e, 1))
		w.submit("t")
		op := w.finish(w.lease("t"), ringback.JobSucceeded, 1)
		w.reopen()
		got, err := w.s.Account(w.ctx(), a.ID)
		w.check(err)
		w.equal("account", got, a)
		w.equal("endpoint", w.endpoint(e), e)
		w.equal("job", w.job(op.Job), op.Job)
		w.equal("delivery", w.delivery(&op.Deliveries[0].Delivery), &op.Deliveries[0].Delivery)
	},
}
