package engine_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

const receiver = "https://receiver.example/hook"

// within says whether got is want ±10 %.
func within(got, want time.Duration) bool { return got >= want*9/10 && got <= want*11/10 }

// A delivery that always fails is attempted on its profile's schedule, each
// attempt at the very instant that was announced, and then is failed.
func TestRetriesFollowTheSchedule(t *testing.T) {
	for _, profile := range webhook.Profiles() {
		t.Run(profile.Name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
				a := answer(500)
				w.net.at(receiver, a.ServeHTTP)
				w.endpoint(receiver, func(p *engine.CreateEndpointParams) { p.Profile = profile.Name })
				ev := w.publish("a.b")
				sleep(0)
				schedule := profile.Schedule()
				for i, delay := range schedule {
					d, attempts := w.delivery(ev, 0)
					if d.Status != ringback.DeliveryPending || d.AttemptCount != i+1 {
						t.Fatalf("after attempt %d: %s, %d attempts", i+1, d.Status, d.AttemptCount)
					}
					last := attempts[i]
					if got := d.NextAttemptAt.Sub(last.StartedAt.Add(last.Duration)); !within(got, delay) {
						t.Errorf("delay %d is %s; want %s ±10 %%", i, got, delay)
					}
					sleep(time.Until(d.NextAttemptAt) - time.Microsecond)
					if got := len(a.times()); got != i+1 {
						t.Fatalf("an attempt came before its time")
					}
					sleep(time.Microsecond)
					if got := a.times(); len(got) != i+2 || !got[i+1].Equal(d.NextAttemptAt) {
						t.Fatalf("attempt %d was not made at %s: %v", i+2, d.NextAttemptAt, got)
					}
				}
				d, attempts := w.delivery(ev, 0)
				if d.Status != ringback.DeliveryFailed || len(attempts) != len(schedule)+1 || d.Reason == "" {
					t.Errorf("at the end: %s after %d attempts, reason %q", d.Status, len(attempts), d.Reason)
				}
				sleep(24 * time.Hour)
				if got := len(a.times()); got != len(schedule)+1 {
					t.Errorf("%d calls after the end", got)
				}
			})
		})
	}
}

func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		header string
		want   time.Duration // 0: the schedule's own delay, 10 s
	}{
		{"503 seconds", 503, "120", 2 * time.Minute},
		{"429 seconds", 429, "120", 2 * time.Minute},
		{"date", 503, "date", 3 * time.Minute},
		{"shorter than the schedule", 503, "1", 0},
		{"more than an hour", 503, "86400", time.Hour},
		{"more than a number holds", 503, "99999999999999999999", time.Hour},
		{"negative", 503, "-5", 0},
		{"nonsense", 503, "soon", 0},
		{"of another status", 500, "120", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
				header := c.header
				if header == "date" {
					header = time.Now().Add(c.want).UTC().Format(http.TimeFormat)
				}
				a := answer(c.status)
				a.header = http.Header{"Retry-After": {header}}
				w.net.at(receiver, a.ServeHTTP)
				w.endpoint(receiver, func(p *engine.CreateEndpointParams) {
					p.RetrySchedule = engine.Maybe[[]time.Duration]{Set: true, Value: []time.Duration{10 * time.Second}}
				})
				ev := w.publish("a")
				sleep(0)
				d, _ := w.delivery(ev, 0)
				got := time.Until(d.NextAttemptAt)
				if c.want == 0 && !within(got, 10*time.Second) || c.want != 0 && got != c.want {
					t.Errorf("the next attempt is in %s; want %s", got, c.want)
				}
			})
		})
	}
}

// A profile's or an endpoint's own schedule of no retries means one attempt.
func TestNoRetries(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		w.endpoint(receiver, func(p *engine.CreateEndpointParams) {
			p.RetrySchedule = engine.Maybe[[]time.Duration]{Set: true, Value: []time.Duration{}}
		})
		ev := w.publish("a")
		sleep(0)
		d, attempts := w.delivery(ev, 0)
		if d.Status != ringback.DeliveryFailed || len(attempts) != 1 || attempts[0].Error != "connection refused" {
			t.Errorf("%s, attempts %+v", d.Status, attempts)
		}
	})
}

// A retry by hand is one attempt more, and changes nothing in the schedule.
func TestManualRetry(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		a := answer(500)
		w.net.at(receiver, a.ServeHTTP)
		w.endpoint(receiver, func(p *engine.CreateEndpointParams) {
			p.RetrySchedule = engine.Maybe[[]time.Duration]{Set: true, Value: []time.Duration{time.Minute, time.Hour}}
		})
		ev := w.publish("a")
		sleep(time.Second)
		retry := func() {
			t.Helper()
			if _, err := w.e.RetryDelivery(t.Context(), w.account.ID, ringback.DeliveryID(ev.ID, 0)); err != nil {
				t.Fatal(err)
			}
			sleep(0)
		}
		retry()
		if d, _ := w.delivery(ev, 0); d.AttemptCount != 2 || !within(time.Until(d.NextAttemptAt), time.Minute) {
			t.Errorf("after a retry of a pending delivery: %d attempts, the next in %s", d.AttemptCount, time.Until(d.NextAttemptAt))
		}
		sleep(2 * time.Minute)
		if d, _ := w.delivery(ev, 0); d.AttemptCount != 3 || time.Until(d.NextAttemptAt) < 50*time.Minute {
			t.Errorf("then: %d attempts, the next in %s", d.AttemptCount, time.Until(d.NextAttemptAt))
		}
		sleep(2 * time.Hour)
		if d, _ := w.delivery(ev, 0); d.Status != ringback.DeliveryFailed || d.AttemptCount != 4 {
			t.Errorf("at the end: %s after %d attempts", d.Status, d.AttemptCount)
		}
		retry()
		sleep(24 * time.Hour)
		if d, _ := w.delivery(ev, 0); d.Status != ringback.DeliveryFailed || d.AttemptCount != 5 {
			t.Errorf("after a retry of a failed delivery: %s after %d attempts", d.Status, d.AttemptCount)
		}
		a.mu.Lock()
		a.status = []int{204}
		a.mu.Unlock()
		retry()
		if d, attempts := w.delivery(ev, 0); d.Status != ringback.DeliveryDelivered || len(attempts) != 6 || attempts[5].StatusCode != 204 {
			t.Errorf("after a retry that worked: %s, %d attempts", d.Status, len(attempts))
		}
	})
}

// Every status but 2xx is a failure; redirects are not followed; 410 ends it.
func TestStatuses(t *testing.T) {
	for _, c := range []struct {
		status int
		want   ringback.DeliveryStatus
	}{
		{200, ringback.DeliveryDelivered},
		{204, ringback.DeliveryDelivered},
		{299, ringback.DeliveryDelivered},
		{301, ringback.DeliveryPending},
		{304, ringback.DeliveryPending},
		{400, ringback.DeliveryPending},
		{401, ringback.DeliveryPending},
		{404, ringback.DeliveryPending},
		{410, ringback.DeliveryFailed},
		{429, ringback.DeliveryPending},
		{500, ringback.DeliveryPending},
		{999, ringback.DeliveryPending},
	} {
		inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
			w.net.at(receiver, answer(c.status).ServeHTTP)
			ep := w.endpoint(receiver, nil)
			ev := w.publish("a")
			sleep(0)
			d, attempts := w.delivery(ev, 0)
			if d.Status != c.want || len(attempts) != 1 || attempts[0].StatusCode != c.status || string(attempts[0].ResponseBody) != "call 1" {
				t.Errorf("%d: %s, attempts %+v", c.status, d.Status, attempts)
			}
			ep, err := w.e.Endpoint(t.Context(), w.account.ID, ep.ID)
			if err != nil || ep.Enabled == (c.status == 410) {
				t.Errorf("%d: endpoint enabled: %v (%v)", c.status, ep.Enabled, err)
			}
		})
	}
}

// An endpoint that has only failed for five days is disabled, and what is
// pending for it is canceled with the reason. One success begins anew.
func TestFailingForFiveDays(t *testing.T) {
	t.Parallel()
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		a := answer(500)
		w.net.at(receiver, a.ServeHTTP)
		ep := w.endpoint(receiver, nil)
		enabled := func() *ringback.Endpoint {
			t.Helper()
			got, err := w.e.Endpoint(t.Context(), w.account.ID, ep.ID)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		for range 4 {
			w.publish("a")
			sleep(24 * time.Hour)
		}
		if !enabled().Enabled || enabled().FailingSince.IsZero() {
			t.Fatalf("after four days: %+v", enabled())
		}
		a.mu.Lock()
		a.status = []int{200}
		a.mu.Unlock()
		w.publish("a")
		sleep(time.Second)
		if !enabled().FailingSince.IsZero() {
			t.Fatal("a success did not end the clock")
		}
		a.mu.Lock()
		a.status = []int{500}
		a.mu.Unlock()
		sleep(24 * time.Hour) // what was pending comes to its end
		for range 6 {
			w.publish("a")
			sleep(24 * time.Hour)
		}
		got := enabled()
		if got.Enabled || got.DisabledReason != ringback.DisabledFailing {
			t.Fatalf("after six days: %+v", got)
		}
		if n := w.count(ringback.DeliveryPending); n != 0 {
			t.Errorf("%d deliveries are pending for a disabled endpoint", n)
		}
		before := len(a.times())
		w.publish("a")
		sleep(24 * time.Hour)
		if after := len(a.times()); after != before {
			t.Errorf("%d calls to a disabled endpoint", after-before)
		}
	})
}

// A receiver that now fails and now answers costs no transaction of its own.
func TestFlappingReceiverIsCheap(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		n := 0 // one attempt at a time
		w.net.at(receiver, func(rw http.ResponseWriter, r *http.Request) {
			if n++; n%2 == 0 {
				rw.WriteHeader(404)
			}
		})
		w.endpoint(receiver, func(p *engine.CreateEndpointParams) {
			p.RetrySchedule = engine.Maybe[[]time.Duration]{Set: true, Value: []time.Duration{}}
		})
		before := w.store.changes.Load()
		for range 100 {
			w.publish("a")
			sleep(time.Second)
		}
		if got := w.store.changes.Load() - before; got > 10 {
			t.Errorf("%d changes of the endpoint for 100 attempts", got)
		}
	})
}
