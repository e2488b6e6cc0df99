package engine_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// limited gives an endpoint a rate limit, and one retry after a second.
func limited(perSecond float64) func(*engine.CreateEndpointParams) {
	return func(p *engine.CreateEndpointParams) {
		p.RateLimit = perSecond
		p.RetrySchedule = engine.Maybe[[]time.Duration]{Set: true, Value: []time.Duration{time.Second}}
	}
}

// setRate changes an endpoint's rate limit; 0 removes it.
func (w *world) setRate(ep *ringback.Endpoint, perSecond float64) {
	w.t.Helper()
	limit := engine.Maybe[float64]{Set: true, Null: perSecond == 0, Value: perSecond}
	if _, err := w.e.UpdateEndpoint(w.t.Context(), ep.AccountID, ep.ID, engine.UpdateEndpointParams{RateLimit: limit}); err != nil {
		w.t.Fatal(err)
	}
}

// checkSpacing fails if two calls were closer than the interval.
func checkSpacing(t *testing.T, calls []time.Time, interval time.Duration) {
	t.Helper()
	for i := 1; i < len(calls); i++ {
		if gap := calls[i].Sub(calls[i-1]); gap < interval {
			t.Fatalf("calls %d and %d of %d are %s apart; want %s", i-1, i, len(calls), gap, interval)
		}
	}
}

// checkWindows fails if any second, from any call on, has more than most calls.
func checkWindows(t *testing.T, calls []time.Time, most int) {
	t.Helper()
	for i, from := range calls {
		n := 0
		for _, at := range calls[i:] {
			if at.Sub(from) < time.Second {
				n++
			}
		}
		if n > most {
			t.Fatalf("%d calls in the second from %s on; want at most %d", n, from.Format("15:04:05.000"), most)
		}
	}
}

// A limit holds for a backlog that is much larger than memory may hold of it,
// is used up to the full, and nobody else waits.
func TestRateLimit(t *testing.T) {
	for _, test := range []struct {
		limit  float64
		events int
		takes  time.Duration
	}{
		{10, 500, 100 * time.Millisecond * 499},
		{0.5, 40, 2 * time.Second * 39},
		{1000, 1200, time.Millisecond * 1199},
		{0.001, 5, 1000 * time.Second * 4},
	} {
		t.Run(fmt.Sprint(test.limit), func(t *testing.T) {
			inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
				a, other := answer(200), answer(200)
				w.net.at(receiver, a.ServeHTTP)
				w.net.at("https://other.example/", other.ServeHTTP)
				w.endpoint(receiver, limited(test.limit))
				w.endpoint("https://other.example/", nil)
				begun := time.Now()
				w.publishMany(test.events, "a")
				sleep(time.Second / 2)
				if got := len(other.times()); got != test.events {
					t.Errorf("an endpoint without a limit got %d of %d at once", got, test.events)
				}
				held := max(8, int(test.limit))
				if s := w.e.Stats(); s.InMemory > held || s.InFlight > 0 {
					t.Errorf("while they wait: %+v; want at most %d in memory, none in flight", s, held)
				}
				sleep(test.takes + test.takes/20)
				calls := a.times()
				checkSpacing(t, calls, time.Duration(float64(time.Second)/test.limit))
				checkWindows(t, calls, max(1, int(test.limit)))
				if len(calls) != test.events {
					t.Fatalf("%d of %d arrived", len(calls), test.events)
				}
				if took := calls[len(calls)-1].Sub(begun); took > test.takes+test.takes/20 {
					t.Errorf("it took %s; want about %s", took, test.takes)
				}
				for id, n := range a.ids {
					if n != 1 {
						t.Errorf("%s arrived %d times", id, n)
					}
				}
			})
		})
	}
}

// Retries, by schedule and by hand, count; waiting is no attempt.
func TestRateLimitCountsRetries(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		a := answer(500)
		w.net.at(receiver, a.ServeHTTP)
		w.endpoint(receiver, limited(2))
		events := make([]*ringback.Event, 20)
		for i := range events {
			events[i] = w.publish("a")
		}
		sleep(40 * time.Second)
		for _, ev := range events {
			if d, attempts := w.delivery(ev, 0); d.Status != ringback.DeliveryFailed || len(attempts) != 2 || attempts[1].Number != 2 {
				t.Fatalf("%s after %d attempts", d.Status, len(attempts))
			}
			if _, err := w.e.RetryDelivery(t.Context(), w.account.ID, ringback.DeliveryID(ev.ID, 0)); err != nil {
				t.Fatal(err)
			}
		}
		sleep(20 * time.Second)
		calls := a.times()
		checkSpacing(t, calls, time.Second/2)
		if len(calls) != 60 {
			t.Errorf("%d calls; want 60", len(calls))
		}
	})
}

// A receiver that takes its time is called as often as its limit allows.
func TestRateLimitOfASlowReceiver(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		g := newGauge(200, 5*time.Second)
		w.net.at(receiver, g.ServeHTTP)
		w.endpoint(receiver, limited(10))
		w.publishMany(600, "a")
		sleep(90 * time.Second) // the first seconds find out how many requests it takes at once
		if calls, most := g.seen(); calls != 600 || most < 45 || most > 51 {
			t.Errorf("%d calls, up to %d at once; want 600 and about 50", calls, most)
		}
	})
}

// So is one whose deliveries are so large that only one may wait in memory.
func TestRateLimitOfLargeDeliveries(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		g := newGauge(200, 5*time.Second)
		w.net.at(receiver, g.ServeHTTP)
		w.endpoint(receiver, limited(2))
		data := json.RawMessage(`{"a":"` + strings.Repeat("a", 300<<10) + `"}`)
		for range 60 {
			p := engine.PublishEventParams{Type: "a", Data: data}
			if _, _, err := w.e.PublishEvent(t.Context(), w.account.ID, p); err != nil {
				t.Fatal(err)
			}
		}
		sleep(50 * time.Second) // 30, and what it takes to find out how many requests it takes at once
		if calls, most := g.seen(); calls != 60 || most > 11 {
			t.Errorf("%d calls, up to %d at once; want 60 and about 10", calls, most)
		}
	})
}

// A change holds from the next attempt on, at once.
func TestRateLimitChanges(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		a := answer(200)
		w.net.at(receiver, a.ServeHTTP)
		ep := w.endpoint(receiver, limited(0.001))
		w.publishMany(400, "a")
		sleep(30 * time.Second)
		if n := len(a.times()); n != 1 {
			t.Fatalf("%d calls under the first limit; want 1", n)
		}
		w.setRate(ep, 5)
		sleep(10 * time.Second)
		faster := a.times()
		checkSpacing(t, faster, time.Second/5)
		if len(faster) != 52 { // one before, one at once, 50 in ten seconds
			t.Errorf("%d calls after ten seconds of 5/s; want 52", len(faster))
		}
		w.setRate(ep, 0.1)
		sleep(time.Minute)
		if slower := a.times()[len(faster)-1:]; len(slower) != 7 {
			t.Errorf("%d calls in a minute of 0.1/s; want 6", len(slower)-1)
		} else {
			checkSpacing(t, slower, 10*time.Second)
		}
		w.setRate(ep, 0)
		sleep(time.Second)
		if n := len(a.times()); n != 400 {
			t.Errorf("a second after the limit went, %d of 400 had arrived", n)
		}
	})
}

// An endpoint at full speed gets a limit, with its backlog in memory.
func TestRateLimitComesLater(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		g := newGauge(200, time.Second)
		w.net.at(receiver, g.ServeHTTP)
		ep := w.endpoint(receiver, nil)
		w.publishMany(600, "a")
		sleep(5500 * time.Millisecond)
		w.setRate(ep, 1)
		sleep(2 * time.Second) // what was under way ends
		before, _ := g.seen()
		if s := w.e.Stats(); s.InMemory > 10 {
			t.Errorf("%d are in memory", s.InMemory)
		}
		sleep(100 * time.Second)
		if after, _ := g.seen(); after-before != 100 {
			t.Errorf("%d calls in 100 s of 1/s", after-before)
		}
	})
}

// A limit holds over a restart, whether the last process ended well or not.
func TestRateLimitOverRestarts(t *testing.T) {
	for _, perSecond := range []float64{10, 0.2} {
		t.Run(fmt.Sprint(perSecond), func(t *testing.T) {
			inWorld(t, dispatch.Limits{Grace: time.Millisecond}, func(t *testing.T, w *world) {
				a := answer(200)
				w.net.at(receiver, a.ServeHTTP)
				ep := w.endpoint(receiver, limited(perSecond))
				w.publishMany(100, "a")
				interval := time.Duration(float64(time.Second) / perSecond)
				for range 5 {
					sleep(2*interval + interval/3)
					w.restart()
				}
				w.setRate(ep, 2*perSecond)
				sleep(100 * interval)
				calls := a.times()
				checkSpacing(t, calls, interval/2)
				checkSpacing(t, calls[:11], interval)
				if len(calls) != 100 {
					t.Errorf("%d of 100 arrived", len(calls))
				}
				// What an earlier process cannot have called need not wait.
				b := answer(200)
				w.net.at("https://new.example/", b.ServeHTTP)
				w.endpoint("https://new.example/", limited(0.001))
				w.publish("a")
				sleep(0)
				if len(b.times()) != 1 {
					t.Errorf("%d calls of a new endpoint; want 1", len(b.times()))
				}
			})
		})
	}
}

// What is canceled while it waits for its turn gives its slot free at once, and
// uses up no turn.
func TestCancelWhileWaitingForARate(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		a := answer(200)
		w.net.at(receiver, a.ServeHTTP)
		ep := w.endpoint(receiver, limited(0.1))
		w.publish("a")
		sleep(time.Second)
		for range 3 {
			ev := w.publish("a")
			if _, err := w.e.CancelDelivery(t.Context(), w.account.ID, ringback.DeliveryID(ev.ID, 0)); err != nil {
				t.Fatal(err)
			}
		}
		sleep(0)
		if s := w.e.Stats(); s.InMemory != 0 {
			t.Errorf("after canceling: %+v", s)
		}
		w.publishMany(50, "a")
		sleep(9 * time.Second)
		if n := len(a.times()); n != 2 {
			t.Errorf("%d calls; want 2", n)
		}
		if err := w.e.DeleteEndpoint(t.Context(), w.account.ID, ep.ID); err != nil {
			t.Fatal(err)
		}
		sleep(time.Second)
		if s := w.e.Stats(); s.InMemory != 0 || len(a.times()) != 2 {
			t.Errorf("after deleting: %+v, %d calls", s, len(a.times()))
		}
	})
}

// Limited endpoints with a backlog do not keep what others of their account, or
// of all, need.
func TestRateLimitsHarmNobody(t *testing.T) {
	inWorld(t, dispatch.Limits{Slots: 512, InFlight: 4}, func(t *testing.T, w *world) {
		for i := range 10 {
			url := fmt.Sprintf("https://limited%d.example/", i)
			w.net.at(url, http.HandlerFunc(answer(200).ServeHTTP))
			w.endpoint(url, func(p *engine.CreateEndpointParams) { limited(0.01)(p); subscribe("b")(p) })
		}
		healthy := answer(200)
		w.net.at(receiver, healthy.ServeHTTP)
		w.endpoint(receiver, subscribe("a"))
		w.publishData(100, 20<<10, "b")
		sleep(10 * time.Second)
		for i := range 50 {
			at := time.Now()
			w.publish("a")
			sleep(time.Second)
			if got := healthy.times(); len(got) != i+1 || !got[i].Equal(at) {
				t.Fatalf("event %d did not arrive at once: %d calls, %+v", i, len(got), w.e.Stats())
			}
		}
	})
}
