package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/ringback"
)

// publishData publishes n events with data of that size.
func (w *world) publishData(n, size int, eventType string) {
	w.t.Helper()
	data := json.RawMessage(`{"x":"` + strings.Repeat("x", size) + `"}`)
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if _, _, err := w.e.PublishEvent(w.t.Context(), w.account.ID, engine.PublishEventParams{Type: eventType, Data: data}); err != nil {
				w.t.Error(err)
			}
		})
	}
	all.Wait()
}

// other gives the same world, seen from a second account.
func (w *world) other() *world {
	w.t.Helper()
	account, err := w.e.CreateAccount(w.t.Context(), engine.CreateAccountParams{Name: "other"})
	if err != nil {
		w.t.Fatal(err)
	}
	v := *w
	v.account = account
	return &v
}

// What comes off a shelf is bounded in bytes, too.
func TestBytesInMemoryAreBounded(t *testing.T) {
	const size, budget = 100 << 10, 1 << 20 // ten of them fit
	inWorld(t, dispatch.Limits{Bytes: budget}, func(t *testing.T, w *world) {
		w.net.at(receiver, newGauge(200, 10*time.Second).ServeHTTP)
		w.endpoint(receiver, nil)
		w.publishData(64, 1, "small")   // more than the queue has slots
		w.publishData(300, size, "big") // go to the shelf
		most := 0
		for range 600 {
			sleep(time.Second)
			if s := w.e.Stats(); s.InMemory > most {
				most = s.InMemory
			}
			if d := w.count(ringback.DeliveryDelivered); d > 64 {
				if s := w.e.Stats(); s.InMemory*size > 2*budget {
					t.Fatalf("%d big deliveries, %d KiB, are in memory; the limit is %d KiB", s.InMemory, s.InMemory*size>>10, budget>>10)
				}
			}
		}
	})
}

// The memory that hanging receivers of one account hold does not keep others'
// deliveries waiting.
func TestBytesOfOneAccountHarmNobody(t *testing.T) {
	inWorld(t, dispatch.Limits{Bytes: 1 << 20}, func(t *testing.T, w *world) {
		for i := range 9 {
			url := fmt.Sprintf("https://hung%d.example/", i)
			w.net.at(url, hang)
			w.endpoint(url, nil)
		}
		w.publishData(40, 100<<10, "a")
		sleep(20 * time.Second)
		o := w.other()
		healthy := answer(200)
		w.net.at(receiver, healthy.ServeHTTP)
		o.endpoint(receiver, nil)
		for range 20 {
			before := len(healthy.times())
			at := time.Now()
			o.publish("a")
			sleep(6 * time.Second)
			if len(healthy.times()) == before {
				for len(healthy.times()) == before && time.Since(at) < time.Hour {
					sleep(time.Second)
				}
				t.Fatalf("a delivery of 7 bytes to a healthy receiver of another account took %s; %+v", time.Since(at), o.e.Stats())
			}
		}
	})
}

// One account with many hanging hosts does not take all places in flight.
func TestRequestsOfOneAccountHarmNobody(t *testing.T) {
	inWorld(t, dispatch.Limits{Slots: 64, InFlight: 16}, func(t *testing.T, w *world) {
		for i := range 32 {
			url := fmt.Sprintf("https://hung%d.example/", i)
			w.net.at(url, hang)
			w.endpoint(url, nil)
		}
		o := w.other()
		healthy := answer(200)
		w.net.at(receiver, healthy.ServeHTTP)
		o.endpoint(receiver, nil)
		w.publishMany(1, "a")
		sleep(time.Second)
		for i := range 10 {
			at := time.Now()
			o.publish("a")
			sleep(6 * time.Second)
			if len(healthy.times()) != i+1 {
				for len(healthy.times()) != i+1 && time.Since(at) < time.Hour {
					sleep(time.Second)
				}
				t.Fatalf("a delivery to a healthy receiver of another account took %s", healthy.times()[i].Sub(at))
			}
		}
	})
}

// A retry by hand of a delivery that was canceled while it waited in memory is
// made when its turn comes.
func TestRetryAfterCancelInMemory(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		g := newGauge(200, 3*time.Second)
		w.net.at(receiver, g.ServeHTTP)
		w.endpoint(receiver, nil)
		w.publishMany(2, "a") // take the two places
		ev := w.publish("a")  // waits in memory
		id := ringback.DeliveryID(ev.ID, 0)
		if _, err := w.e.CancelDelivery(t.Context(), w.account.ID, id); err != nil {
			t.Fatal(err)
		}
		if _, err := w.e.RetryDelivery(t.Context(), w.account.ID, id); err != nil {
			t.Fatal(err)
		}
		sleep(6500 * time.Millisecond) // its turn is after 3 s
		if d, _ := w.delivery(ev, 0); d.Status != ringback.DeliveryDelivered {
			at := time.Now()
			for d.Status != ringback.DeliveryDelivered && time.Since(at) < time.Minute {
				sleep(time.Second / 2)
				d, _ = w.delivery(ev, 0)
			}
			t.Errorf("it was skipped, and made only %s later", time.Since(at))
		}
	})
}
