package engine_test

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

const monitor = "https://monitor.example/"

// operator gives the same world, seen from the operator's own account, with an
// endpoint there for the event types (nil: none).
func (w *world) operator(types ...string) (*world, *answers) {
	w.t.Helper()
	at := time.Now().UTC()
	account := &ringback.Account{
		ID: ringback.OperatorAccountID, Name: "operator", CallbackProfile: "standard",
		Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=", CreatedAt: at, UpdatedAt: at,
	}
	if err := w.store.InsertAccount(w.t.Context(), account); err != nil {
		w.t.Fatal(err)
	}
	v := *w
	v.account = account
	a := answer(200)
	if types != nil {
		w.net.at(monitor, a.ServeHTTP)
		v.endpoint(monitor, func(p *engine.CreateEndpointParams) { p.EventTypes = types })
	}
	return &v, a
}

// told gives the account's events, the oldest first.
func (w *world) told() (events []*ringback.Event, data []map[string]any) {
	w.t.Helper()
	l, err := w.e.Events(w.t.Context(), w.account.ID, engine.EventFilter{}, engine.Paging{Limit: engine.MaxLimit})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, item := range slices.Backward(l.Items) {
		var d map[string]any
		if err := json.Unmarshal(item.Event.Data, &d); err != nil {
			w.t.Fatal(err)
		}
		events, data = append(events, item.Event), append(data, d)
	}
	return events, data
}

// wantDocumented checks that operators can read about the account's events.
func (w *world) wantDocumented() {
	w.t.Helper()
	doc, err := os.ReadFile("../../docs/operational-events.md")
	if err != nil {
		w.t.Fatal(err)
	}
	events, data := w.told()
	for i, ev := range events {
		for name := range data[i] {
			if !strings.Contains(string(doc), "`"+name+"`") || !strings.Contains(string(doc), "`"+ev.Type+"`") {
				w.t.Errorf("%s with %s is not documented", ev.Type, name)
			}
		}
	}
}

// wantTypes checks the types of the account's events, and gives their data.
func (w *world) wantTypes(types ...string) []map[string]any {
	w.t.Helper()
	events, data := w.told()
	for i := range max(len(events), len(types)) {
		if i >= len(events) || i >= len(types) || events[i].Type != types[i] {
			var got []string
			for _, ev := range events {
				got = append(got, ev.Type)
			}
			w.t.Fatalf("the operator was told %q; want %q", got, types)
		}
	}
	return data
}

// wantData checks members of an event's data; nil = there must be none.
func wantData(t *testing.T, data, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if got := data[name]; got != value {
			t.Errorf("%s is %v; want %v, in %v", name, got, value, data)
		}
	}
}

func text(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func retries(delays ...time.Duration) func(*engine.CreateEndpointParams) {
	return func(p *engine.CreateEndpointParams) {
		p.RetrySchedule = engine.Maybe[[]time.Duration]{Set: true, Value: append([]time.Duration{}, delays...)}
	}
}

// An endpoint that fails, recovers, and fails again until it is disabled: one
// event for each turn, delivered to the operator.
func TestOperatorIsToldOfAnEndpoint(t *testing.T) {
	t.Parallel()
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		op, heard := w.operator("endpoint.*")
		a := answer(500)
		w.net.at(receiver+"?token=x", a.ServeHTTP)
		ep := w.endpoint(receiver+"?token=x", retries(30*time.Second, 30*time.Second, 30*time.Second, time.Hour))
		begun := time.Now()
		ev := w.publish("a")
		sleep(45 * time.Second)
		op.wantTypes() // not before a minute
		sleep(10 * time.Minute)
		data := op.wantTypes(ringback.EventEndpointFailing)
		wantData(t, data[0], map[string]any{
			"account_id": w.account.ID, "endpoint_id": ep.ID, "url": receiver + "?token=x", "failing_since": text(begun),
			"delivery_id": ringback.DeliveryID(ev.ID, 0), "event_id": ev.ID, "event_type": "a", "job_id": nil,
			"status_code": 500.0, "error": "the receiver answered 500 Internal Server Error", "reason": nil, "disabled_at": nil,
		})
		a.mu.Lock()
		a.status = []int{200}
		a.mu.Unlock()
		sleep(2 * time.Hour)
		w.publish("a")
		sleep(time.Minute)
		data = op.wantTypes(ringback.EventEndpointFailing, ringback.EventEndpointRecovered)
		wantData(t, data[1], map[string]any{
			"endpoint_id": ep.ID, "failing_since": text(begun), "delivery_id": ringback.DeliveryID(ev.ID, 0),
			"attempt_count": 5.0, "status_code": 200.0, "error": nil, "reason": nil,
		})
		a.mu.Lock()
		a.status = []int{503}
		a.mu.Unlock()
		again := time.Now()
		for range 5 {
			w.publish("a")
			sleep(24 * time.Hour)
		}
		w.publish("a")
		sleep(time.Minute)
		data = op.wantTypes(ringback.EventEndpointFailing, ringback.EventEndpointRecovered, ringback.EventEndpointFailing, ringback.EventEndpointDisabled)
		got, err := w.e.Endpoint(t.Context(), w.account.ID, ep.ID)
		if err != nil {
			t.Fatal(err)
		}
		wantData(t, data[3], map[string]any{
			"reason": ringback.DisabledFailing, "failing_since": text(again), "disabled_at": text(got.DisabledAt), "status_code": 503.0,
		})
		if n := len(heard.times()); n != 4 {
			t.Errorf("%d calls to the operator's endpoint; want 4", n)
		}
		op.wantDocumented()
		events, _ := op.told()
		for _, ev := range events {
			if ev.ResourceID != ep.ID {
				t.Errorf("%s is about %s; want the endpoint", ev.Type, ev.ResourceID)
			}
		}
	})
}

func TestOperatorIsToldOf410(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		op, _ := w.operator("*")
		w.net.at(receiver, newGauge(410, time.Second).ServeHTTP)
		w.endpoint(receiver, nil)
		w.publishMany(2, "a") // both are under way when the first is answered
		sleep(time.Minute)
		data := op.wantTypes(ringback.EventEndpointDisabled)
		wantData(t, data[0], map[string]any{"reason": ringback.DisabledGone, "status_code": 410.0, "attempt_count": 1.0})
		// The owner's own doing is no news.
		own := w.endpoint("https://own.example/", nil)
		if _, err := w.e.UpdateEndpoint(t.Context(), w.account.ID, own.ID, engine.UpdateEndpointParams{Enabled: engine.Maybe[bool]{Set: true}}); err != nil {
			t.Fatal(err)
		}
		sleep(time.Minute)
		op.wantTypes(ringback.EventEndpointDisabled)
	})
}

// A delivery whose schedule is used up is told of once, that of an endpoint and
// that of a callback; retries by hand are not.
func TestOperatorIsToldOfExhaustedDeliveries(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		op, heard := w.operator(ringback.EventDeliveryExhausted)
		w.net.at(receiver, answer(500).ServeHTTP)
		ep := w.endpoint(receiver, retries(time.Second, time.Minute))
		ev := w.publish("a")
		sleep(5 * time.Minute)
		id := ringback.DeliveryID(ev.ID, 0)
		data := op.wantTypes(ringback.EventDeliveryExhausted)
		_, attempts := w.delivery(ev, 0)
		wantData(t, data[0], map[string]any{
			"account_id": w.account.ID, "endpoint_id": ep.ID, "url": receiver, "delivery_id": id, "event_id": ev.ID, "event_type": "a",
			"attempt_count": 3.0, "attempted_at": text(attempts[2].StartedAt), "status_code": 500.0, "failing_since": nil,
		})
		if _, err := w.e.RetryDelivery(t.Context(), w.account.ID, id); err != nil {
			t.Fatal(err)
		}
		sleep(time.Hour)
		op.wantTypes(ringback.EventDeliveryExhausted)

		job, _, err := w.e.SubmitJob(t.Context(), w.account.ID, engine.SubmitJobParams{
			Type: "a", CallbackURL: "https://nobody.example/", CallbackOnly: true, Profile: "sharpapi",
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.e.CancelJob(t.Context(), w.account.ID, job.ID); err != nil {
			t.Fatal(err)
		}
		sleep(2 * time.Hour)
		data = op.wantTypes(ringback.EventDeliveryExhausted, ringback.EventDeliveryExhausted)
		wantData(t, data[1], map[string]any{
			"endpoint_id": nil, "url": "https://nobody.example/", "job_id": job.ID, "status_code": nil, "error": "connection refused",
		})
		op.wantDocumented()
		if n := len(heard.times()); n != 2 {
			t.Errorf("%d calls to the operator's endpoint; want 2", n)
		}
	})
}

// Without a subscription nothing is stored, whatever the reason.
func TestOperatorIsToldNothingUnasked(t *testing.T) {
	fail := func(w *world) {
		w.net.at(receiver, answer(500).ServeHTTP)
		w.endpoint(receiver, retries(time.Minute, time.Minute))
		w.publish("a")
		sleep(5 * time.Minute)
		if w.count(ringback.DeliveryFailed) != 1 {
			w.t.Error("the delivery has not failed")
		}
	}
	t.Run("no account", func(t *testing.T) {
		inWorld(t, dispatch.Limits{}, func(_ *testing.T, w *world) { fail(w) })
	})
	t.Run("no endpoint", func(t *testing.T) {
		inWorld(t, dispatch.Limits{}, func(_ *testing.T, w *world) {
			op, _ := w.operator()
			fail(w)
			op.wantTypes()
		})
	})
	t.Run("other types", func(t *testing.T) {
		inWorld(t, dispatch.Limits{}, func(_ *testing.T, w *world) {
			op, _ := w.operator(ringback.EventEndpointDisabled)
			fail(w)
			op.wantTypes()
		})
	})
	t.Run("disabled", func(t *testing.T) {
		inWorld(t, dispatch.Limits{}, func(_ *testing.T, w *world) {
			op, _ := w.operator()
			op.endpoint(monitor, func(p *engine.CreateEndpointParams) { p.Enabled = engine.Maybe[bool]{Set: true} })
			fail(w)
			op.wantTypes()
		})
	})
}

// The operator's own endpoint may fail: that makes no event, or it would never
// end.
func TestOperatorsOwnEndpointMakesNoLoop(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		op, heard := w.operator("*")
		heard.status = []int{410}
		op.endpoint("https://dead.example/", func(p *engine.CreateEndpointParams) { subscribe("*")(p); retries(time.Minute, time.Minute)(p) })
		w.net.at(receiver, answer(500).ServeHTTP)
		w.endpoint(receiver, retries())
		w.publish("a")
		sleep(time.Hour)
		op.wantTypes(ringback.EventDeliveryExhausted)
		if got := op.count(ringback.DeliveryFailed); got != 2 {
			t.Errorf("%d of the operator's deliveries failed; want 2", got)
		}
	})
}

// What is told and what it is about are there together, or neither is.
func TestOperatorIsToldInTheSameCommit(t *testing.T) {
	inWorld(t, dispatch.Limits{Grace: time.Second}, func(t *testing.T, w *world) {
		op, _ := w.operator("*")
		w.net.at(receiver, func(rw http.ResponseWriter, _ *http.Request) {
			w.store.fail(true) // nothing of what follows from this answer is kept
			rw.WriteHeader(500)
		})
		w.endpoint(receiver, retries())
		ev := w.publish("a")
		sleep(time.Minute)
		if d, attempts := w.delivery(ev, 0); d.Status != ringback.DeliveryPending || len(attempts) != 0 {
			t.Errorf("%s after %d attempts, while nothing can be committed", d.Status, len(attempts))
		}
		op.wantTypes()
		w.net.at(receiver, answer(500).ServeHTTP)
		w.restart() // the new process has a store that works
		op.e, op.store = w.e, w.store
		sleep(time.Minute)
		data := op.wantTypes(ringback.EventDeliveryExhausted)
		wantData(t, data[0], map[string]any{"attempt_count": 1.0, "event_id": ev.ID})
		if got := op.count(ringback.DeliveryDelivered); got != 1 {
			t.Errorf("%d of the operator's deliveries are delivered; want 1", got)
		}
	})
}

// A commit that fails and then works tells once, and gives back what the
// attempts at it had reserved.
func TestOperatorIsToldAfterAFault(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		op, heard := w.operator("*")
		w.net.at(receiver, newGauge(410, time.Second).ServeHTTP)
		ep := w.endpoint(receiver, nil)
		w.net.at("https://b.example/", newGauge(500, time.Second).ServeHTTP)
		w.endpoint("https://b.example/", retries())
		w.publish("a")
		time.Sleep(time.Millisecond)
		w.store.fail(true)
		sleep(time.Minute)
		op.wantTypes()
		w.store.fail(false)
		sleep(time.Minute)
		got, err := w.e.Endpoint(t.Context(), w.account.ID, ep.ID)
		if err != nil || got.Enabled {
			t.Fatalf("the endpoint is enabled: %v, %v", got.Enabled, err)
		}
		events, _ := op.told()
		if len(events) != 2 || len(heard.times()) != 2 {
			t.Errorf("%d events, %d calls; want 2 each", len(events), len(heard.times()))
		}
		if s := w.e.Stats(); s.InMemory != 0 || s.InFlight != 0 {
			t.Errorf("at the end: %+v", s)
		}
	})
}
