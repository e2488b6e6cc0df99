package engine_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// publishMany publishes n events at once.
func (w *world) publishMany(n int, eventType string) {
	w.t.Helper()
	var all sync.WaitGroup
	for range n {
		all.Go(func() { w.publish(eventType) })
	}
	all.Wait()
}

// subscribe limits an endpoint to one event type.
func subscribe(eventType string) func(*engine.CreateEndpointParams) {
	return func(p *engine.CreateEndpointParams) { p.EventTypes = []string{eventType} }
}

// gauge is a receiver that takes a while, and knows how many calls it had at
// once.
type gauge struct {
	mu       sync.Mutex
	now, max int
	calls    int
	ids      map[string]int
	status   int
	takes    time.Duration
}

func newGauge(status int, takes time.Duration) *gauge {
	return &gauge{status: status, takes: takes, ids: make(map[string]int)}
}

func (g *gauge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	g.now++
	g.max = max(g.max, g.now)
	g.mu.Unlock()
	time.Sleep(g.takes)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now--
	g.calls++
	g.ids[r.Header.Get("Webhook-Id")]++
	w.WriteHeader(g.status)
}

func (g *gauge) set(status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.status, g.max = status, 0
}

func (g *gauge) seen() (calls, most int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.calls, g.max
}

// What finds no slot in memory waits in the store, and nothing is lost or sent
// twice.
func TestOverflowWaitsInTheStore(t *testing.T) {
	for name, limits := range map[string]dispatch.Limits{
		"queue":   {QueueSlots: 5},
		"account": {AccountSlots: 7},
		"slots":   {Slots: 9, AccountSlots: 9},
		"bytes":   {Bytes: 5 << 10},
		"all":     {Slots: 20, AccountSlots: 15, QueueSlots: 4, Bytes: 30 << 10, Concurrency: 3, InFlight: 6},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, limits, func(t *testing.T, w *world) {
				const hosts, events = 5, 60
				receivers := make([]*gauge, hosts)
				for i := range receivers {
					receivers[i] = newGauge(200, 50*time.Millisecond)
					url := fmt.Sprintf("https://host%d.example/", i)
					w.net.at(url, receivers[i].ServeHTTP)
					w.endpoint(url, nil)
				}
				w.publishMany(events, "a")
				for range 200 {
					sleep(100 * time.Millisecond)
					if s := w.e.Stats(); limits.Slots > 0 && s.InMemory > limits.Slots || limits.InFlight > 0 && s.InFlight > limits.InFlight {
						t.Fatalf("limits %+v, but %+v", limits, s)
					}
				}
				if got := w.count(ringback.DeliveryDelivered); got != hosts*events {
					t.Errorf("%d of %d are delivered; %d pending, %+v", got, hosts*events, w.count(ringback.DeliveryPending), w.e.Stats())
				}
				for i, g := range receivers {
					if calls, _ := g.seen(); calls != events || len(g.ids) != events {
						t.Errorf("receiver %d: %d calls, %d ids; want %d", i, calls, len(g.ids), events)
					}
				}
				if s := w.e.Stats(); s.InMemory != 0 || s.InFlight != 0 {
					t.Errorf("at the end: %+v", s)
				}
			})
		})
	}
}

// A receiver that hangs keeps its own queue waiting and nobody else's.
func TestOneSlowReceiverHarmsNobody(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		const hung = 20
		for i := range hung {
			url := fmt.Sprintf("https://hung%d.example/", i)
			w.net.at(url, hang)
			w.endpoint(url, subscribe("hung"))
		}
		healthy := answer(200)
		w.net.at(receiver, healthy.ServeHTTP)
		w.endpoint(receiver, subscribe("healthy"))
		w.publishMany(100, "hung")
		for i := range 50 {
			before := time.Now()
			w.publish("healthy")
			synctest.Wait()
			if got := healthy.times(); len(got) != i+1 || !got[i].Equal(before) {
				t.Fatalf("event %d did not arrive at once", i)
			}
			sleep(time.Second)
		}
	})
}

// While a destination fails it gets one request at a time; when it answers
// again the limit grows and the backlog goes out.
func TestFailingDestinationIsProbed(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		g := newGauge(503, time.Second)
		w.net.at(receiver, g.ServeHTTP)
		w.endpoint(receiver, func(p *engine.CreateEndpointParams) {
			p.RetrySchedule = engine.Maybe[[]time.Duration]{Set: true, Value: []time.Duration{time.Hour, time.Hour}}
		})
		const events = 300
		w.publishMany(events, "a")
		sleep(time.Minute)
		g.set(503)
		sleep(time.Minute)
		if calls, most := g.seen(); most != 1 || calls < 60 || calls > 200 {
			t.Errorf("a failing destination had %d calls, up to %d at once; want a probe at a time", calls, most)
		}
		if s := w.e.Stats(); s.InMemory > 8 {
			t.Errorf("a failing destination holds %d slots", s.InMemory)
		}
		g.set(200)
		sleep(time.Minute)
		if _, most := g.seen(); most < 8 {
			t.Errorf("a destination that answers again gets %d requests at once", most)
		}
		sleep(3 * time.Hour)
		if got := w.count(ringback.DeliveryDelivered); got != events {
			t.Errorf("%d of %d are delivered", got, events)
		}
	})
}

// While the store cannot commit, publishers are told so, no attempt starts, and
// what was attempted is recorded later.
func TestStoreThatCannotCommit(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		g := newGauge(200, time.Second)
		w.net.at(receiver, g.ServeHTTP)
		w.endpoint(receiver, nil)
		w.publishMany(20, "a")
		time.Sleep(time.Millisecond) // the first attempts are under way
		w.store.fail(true)
		sleep(time.Minute)
		calls, _ := g.seen()
		if calls == 0 || calls >= 20 {
			t.Errorf("%d attempts, want those that were under way", calls)
		}
		_, _, err := w.e.PublishEvent(t.Context(), w.account.ID, engine.PublishEventParams{Type: "a"})
		if ringback.CodeOf(err) != ringback.CodeUnavailable || w.e.Ready() == nil {
			t.Errorf("publishing gives %v, ready %v", err, w.e.Ready())
		}
		w.store.fail(false)
		sleep(time.Minute)
		if err := w.e.Ready(); err != nil {
			t.Errorf("not ready after recovery: %v", err)
		}
		w.publish("a")
		sleep(time.Minute)
		if got := w.count(ringback.DeliveryDelivered); got != 21 || len(g.ids) != 21 {
			t.Errorf("%d deliveries are delivered, %d ids arrived; want 21", got, len(g.ids))
		}
		for id, n := range g.ids {
			if n != 1 {
				t.Errorf("%s arrived %d times", id, n)
			}
		}
	})
}

// A new process takes over at once what an earlier one had leased or parked.
func TestTakeOver(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := open(t, dir, dispatch.Limits{QueueSlots: 10, Grace: time.Second})
		account, err := w.e.CreateAccount(t.Context(), engine.CreateAccountParams{Name: "test"})
		if err != nil {
			t.Fatal(err)
		}
		w.account = account
		w.net.at(receiver, hang)
		w.endpoint(receiver, nil)
		w.publishMany(50, "a")
		w.stop() // gives up what hangs, as a crash would
		w = open(t, dir, dispatch.Limits{})
		defer w.stop()
		w.account = account
		a := answer(200)
		w.net.at(receiver, a.ServeHTTP)
		sleep(time.Second)
		if got := w.count(ringback.DeliveryDelivered); got != 50 || len(a.times()) != 50 {
			t.Errorf("%d delivered with %d calls; want 50", got, len(a.times()))
		}
	})
}

// Leases that memory lost, whatever the reason, are found.
func TestLostLeasesAreReclaimed(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		a := answer(200)
		w.net.at(receiver, a.ServeHTTP)
		ep := w.endpoint(receiver, nil)
		at := time.Now().UTC()
		ev := &ringback.Event{ID: ringback.NewID(ringback.PrefixEvent, at), AccountID: w.account.ID, Type: "a", CreatedAt: at}
		op := &store.PublishEvent{Event: ev, Deliveries: []store.NewDelivery{{
			Delivery: ringback.Delivery{
				ID: ringback.DeliveryID(ev.ID, 0), AccountID: w.account.ID, EventID: ev.ID, EventType: "a", EndpointID: ep.ID,
				URL: ep.URL, Profile: ep.Profile, Status: ringback.DeliveryPending, NextAttemptAt: at, CreatedAt: at,
			},
			Placement: store.Placement{Lease: w.node.NextLease()},
		}}}
		if err := w.store.Commit(t.Context(), []store.Op{op}); err != nil {
			t.Fatal(err)
		}
		sleep(30 * time.Second)
		if d, _ := w.delivery(ev, 0); d.Status != ringback.DeliveryDelivered {
			t.Errorf("the delivery is %s", d.Status)
		}
	})
}

// Canceling, disabling and deleting stop what waits in memory, too.
func TestNothingIsSentAfterACancel(t *testing.T) {
	for name, cancel := range map[string]func(t *testing.T, w *world, ep *ringback.Endpoint, ids []string){
		"one by one": func(t *testing.T, w *world, _ *ringback.Endpoint, ids []string) {
			for _, id := range ids {
				_, err := w.e.CancelDelivery(t.Context(), w.account.ID, id)
				if err != nil {
					t.Errorf("canceling %s: %v", id, err)
				}
			}
		},
		"disable": func(t *testing.T, w *world, ep *ringback.Endpoint, _ []string) {
			if _, err := w.e.UpdateEndpoint(t.Context(), w.account.ID, ep.ID, engine.UpdateEndpointParams{Enabled: engine.Maybe[bool]{Set: true}}); err != nil {
				t.Error(err)
			}
		},
		"disable and enable": func(t *testing.T, w *world, ep *ringback.Endpoint, _ []string) {
			for _, on := range []bool{false, true} {
				if _, err := w.e.UpdateEndpoint(t.Context(), w.account.ID, ep.ID, engine.UpdateEndpointParams{Enabled: engine.Maybe[bool]{Set: true, Value: on}}); err != nil {
					t.Error(err)
				}
			}
		},
		"delete": func(t *testing.T, w *world, ep *ringback.Endpoint, _ []string) {
			if err := w.e.DeleteEndpoint(t.Context(), w.account.ID, ep.ID); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, dispatch.Limits{QueueSlots: 30}, func(t *testing.T, w *world) {
				g := newGauge(200, time.Minute/6)
				w.net.at(receiver, g.ServeHTTP)
				ep := w.endpoint(receiver, nil)
				w.publishMany(60, "a")
				time.Sleep(time.Second)
				l, err := w.e.Deliveries(t.Context(), w.account.ID, engine.DeliveryFilter{Status: ringback.DeliveryPending}, engine.Paging{Limit: 100})
				if err != nil {
					t.Fatal(err)
				}
				var ids []string
				for _, d := range l.Items {
					ids = append(ids, d.ID)
				}
				if len(ids) != 60 {
					t.Fatalf("%d are pending", len(ids))
				}
				cancel(t, w, ep, ids)
				sleep(time.Hour)
				if calls, most := g.seen(); calls != 2 || most != 2 {
					t.Errorf("%d calls, up to %d at once; want the two that were under way", calls, most)
				}
				// What was under way could not be taken back, and was answered.
				if c, d := w.count(ringback.DeliveryCanceled), w.count(ringback.DeliveryDelivered); c != 58 || d != 2 {
					t.Errorf("%d are canceled, %d delivered; want 58 and 2", c, d)
				}
			})
		})
	}
}
