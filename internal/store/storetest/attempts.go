package storetest

import (
	"errors"
	"net/http"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// notice gives one to an account of its own, with one leased delivery.
func (w *world) notice() *store.Notice {
	ev := w.newEvent("endpoint.failing")
	ev.AccountID = w.id(ringback.PrefixAccount)
	return &store.Notice{Event: ev, Deliveries: w.deliveriesOf(ev, 1, w.leased())}
}

// noticed checks whether a notice was inserted, whole.
func (w *world) noticed(n *store.Notice, want bool) {
	w.Helper()
	ev, err := w.s.Event(w.ctx(), n.Event.AccountID, n.Event.ID)
	if !want {
		w.wantErr(err, store.ErrNotFound)
		return
	}
	w.check(err)
	w.equal("event", ev, n.Event)
	w.equal("delivery", w.delivery(&n.Deliveries[0].Delivery), &n.Deliveries[0].Delivery)
}

func (w *world) attempts(d *ringback.Delivery, limit int) []ringback.Attempt {
	w.Helper()
	got, err := w.s.ListAttempts(w.ctx(), d.AccountID, d.ID, limit)
	w.check(err)
	return got
}

var attemptTests = map[string]func(*world){
	"delivered": func(w *world) {
		d := w.publish(w.leased())
		op := w.outcome(d, 1, ringback.DeliveryDelivered)
		op.URL, op.Profile, op.Step = "https://new", "github", 4
		w.commit(op)
		w.check(op.Err)
		want := *d
		want.Status, want.AttemptCount, want.NextAttemptAt = ringback.DeliveryDelivered, 1, time.Time{}
		want.FinishedAt, want.URL, want.Profile, want.Step = op.Now, "https://new", "github", 4
		w.equal("delivery", w.delivery(d), &want)
		w.equal("leased", w.leasedIDs(), []string(nil))
	},
	"scheduled again, then failed": func(w *world) {
		d := w.publish(w.leased())
		op := w.outcome(d, 1, ringback.DeliveryPending)
		op.Step = 1
		w.commit(op)
		w.check(op.Err)
		want := *d
		want.AttemptCount, want.Step, want.NextAttemptAt, want.Reason = 1, 1, op.NextAttemptAt, "HTTP 500"
		w.equal("delivery", w.delivery(d), &want)
		w.equal("due", w.nextDue(), op.NextAttemptAt)
		w.equal("leased", w.leasedIDs(), []string(nil))

		w.equal("claimed", len(w.claim("", op.NextAttemptAt, 1)), 1)
		last := w.outcome(d, 2, ringback.DeliveryFailed)
		last.Step = 2
		w.commit(last)
		w.check(last.Err)
		want.Status, want.AttemptCount, want.Step = ringback.DeliveryFailed, 2, 2
		want.NextAttemptAt, want.FinishedAt = time.Time{}, last.Now
		w.equal("delivery", w.delivery(d), &want)
		w.equal("attempts", w.attempts(d, 10), []ringback.Attempt{op.Attempt, last.Attempt})
	},
	"final without an attempt": func(w *world) {
		d := w.publish(w.leased())
		w.commit(&store.RecordAttempt{
			Lease:       w.held(),
			DeliveryRef: ref(d), Status: ringback.DeliveryCanceled, Now: w.tick(), Reason: "no endpoint",
			URL: d.URL, Profile: d.Profile,
		})
		got := w.delivery(d)
		w.equal("status", got.Status, ringback.DeliveryCanceled)
		w.equal("count", got.AttemptCount, 0)
		w.equal("reason", got.Reason, "no endpoint")
		w.equal("attempts", w.attempts(d, 10), []ringback.Attempt(nil))
	},
	"with a notice": func(w *world) {
		for _, status := range []ringback.DeliveryStatus{ringback.DeliveryFailed, ringback.DeliveryPending} {
			d, notice := w.publish(w.leased()), w.notice()
			op := w.outcome(d, 1, status)
			op.Notice = notice
			w.commit(op)
			w.check(op.Err)
			w.noticed(notice, true)
		}
	},
	"no notice of what is fenced": func(w *world) {
		d, notice := w.publish(w.leased()), w.notice()
		w.commit(&store.CancelDelivery{DeliveryRef: ref(d), Now: w.tick()})
		op := w.outcome(d, 1, ringback.DeliveryFailed)
		op.Notice = notice
		w.commit(op)
		w.wantErr(op.Err, store.ErrFenced)
		w.noticed(notice, false)
	},
	"a notice that cannot be inserted undoes the record": func(w *world) {
		d, notice := w.publish(w.leased()), w.notice()
		w.commit(&store.PublishEvent{Event: notice.Event}) // takes its id
		op := w.outcome(d, 1, ringback.DeliveryFailed)
		op.Notice = notice
		var refused *store.OpError
		if err := w.s.Commit(w.ctx(), []store.Op{op}); !errors.As(err, &refused) {
			w.Fatalf("got error %v, want an OpError", err)
		}
		w.equal("delivery", w.delivery(d), d)
		w.equal("attempts", w.attempts(d, 10), []ringback.Attempt(nil))
	},
	"all fields of attempts": func(w *world) {
		d := w.publish(w.leased())
		op := w.outcome(d, 1, ringback.DeliveryPending)
		op.Attempt.RequestHeaders = http.Header{"X-A": {"1", "2"}, "X-Empty": {""}, "X-Colon": {"a: b"}}
		op.Attempt.ResponseHeaders = http.Header{"Server": {"h\xe9\xff latin"}}
		op.Attempt.ResponseBody = []byte("\x00\xff\xfe binary")
		w.commit(op)
		w.claim("", op.NextAttemptAt, 1)
		bare := w.outcome(d, 2, ringback.DeliveryFailed)
		bare.Attempt = ringback.Attempt{Number: 2, StartedAt: w.now, Error: "dial: refused"}
		w.commit(bare)
		w.exactly("attempts", w.attempts(d, 10), []ringback.Attempt{op.Attempt, bare.Attempt})
	},
	"the last ones, oldest first": func(w *world) {
		d := w.publish(w.leased())
		for n := 1; n <= 5; n++ {
			op := w.outcome(d, n, ringback.DeliveryPending)
			w.commit(op)
			w.check(op.Err)
			w.claim("", op.NextAttemptAt, 1)
		}
		numbers := func(limit int) []int {
			var out []int
			for _, a := range w.attempts(d, limit) {
				out = append(out, a.Number)
			}
			return out
		}
		w.equal("two", numbers(2), []int{4, 5})
		w.equal("all", numbers(10), []int{1, 2, 3, 4, 5})
	},
	"what is pending but not under the lease is fenced": func(w *world) {
		for _, p := range []store.Placement{store.Scheduled, {Queue: "q"}, {Lease: store.NewLease(w.epoch, 2)}, {Lease: store.NewLease(w.epoch+1, 1)}} {
			d := w.publish(p)
			var made []ringback.Attempt
			for _, status := range []ringback.DeliveryStatus{ringback.DeliveryDelivered, ringback.DeliveryPending} {
				op := w.outcome(d, 1, status)
				w.commit(op)
				w.wantErr(op.Err, store.ErrFenced)
				op.Attempt.Number = len(made) + 1
				made = append(made, op.Attempt)
				d.AttemptCount++
				w.equal("delivery", w.delivery(d), d)
				w.equal("attempts", w.attempts(d, 10), made)
			}
		}
	},
	"one that was canceled meanwhile is delivered if its attempt was answered": func(w *world) {
		d := w.publish(w.leased())
		w.commit(&store.CancelDelivery{DeliveryRef: ref(d), Now: w.tick(), Reason: "by hand"})
		op := w.outcome(d, 1, ringback.DeliveryDelivered)
		w.commit(op)
		w.wantErr(op.Err, store.ErrFenced)
		got := w.delivery(d)
		w.equal("status", got.Status, ringback.DeliveryDelivered)
		w.equal("reason", got.Reason, "")
		w.equal("finished", got.FinishedAt, op.Now)
		w.equal("attempts", w.attempts(d, 10), []ringback.Attempt{op.Attempt})
	},
	"one that was canceled meanwhile keeps its status and gets the attempt": func(w *world) {
		d := w.publish(w.leased())
		w.commit(&store.CancelDelivery{DeliveryRef: ref(d), Now: w.tick(), Reason: "by hand"})
		op := w.outcome(d, 1, ringback.DeliveryFailed)
		w.commit(op)
		w.wantErr(op.Err, store.ErrFenced)
		got := w.delivery(d)
		w.equal("status", got.Status, ringback.DeliveryCanceled)
		w.equal("reason", got.Reason, "by hand")
		w.equal("attempts", w.attempts(d, 10), []ringback.Attempt{op.Attempt})

		// The next one goes on after it.
		retry := &store.RetryDelivery{DeliveryRef: ref(d), Placement: w.leased(), Now: w.tick()}
		w.commit(retry)
		w.check(retry.Err)
		next := w.outcome(d, retry.Claimed.Delivery.AttemptCount+1, ringback.DeliveryDelivered)
		w.commit(next)
		w.check(next.Err)
		w.equal("attempts", len(w.attempts(d, 10)), 2)
	},
	"two attempts under one lease": func(w *world) {
		for _, status := range []ringback.DeliveryStatus{ringback.DeliveryDelivered, ringback.DeliveryPending} {
			d := w.publish(w.leased())
			first, second := w.outcome(d, 1, ringback.DeliveryPending), w.outcome(d, 1, status)
			w.commit(first)
			w.claim("", first.NextAttemptAt, 1)
			w.commit(second)
			w.check(second.Err)
			second.Attempt.Number = 2
			w.equal("attempts", w.attempts(d, 10), []ringback.Attempt{first.Attempt, second.Attempt})
			w.equal("count", w.delivery(d).AttemptCount, 2)
			w.equal("status", w.delivery(d).Status, status)
		}
	},
	"a late attempt does not take another's number": func(w *world) {
		d := w.publish(w.leased())
		late := w.outcome(d, 1, ringback.DeliveryFailed)
		w.commit(&store.CancelDelivery{DeliveryRef: ref(d), Now: w.tick()})
		w.commit(&store.RetryDelivery{DeliveryRef: ref(d), Placement: w.leased(), Now: w.tick()})
		inTime := w.outcome(d, 1, ringback.DeliveryDelivered)
		w.commit(inTime)
		w.check(inTime.Err)
		w.commit(late)
		w.wantErr(late.Err, store.ErrFenced)
		late.Attempt.Number = 2
		w.equal("attempts", w.attempts(d, 10), []ringback.Attempt{inTime.Attempt, late.Attempt})
		w.equal("count", w.delivery(d).AttemptCount, 2)
		w.equal("status", w.delivery(d).Status, ringback.DeliveryDelivered)
	},
	"no attempt of what is not there": func(w *world) {
		d := w.publish(w.leased())
		op := w.outcome(d, 1, ringback.DeliveryDelivered)
		op.ID = ringback.DeliveryID(d.EventID, 7)
		w.commit(op)
		w.wantErr(op.Err, store.ErrFenced)
		w.equal("attempts", len(w.attempts(&ringback.Delivery{AccountID: d.AccountID, ID: op.ID}, 10)), 0)
	},
}
