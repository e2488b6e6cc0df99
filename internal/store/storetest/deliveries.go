package storetest

import (
	"slices"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

func (w *world) leasedIDs() []string {
	w.Helper()
	refs, err := w.s.LeasedDeliveries(w.ctx(), w.epoch)
	w.check(err)
	out := ids(refs, func(l store.LeasedDelivery) string { return l.ID })
	slices.Sort(out)
	return out
}

func (w *world) parked() []string {
	w.Helper()
	names, err := w.s.ParkedQueues(w.ctx())
	w.check(err)
	slices.Sort(names)
	return names
}

func (w *world) nextDue() time.Time {
	w.Helper()
	due, err := w.s.NextDue(w.ctx())
	w.check(err)
	return due
}

var deliveryTests = map[string]func(*world){
	"round trip": func(w *world) {
		e := w.newEvent("order.paid")
		e.JobID = "job_1"
		ds := w.deliveriesOf(e, 1, store.Scheduled)
		d := &ds[0].Delivery
		d.AttemptCount, d.Step, d.Reason, d.NextAttemptAt = 3, 2, "HTTP 500", w.now.Add(time.Hour)
		w.commit(&store.PublishEvent{Event: e, Deliveries: ds})
		w.equal("delivery", w.delivery(d), d)
	},
	"not found": func(w *world) {
		_, err := w.s.Delivery(w.ctx(), w.account, ringback.DeliveryID(w.id(ringback.PrefixEvent), 0))
		w.wantErr(err, store.ErrNotFound)
	},
	"placements": func(w *world) {
		a, b := w.publish(w.leased()), w.publish(store.Scheduled)
		w.publish(store.Placement{Queue: "q1"})
		w.publish(store.Placement{Queue: "q2"})
		w.publish(store.Placement{Queue: "q1"})
		w.equal("leased", w.leasedIDs(), []string{a.ID})
		w.equal("parked", w.parked(), []string{"q1", "q2"})
		w.equal("due", w.nextDue(), b.NextAttemptAt)
	},
	"nothing waits": func(w *world) {
		w.equal("leased", w.leasedIDs(), []string(nil))
		w.equal("parked", w.parked(), []string(nil))
		w.equal("due", w.nextDue(), time.Time{})
	},
	"place": func(w *world) {
		d := w.publish(w.leased())
		w.commit(&store.PlaceDelivery{DeliveryRef: ref(d), From: w.held(), Placement: store.Placement{Queue: "q"}})
		w.equal("parked", w.parked(), []string{"q"})
		w.equal("leased", w.leasedIDs(), []string(nil))
		w.equal("delivery", w.delivery(d), d)
		// It is not leased any more: nothing happens.
		w.commit(&store.PlaceDelivery{DeliveryRef: ref(d), From: w.held(), Placement: store.Placement{Queue: "r"}})
		w.equal("parked", w.parked(), []string{"q"})

		e := w.publish(w.leased())
		w.commit(&store.PlaceDelivery{DeliveryRef: ref(e), From: w.held(), Placement: w.leased()})
		w.equal("leased", w.leasedIDs(), []string{e.ID})
		w.commit(&store.PlaceDelivery{DeliveryRef: ref(e), From: w.held(), Placement: store.Scheduled})
		w.equal("due", w.nextDue(), e.NextAttemptAt)
		w.equal("leased", w.leasedIDs(), []string(nil))
	},
	"cancel": func(w *world) {
		for _, p := range []store.Placement{w.leased(), store.Scheduled, {Queue: "q"}} {
			d := w.publish(p)
			op := &store.CancelDelivery{DeliveryRef: ref(d), Now: w.tick(), Reason: "by hand"}
			w.commit(op)
			w.check(op.Err)
			want := *d
			want.Status, want.Reason, want.NextAttemptAt, want.FinishedAt = ringback.DeliveryCanceled, "by hand", time.Time{}, w.now
			w.equal("delivery", w.delivery(d), &want)
			w.commit(op)
			w.wantErr(op.Err, store.ErrFenced)
			op.ID += "0"
			w.commit(op)
			w.wantErr(op.Err, store.ErrNotFound)
		}
		w.equal("leased", w.leasedIDs(), []string(nil))
		w.equal("parked", w.parked(), []string(nil))
		w.equal("due", w.nextDue(), time.Time{})
	},
	"cancel what is pending of an endpoint, in slices": func(w *world) {
		var want []string
		for _, p := range []store.Placement{w.leased(), store.Scheduled, {Queue: "q"}, store.Scheduled, w.leased()} {
			ds := w.publishN(2, p) // for ep_0 and ep_1
			want = append(want, ds[0].ID)
		}
		done := w.publish(w.leased())
		w.commit(w.outcome(done, 1, ringback.DeliveryDelivered))
		before := w.tick()
		late := w.publish(store.Scheduled)
		var got []string
		for {
			op := &store.CancelPending{
				AccountID: w.account, EndpointID: "ep_0", CreatedBefore: before, Limit: 2, Now: w.tick(), Reason: "gone",
			}
			w.commit(op)
			if len(op.Canceled) > 2 {
				w.Fatalf("a slice of 2 has %d", len(op.Canceled))
			}
			if len(op.Canceled) == 0 {
				break
			}
			got = append(got, op.Canceled...)
		}
		slices.Sort(got)
		w.equal("canceled", got, want)
		canceled, err := w.s.ListDeliveries(w.ctx(), w.account, store.DeliveryFilter{Status: ringback.DeliveryCanceled}, all)
		w.check(err)
		slices.Reverse(want)
		w.equal("listed", ids(canceled, deliveryID), want)
		w.equal("reason", canceled[0].Reason, "gone")
		w.equal("late", w.delivery(late).Status, ringback.DeliveryPending)
		w.equal("done", w.delivery(done).Status, ringback.DeliveryDelivered)
	},
	"cancel nothing that is pending of an endpoint that is enabled": func(w *world) {
		enabled, disabled := w.insertEndpoint(w.account, true), w.insertEndpoint(w.account, false)
		for id, want := range map[string]int{enabled: 0, disabled: 2} {
			w.owe(w.account, id, 2)
			op := &store.CancelPending{
				AccountID: w.account, EndpointID: id, CreatedBefore: w.tick(), Limit: 10, Now: w.now, Reason: "gone",
			}
			w.commit(op)
			w.equal("canceled", len(op.Canceled), want)
		}
	},
}
