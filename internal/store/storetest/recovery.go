package storetest

import (
	"strings"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// recovery is one of all types for the endpoint, from the beginning to now.
func (w *world) recovery(endpoint string) *store.RecoverEvents {
	return &store.RecoverEvents{
		AccountID: w.account, EndpointID: endpoint, URL: "https://recovered.example", Profile: "github",
		Before: ringback.MinID(ringback.PrefixEvent, w.tick().Add(1e6)), Limit: 100,
		Match: func(string) bool { return true }, Queue: "q", Now: w.now,
	}
}

var recoveryTests = map[string]func(*world){
	"what failed and what was canceled is pending again": func(w *world) {
		for _, status := range []ringback.DeliveryStatus{ringback.DeliveryFailed, ringback.DeliveryCanceled} {
			d := w.publishN(1, w.leased())[0].Delivery
			end := w.outcome(&d, 1, status)
			end.Step = 7
			w.commit(end)
			op := w.recovery("ep_0")
			w.commit(op)
			w.equal("recovered", op.Recovered, 1)
			got := w.delivery(&d)
			if got.Status != ringback.DeliveryPending || got.Step != 0 || got.AttemptCount != 1 || !got.NextAttemptAt.Equal(op.Now) || !got.FinishedAt.IsZero() {
				w.Fatalf("%+v", got)
			}
			claim := &store.ClaimDeliveries{Lease: w.held(), Queue: "q", Now: w.tick(), Limit: 10, MaxBytes: anyBytes}
			w.commit(claim)
			w.equal("claimed from its queue", ids(claim.Claimed, claimedID), []string{d.ID})
		}
	},
	"what was missed is inserted after the others": func(w *world) {
		others := w.publishN(2, w.leased())
		w.commit(w.outcome(&others[1].Delivery, 1, ringback.DeliveryDelivered)) // one pending, one not
		op := w.recovery("ep_new")
		w.commit(op)
		w.equal("recovered", op.Recovered, 1)
		want := ringback.Delivery{
			ID: ringback.DeliveryID(others[0].EventID, 2), AccountID: w.account, EventID: others[0].EventID, EventType: "user.created",
			EndpointID: "ep_new", URL: op.URL, Profile: op.Profile, Status: ringback.DeliveryPending,
			NextAttemptAt: op.Now, CreatedAt: others[0].CreatedAt,
		}
		w.equal("inserted", w.delivery(&want), &want)
		again := w.recovery("ep_new")
		w.commit(again)
		w.equal("again", again.Recovered, 0)
	},
	"what is pending or was delivered stays": func(w *world) {
		w.publishN(1, w.leased())
		done := w.publishN(1, w.leased())[0].Delivery
		w.commit(w.outcome(&done, 1, ringback.DeliveryDelivered))
		op := w.recovery("ep_0")
		w.commit(op)
		w.equal("examined", op.Examined, 2)
		w.equal("recovered", op.Recovered, 0)
	},
	"an event without any delivery": func(w *world) {
		w.commit(&store.PublishEvent{Event: w.newEvent("a")})
		op := w.recovery("ep_0")
		w.commit(op)
		w.equal("recovered", op.Recovered, 1)
	},
	"other types, test calls and what was for a callback alone": func(w *world) {
		w.commit(&store.PublishEvent{Event: w.newEvent("b")})
		test := w.newEvent("a")
		test.OnlyEndpoint = "ep_7"
		w.commit(&store.PublishEvent{Event: test})
		j := w.newJob("t")
		j.CallbackOnly = true
		w.commit(&store.SubmitJob{Job: j})
		w.finish(w.lease("t"), ringback.JobSucceeded, 0)
		for _, endpoint := range []string{"ep_0", "ep_7"} {
			op := w.recovery(endpoint)
			op.Match = func(eventType string) bool { return !strings.HasPrefix(eventType, "b") }
			w.commit(op)
			w.equal("examined", op.Examined, 3)
			w.equal("recovered", op.Recovered, 0)
		}
	},
	"a job's event": func(w *world) {
		w.submit("t")
		finish := w.finish(w.lease("t"), ringback.JobSucceeded, 0)
		op := w.recovery("ep_0")
		w.commit(op)
		w.equal("recovered", op.Recovered, 1)
		claim := &store.ClaimDeliveries{Lease: w.held(), Queue: "q", Now: w.tick(), Limit: 10, MaxBytes: anyBytes}
		w.commit(claim)
		if len(claim.Claimed) != 1 || claim.Claimed[0].Job == nil || claim.Claimed[0].Delivery.JobID != finish.Job.ID {
			w.Fatalf("claimed %+v", claim.Claimed)
		}
	},
	"bounds, and in slices": func(w *world) {
		var events []string
		for range 6 {
			e := w.newEvent("a")
			w.commit(&store.PublishEvent{Event: e})
			events = append(events, e.ID)
		}
		op := w.recovery("ep_0")
		op.After, op.Before, op.Limit = events[0], events[5], 3
		w.commit(op)
		w.equal("first slice", []any{op.Last, op.Examined, op.Recovered}, []any{events[3], 3, 3})
		op.After = op.Last
		w.commit(op)
		w.equal("second slice", []any{op.Last, op.Examined, op.Recovered}, []any{events[4], 1, 1})
		op.After = op.Last
		w.commit(op)
		w.equal("third slice", []any{op.Last, op.Examined, op.Recovered}, []any{"", 0, 0})
	},
	"another account's events stay": func(w *world) {
		w.commit(&store.PublishEvent{Event: w.newEvent("a")})
		op := w.recovery("ep_0")
		op.AccountID = w.id(ringback.PrefixAccount)
		w.commit(op)
		w.equal("examined", op.Examined, 0)
	},
}
