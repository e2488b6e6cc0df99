package storetest

import (
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

func (w *world) backlog(limit int) store.Backlog {
	w.Helper()
	b, err := w.s.Backlog(w.ctx(), limit)
	w.check(err)
	return b
}

var backlogTests = map[string]func(*world){
	"nothing waits": func(w *world) {
		w.finish(w.lease(w.submit("t").Type), ringback.JobSucceeded, 0)
		w.commit(w.outcome(w.publish(w.leased()), 1, ringback.DeliveryDelivered))
		w.equal("backlog", w.backlog(10), store.Backlog{})
	},
	"deliveries by where they wait": func(w *world) {
		start := w.now
		w.publishDue(store.Scheduled, 3, 1)
		w.publish(w.leased())
		w.publishDue(store.Placement{Queue: "r"}, 5, 4)
		w.publishDue(store.Placement{Queue: "q"}, 6)
		b := w.backlog(10)
		w.equal("scheduled", b.Scheduled.Count, 2)
		w.equal("next", b.Scheduled.First, w.nextDue())
		w.equal("parked", b.Parked.Count, 3)
		if sooner, later := start.Add(4*time.Minute), start.Add(5*time.Minute); b.Parked.First.Before(sooner) || !b.Parked.First.Before(later) {
			w.Errorf("the first parked one is of %s", b.Parked.First)
		}
	},
	"jobs by what they wait for": func(w *world) {
		w.submit("t")
		w.submit("t")
		running := w.lease("t")
		ready := w.submit("other")
		delayed := w.newJob("t")
		delayed.RunAt = w.now.Add(time.Hour)
		w.commit(&store.SubmitJob{Job: delayed})
		b := w.backlog(10)
		w.equal("ready", b.Ready.Count, 2)
		if !b.Ready.First.Before(ready.RunAt) {
			w.Errorf("the first ready one is of %s", b.Ready.First)
		}
		w.equal("delayed", b.Delayed, store.Waiting{Count: 1, First: delayed.RunAt})
		w.equal("running", b.Running, store.Waiting{Count: 1, First: running.LeaseExpiresAt})
	},
	"up to the limit": func(w *world) {
		w.publishDue(store.Scheduled, 1, 2, 3)
		w.publishDue(store.Placement{Queue: "q"}, 1, 2, 3)
		for range 3 {
			w.submit("t")
		}
		b := w.backlog(2)
		w.equal("counts", []int{b.Scheduled.Count, b.Parked.Count, b.Ready.Count}, []int{2, 2, 2})
	},
}
