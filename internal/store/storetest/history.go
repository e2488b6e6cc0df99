package storetest

import (
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// over gives what is over before the time, looking at so many events at once.
func (w *world) over(before time.Time, look int) []store.OverEvent {
	w.Helper()
	var all []store.OverEvent
	for next := ""; ; {
		found, err := w.s.OverEvents(w.ctx(), before, next, look)
		w.check(err)
		all = append(all, found.Events...)
		if next = found.Next; next == "" {
			return all
		}
	}
}

// purge deletes what is over before the time in slices, and gives the sum.
func (w *world) purge(before time.Time, rows int) store.Purged {
	w.Helper()
	var sum store.Purged
	for events := w.over(before, rows); len(events) > 0; {
		got, err := w.s.PurgeEvents(w.ctx(), store.PurgeEvents{Before: before, Events: events, Rows: rows})
		w.check(err)
		if got.Done+got.Events+got.Deliveries+got.Attempts == 0 {
			w.Fatal("a slice did nothing")
		}
		sum.Add(got)
		events = events[got.Done:]
	}
	sum.Held, sum.Done = 0, 0
	return sum
}

// later gives a time by which all that was made so far is old.
func (w *world) later() time.Time { return w.now.Add(time.Hour) }

// ended makes an event with n deliveries that all have ended by an attempt.
func (w *world) ended(n int) []store.NewDelivery {
	w.Helper()
	all := w.publishN(n, w.leased())
	for i := range all {
		w.commit(w.outcome(&all[i].Delivery, 1, ringback.DeliveryStatuses()[1+i%2]))
	}
	return all
}

func (w *world) wantGone(gone bool, ds []store.NewDelivery) {
	w.Helper()
	for i := range ds {
		d := &ds[i].Delivery
		_, err := w.s.Delivery(w.ctx(), d.AccountID, d.ID)
		_, eventErr := w.s.Event(w.ctx(), d.AccountID, d.EventID)
		attempts, listErr := w.s.ListAttempts(w.ctx(), d.AccountID, d.ID, 100)
		w.check(listErr)
		if !gone {
			w.check(err)
			w.check(eventErr)
			continue
		}
		w.wantErr(err, store.ErrNotFound)
		w.wantErr(eventErr, store.ErrNotFound)
		w.equal("attempts", len(attempts), 0)
	}
}

var historyTests = map[string]func(*world){
	"what is being deleted is not recovered": func(w *world) {
		w.ended(6)
		before := w.later()
		events := w.over(before, 10)
		for slices := 0; len(events) > 0; slices++ {
			got, err := w.s.PurgeEvents(w.ctx(), store.PurgeEvents{Before: before, Events: events, Rows: 3})
			w.check(err)
			events = events[got.Done:]
			recovery := w.recovery("ep_0")
			w.commit(recovery)
			if recovery.Recovered != 0 { // the endpoint got it
				w.Fatalf("recovered after slice %d", slices)
			}
		}
	},
	"nothing": func(w *world) {
		w.equal("of an empty store", w.purge(w.later(), 10), store.Purged{})
		ds := w.ended(2)
		w.equal("of a young one", w.purge(ds[0].CreatedAt, 10), store.Purged{})
		w.wantGone(false, ds)
	},
	"an event with all that came of it, of every account": func(w *world) {
		first := w.ended(3)
		bare := w.publishN(0, w.leased())
		w.account = w.id(ringback.PrefixAccount)
		second := w.ended(1)
		w.equal("purged", w.purge(w.later(), 100), store.Purged{Events: 3, Deliveries: 4, Attempts: 4})
		w.wantGone(true, first)
		w.wantGone(true, bare)
		w.wantGone(true, second)
	},
	"what ended at the time or after it stays": func(w *world) {
		old := w.ended(2)
		limit := w.tick()
		w.now = limit.Add(-time.Millisecond) // outcome ticks
		young := w.publishN(2, w.leased())
		w.now = limit.Add(-time.Millisecond)
		for i := range young {
			w.commit(w.outcome(&young[i].Delivery, 1, ringback.DeliveryDelivered))
		}
		w.equal("purged", w.purge(limit, 100), store.Purged{Events: 1, Deliveries: 2, Attempts: 2})
		w.wantGone(true, old)
		w.wantGone(false, young)
	},
	"what is pending stays, whatever its placement": func(w *world) {
		var kept [][]store.NewDelivery
		for _, p := range []store.Placement{w.leased(), store.Scheduled, {Queue: "q"}} {
			ds := w.publishN(2, p)
			kept = append(kept, ds)
			w.ended(1)
			if p.Lease != 0 {
				w.commit(w.outcome(&ds[0].Delivery, 1, ringback.DeliveryDelivered))
			}
		}
		w.equal("purged", w.purge(w.later(), 100), store.Purged{Events: 3, Deliveries: 3, Attempts: 3})
		for _, ds := range kept {
			w.wantGone(false, ds)
		}
		attempts, err := w.s.ListAttempts(w.ctx(), w.account, kept[0][0].ID, 100)
		w.check(err)
		w.equal("attempts of what ended beside it", len(attempts), 1)
	},
	"what was retried by hand stays with all beside it": func(w *world) {
		ds := w.ended(2)
		limit := w.later()
		w.now = limit
		w.commit(&store.RetryDelivery{DeliveryRef: ref(&ds[1].Delivery), Placement: w.leased(), Now: w.tick()})
		w.equal("while it is pending", w.purge(limit, 100), store.Purged{})
		w.commit(w.outcome(&ds[1].Delivery, 2, ringback.DeliveryDelivered))
		w.equal("when it has ended", w.purge(limit, 100), store.Purged{})
		w.wantGone(false, ds)
		w.equal("later", w.purge(w.later(), 100), store.Purged{Events: 1, Deliveries: 2, Attempts: 3})
		w.wantGone(true, ds)
	},
	"what was retried since it was looked at stays": func(w *world) {
		ds := w.ended(2)
		before := w.later()
		over := w.over(before, 10)
		w.equal("over", len(over), 1)
		w.commit(&store.RetryDelivery{DeliveryRef: ref(&ds[0].Delivery), Placement: w.leased(), Now: w.tick()})
		for range 2 {
			got, err := w.s.PurgeEvents(w.ctx(), store.PurgeEvents{Before: before, Events: over, Rows: 100})
			w.check(err)
			w.equal("done", got.Done, 1)
			w.wantGone(false, ds)
			w.now = before
			w.commit(w.outcome(&ds[0].Delivery, 2, ringback.DeliveryDelivered)) // after the time
		}
		before = w.later()
		for i := range 2 { // the second time they are gone
			got, err := w.s.PurgeEvents(w.ctx(), store.PurgeEvents{Before: before, Events: over, Rows: 100})
			w.check(err)
			w.equal("purged", []int{got.Done, got.Events}, []int{1, 1 - i})
		}
		w.wantGone(true, ds)
	},
	"canceled without an attempt": func(w *world) {
		d := w.publish(store.Scheduled)
		w.commit(&store.CancelDelivery{DeliveryRef: ref(d), Now: w.tick()})
		w.equal("purged", w.purge(w.later(), 100), store.Purged{Events: 1, Deliveries: 1})
	},
	"a job goes with its event": func(w *world) {
		w.submit("t")
		done := w.finish(w.lease("t"), ringback.JobSucceeded, 1)
		failed := w.submit("u")
		w.finish(w.lease("u"), ringback.JobFailed, 0)
		waiting, running := w.submit("v"), w.submit("w")
		w.lease("w")
		w.equal("while a delivery is pending", w.purge(w.later(), 100), store.Purged{Events: 1, Jobs: 1})
		w.equal("its job", w.job(done.Job).Status, ringback.JobSucceeded)
		_, err := w.s.Job(w.ctx(), failed.AccountID, failed.ID)
		w.wantErr(err, store.ErrNotFound)
		w.commit(&store.CancelDelivery{DeliveryRef: ref(&done.Deliveries[0].Delivery), Now: w.tick()})
		w.equal("afterwards", w.purge(w.later(), 100), store.Purged{Events: 1, Deliveries: 1, Jobs: 1})
		_, err = w.s.JobAccount(w.ctx(), done.Job.ID)
		w.wantErr(err, store.ErrNotFound)
		w.equal("waiting", w.job(waiting).Status, ringback.JobQueued)
		w.equal("running", w.job(running).Status, ringback.JobRunning)
	},
	"more rows than a slice": func(w *world) {
		kept := w.publishN(1, store.Scheduled)
		large := w.ended(20)
		small := w.ended(1)
		for i := range large {
			w.commit(&store.RetryDelivery{DeliveryRef: ref(&large[i].Delivery), Placement: w.leased(), Now: w.tick()})
			w.commit(w.outcome(&large[i].Delivery, 2, ringback.DeliveryFailed))
		}
		want := store.Purged{Events: 2, Deliveries: 21, Attempts: 41}
		before := w.later()
		got, err := w.s.PurgeEvents(w.ctx(), store.PurgeEvents{Before: before, Events: w.over(before, 100), Rows: 7})
		w.check(err)
		if rows := got.Events + got.Deliveries + got.Attempts; rows == 0 || rows > 7 {
			w.Fatalf("a slice of 7 rows deleted %d", rows)
		}
		sum := w.purge(before, 7)
		sum.Add(got)
		sum.Held, sum.Done = 0, 0
		w.equal("purged", sum, want)
		w.wantGone(true, large)
		w.wantGone(true, small)
		w.wantGone(false, kept)
	},
	"the smallest slices": func(w *world) {
		w.purgeMixed(1)
	},
	"small slices": func(w *world) {
		w.purgeMixed(10)
	},
	"one slice": func(w *world) {
		w.purgeMixed(10_000)
	},
}

// purgeMixed purges much in every state, and compares what is left with what a
// plain loop says.
func (w *world) purgeMixed(rows int) {
	made := w.mixedDeliveries(40)
	pending := map[string]bool{}
	for _, d := range made {
		pending[d.EventID] = pending[d.EventID] || d.Status == ringback.DeliveryPending
	}
	var want, got []string
	for _, d := range made {
		if pending[d.EventID] {
			want = append(want, d.ID)
		}
	}
	before := w.later()
	purged := w.purge(before, rows)
	w.equal("deliveries", purged.Deliveries, len(made)-len(want))
	for _, d := range made {
		if _, err := w.s.Delivery(w.ctx(), d.AccountID, d.ID); err == nil {
			got = append(got, d.ID)
			_, err = w.s.Event(w.ctx(), d.AccountID, d.EventID)
			w.check(err)
		}
	}
	if len(want) == 0 || len(want) == len(made) {
		w.Fatal("there is nothing to tell apart")
	}
	w.equal("left", got, want)
	w.equal("once more", w.purge(before, rows), store.Purged{})
}
