package engine_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// recoverAll calls until there is no more to look at, and gives the sum.
func (w *world) recoverAll(id string, since time.Time) (total engine.Recovery) {
	w.t.Helper()
	p := engine.RecoverEndpointParams{Since: since}
	for {
		r, err := w.e.RecoverEndpoint(w.t.Context(), w.account.ID, id, p)
		if err != nil {
			w.t.Fatal(err)
		}
		total.Examined += r.Examined
		total.Recovered += r.Recovered
		if r.Next == "" {
			return total
		}
		p.Cursor = r.Next
	}
}

func enabled(yes bool) engine.UpdateEndpointParams {
	return engine.UpdateEndpointParams{Enabled: engine.Maybe[bool]{Set: true, Value: yes}}
}

// What failed, was canceled and was missed is sent with the id that it had, the
// rest once only; what was from before stays.
func TestRecover(t *testing.T) {
	const limit = 3 // slots of the endpoint: most of it waits on the shelf
	inWorld(t, dispatch.Limits{QueueSlots: limit}, func(t *testing.T, w *world) {
		status := answer(500)
		w.net.at(receiver, status.ServeHTTP)
		ep := w.endpoint(receiver, func(p *engine.CreateEndpointParams) {
			p.RetrySchedule = engine.Maybe[[]time.Duration]{Set: true, Value: []time.Duration{}}
		})
		w.publish("before")
		sleep(time.Minute)
		since := time.Now()
		sleep(time.Second)
		failed := w.publish("failed")
		sleep(time.Minute)

		good := answer(200)
		w.net.at(receiver, good.ServeHTTP)
		delivered := w.publish("delivered")
		sleep(time.Second)
		w.net.at(receiver, hang)
		canceled := w.publish("canceled")
		sleep(time.Second)
		if _, err := w.e.UpdateEndpoint(t.Context(), w.account.ID, ep.ID, enabled(false)); err != nil {
			t.Fatal(err)
		}
		ids := map[string]int{failed.MessageID(): 1, delivered.MessageID(): 1, canceled.MessageID(): 1}
		for range 450 {
			ids[w.publish("missed").MessageID()] = 1
		}
		sleep(time.Minute)
		if _, err := w.e.UpdateEndpoint(t.Context(), w.account.ID, ep.ID, enabled(true)); err != nil {
			t.Fatal(err)
		}
		w.net.at(receiver, good.ServeHTTP)
		if got := w.recoverAll(ep.ID, since); got.Examined != 453 || got.Recovered != 452 {
			t.Errorf("%+v", got)
		}
		sleep(time.Minute)
		for id, want := range ids {
			if good.ids[id] != want {
				t.Errorf("%s was sent %d times", id, good.ids[id])
			}
		}
		if len(good.ids) != len(ids) {
			t.Errorf("%d events were sent; want %d", len(good.ids), len(ids))
		}
		if got := w.recoverAll(ep.ID, since); got.Recovered != 0 {
			t.Errorf("again: %+v", got)
		}
		if n := w.count(ringback.DeliveryFailed); n != 1 {
			t.Errorf("%d are failed; want the one from before", n)
		}
	})
}

// A recovered delivery has its whole schedule again.
func TestRecoveredDeliveriesAreRetried(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		calls := answer(500, 500, 500, 500, 500, 200)
		w.net.at(receiver, calls.ServeHTTP)
		ep := w.endpoint(receiver, func(p *engine.CreateEndpointParams) {
			p.RetrySchedule = engine.Maybe[[]time.Duration]{Set: true, Value: []time.Duration{time.Second, time.Second}}
		})
		start := time.Now()
		ev := w.publish("e")
		sleep(time.Minute)
		if d, _ := w.delivery(ev, 0); d.Status != ringback.DeliveryFailed || d.AttemptCount != 3 {
			t.Fatalf("%+v", d)
		}
		w.recoverAll(ep.ID, start)
		sleep(time.Minute)
		if d, attempts := w.delivery(ev, 0); d.Status != ringback.DeliveryDelivered || len(attempts) != 6 {
			t.Errorf("%+v with %d attempts", d, len(attempts))
		}
	})
}

// A test call reaches its endpoint alone, once, and nobody recovers it.
func TestTestCalls(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		calls, others := answer(500), answer(200)
		w.net.at(receiver, calls.ServeHTTP)
		const other = "https://other.example/hook"
		w.net.at(other, others.ServeHTTP)
		start := time.Now()
		ep, bystander := w.endpoint(receiver, nil), w.endpoint(other, nil)
		d, err := w.e.TestEndpoint(t.Context(), w.account.ID, ep.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		d, attempts, err := w.e.WaitDelivery(t.Context(), w.account.ID, d.ID, time.Minute)
		if err != nil || d.Status != ringback.DeliveryFailed || d.EventType != "ringback.test" || len(attempts) != 1 || time.Since(began) >= time.Minute {
			t.Errorf("%+v, %d attempts, %v, after %s", d, len(attempts), err, time.Since(began))
		}
		sleep(48 * time.Hour)
		for _, id := range []string{ep.ID, bystander.ID} {
			if got := w.recoverAll(id, start); got.Examined != 1 || got.Recovered != 0 {
				t.Errorf("recovered by %s: %+v", id, got)
			}
		}
		sleep(time.Hour)
		if len(calls.times()) != 1 || len(others.times()) != 0 {
			t.Errorf("%d calls, %d of others", len(calls.times()), len(others.times()))
		}
	})
}

// Waiting for an outcome that does not come ends with the wait.
func TestWaitDeliveryEnds(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		w.net.at(receiver, hang)
		ep := w.endpoint(receiver, nil)
		d, err := w.e.TestEndpoint(t.Context(), w.account.ID, ep.ID, "a")
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		d, _, err = w.e.WaitDelivery(t.Context(), w.account.ID, d.ID, 3*time.Second)
		if err != nil || d.Status != ringback.DeliveryPending || time.Since(began) != 3*time.Second {
			t.Errorf("%+v, %v after %s", d, err, time.Since(began))
		}
	})
}

// What a slow cancellation has not reached when the endpoint is enabled again is
// not canceled any more, and neither is what was recovered meanwhile.
func TestRecoverDuringCancellation(t *testing.T) {
	inWorld(t, dispatch.Limits{QueueSlots: 1}, func(t *testing.T, w *world) {
		w.net.at(receiver, hang)
		ep := w.endpoint(receiver, nil)
		since := time.Now()
		sleep(time.Second)
		const batches, size = 6, 1000 // of many slices
		events := make([]engine.Publication, size)
		for i := range events {
			events[i].Type = "some"
		}
		for range batches {
			if _, err := w.e.PublishEvents(t.Context(), w.account.ID, events, nil); err != nil {
				t.Fatal(err)
			}
		}
		sleep(time.Second)
		disabled := make(chan error, 1)
		go func() {
			_, err := w.e.UpdateEndpoint(t.Context(), w.account.ID, ep.ID, enabled(false))
			disabled <- err
		}()
		for isEnabled := true; isEnabled; {
			now, err := w.e.Endpoint(t.Context(), w.account.ID, ep.ID)
			if err != nil {
				t.Fatal(err)
			}
			isEnabled = now.Enabled
		}
		if _, err := w.e.UpdateEndpoint(t.Context(), w.account.ID, ep.ID, enabled(true)); err != nil {
			t.Fatal(err)
		}
		w.recoverAll(ep.ID, since)
		if err := <-disabled; err != nil {
			t.Fatal(err)
		}
		if n := w.count(ringback.DeliveryCanceled); n != 0 {
			t.Errorf("%d of %d deliveries of the enabled endpoint stay canceled", n, batches*size)
		}
	})
}

// A delivery that was canceled and recovered during its attempt is attempted
// twice at once. Neither outcome hides the other.
func TestRecoverDuringAttempt(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		good := answer(200)
		calls := make(chan struct{}, 9)
		w.net.at(receiver, func(rw http.ResponseWriter, r *http.Request) {
			calls <- struct{}{}
			if len(calls) == 1 {
				hang(rw, r) // for 15 s
				return
			}
			time.Sleep(13 * time.Second)
			good.ServeHTTP(rw, r)
		})
		ep := w.endpoint(receiver, func(p *engine.CreateEndpointParams) {
			p.RetrySchedule = engine.Maybe[[]time.Duration]{Set: true, Value: []time.Duration{time.Second}}
		})
		since := time.Now()
		sleep(time.Second)
		ev := w.publish("some")
		sleep(5 * time.Second)
		for _, yes := range []bool{false, true} {
			if _, err := w.e.UpdateEndpoint(t.Context(), w.account.ID, ep.ID, enabled(yes)); err != nil {
				t.Fatal(err)
			}
		}
		w.recoverAll(ep.ID, since)
		sleep(time.Minute)
		if d, attempts := w.delivery(ev, 0); d.Status != ringback.DeliveryDelivered || len(attempts) != len(calls) {
			t.Errorf("%d calls; the delivery is %s (%s) with %d attempts", len(calls), d.Status, d.Reason, len(attempts))
		}
	})
}
