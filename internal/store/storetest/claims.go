package storetest

import (
	"strings"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

func (w *world) claim(queue string, now time.Time, limit int) []store.Claimed {
	w.Helper()
	op := &store.ClaimDeliveries{Lease: w.held(), Queue: queue, Now: now, Limit: limit, MaxBytes: anyBytes}
	w.commit(op)
	return op.Claimed
}

// publishDue makes deliveries due at the given minutes from now, and gives
// their ids.
func (w *world) publishDue(p store.Placement, minutes ...int) []string {
	var out []string
	start := w.now
	for _, m := range minutes {
		e := w.newEvent("t")
		ds := w.deliveriesOf(e, 1, p)
		ds[0].NextAttemptAt = start.Add(time.Duration(m) * time.Minute)
		w.commit(&store.PublishEvent{Event: e, Deliveries: ds})
		out = append(out, ds[0].ID)
	}
	return out
}

var claimTests = map[string]func(*world){
	"the longest due first, and none before its time": func(w *world) {
		start := w.now
		made := w.publishDue(store.Scheduled, 3, 1, 2, 9)
		w.equal("next", w.nextDue(), start.Add(time.Minute))
		w.equal("none", w.claim("", start.Add(time.Minute-time.Microsecond), 10), []store.Claimed(nil))
		w.equal("one", ids(w.claim("", start.Add(time.Minute), 10), claimedID), []string{made[1]})
		w.equal("due", ids(w.claim("", start.Add(3*time.Minute), 10), claimedID), []string{made[2], made[0]})
		w.equal("next", w.nextDue(), start.Add(9*time.Minute))
		w.equal("leased", len(w.leasedIDs()), 3)
	},
	"at most limit": func(w *world) {
		made := w.publishDue(store.Scheduled, 1, 2, 3)
		w.equal("claimed", ids(w.claim("", w.now.Add(time.Hour), 2), claimedID), made[:2])
		w.equal("claimed", ids(w.claim("", w.now.Add(time.Hour), 2), claimedID), made[2:])
		w.equal("claimed", w.claim("", w.now.Add(time.Hour), 2), []store.Claimed(nil))
	},
	"parked ones are claimed by the name of their queue": func(w *world) {
		q := w.publishDue(store.Placement{Queue: "q"}, 30, 10, 20)
		w.publishDue(store.Placement{Queue: "r"}, 1)
		w.equal("scheduled", w.claim("", w.now.Add(time.Hour), 10), []store.Claimed(nil))
		w.equal("due", w.nextDue(), time.Time{})
		w.equal("queue", ids(w.claim("q", w.now, 2), claimedID), []string{q[1], q[2]}) // also before their time
		w.equal("queue", ids(w.claim("q", w.now, 2), claimedID), []string{q[0]})
		w.equal("parked", w.parked(), []string{"r"})
	},
	"with the event": func(w *world) {
		e := w.newEvent("order.paid")
		e.ResourceID = "res"
		ds := w.deliveriesOf(e, 1, store.Scheduled)
		w.commit(&store.PublishEvent{Event: e, Deliveries: ds})
		w.equal("claimed", w.claim("", w.now, 1), []store.Claimed{{Delivery: &ds[0].Delivery, Event: e}})
	},
	"with the finished job": func(w *world) {
		w.submit("t")
		op := w.finish(w.lease("t"), ringback.JobSucceeded, 2)
		want := []store.Claimed{
			{Delivery: &op.Deliveries[0].Delivery, Event: op.Event, Job: op.Job},
			{Delivery: &op.Deliveries[1].Delivery, Event: op.Event, Job: op.Job},
		}
		w.equal("claimed", w.claim("", w.now, 10), want)
	},
	"ends early, after the one that passes the limit": func(w *world) {
		for range 5 {
			e := w.newEvent("t")
			e.Data = []byte(`"` + strings.Repeat("x", 1000) + `"`)
			w.commit(&store.PublishEvent{Event: e, Deliveries: w.deliveriesOf(e, 1, store.Scheduled)})
		}
		for _, c := range []struct{ maxBytes, want int }{{1, 1}, {2500, 3}, {anyBytes, 1}} {
			op := &store.ClaimDeliveries{Lease: w.held(), Now: w.now, Limit: 10, MaxBytes: c.maxBytes}
			w.commit(op)
			w.equal("claimed", len(op.Claimed), c.want)
		}
		w.equal("leased", len(w.leasedIDs()), 5)
	},
	"all JSON of the job counts as loaded": func(w *world) {
		long := []byte(`"` + strings.Repeat("x", 200<<10) + `"`)
		for _, fill := range []func(j, done *ringback.Job){
			func(j, _ *ringback.Job) { j.Input = long },
			func(j, _ *ringback.Job) { j.Metadata = long },
			func(_, done *ringback.Job) { done.Result = long },
		} {
			for range 10 {
				j, done := w.newJob("t"), &ringback.Job{}
				fill(j, done)
				w.commit(&store.SubmitJob{Job: j})
				op := w.finishing(w.lease("t"), ringback.JobSucceeded, 1)
				op.Job.Result = done.Result
				w.commit(op)
			}
			op := &store.ClaimDeliveries{Lease: w.held(), Now: w.now, Limit: 10, MaxBytes: 300 << 10}
			w.commit(op)
			w.equal("claimed", len(op.Claimed), 2)
			w.equal("left", len(w.claim("", w.now, 100)), 8)
		}
	},
}
