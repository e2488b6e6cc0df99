package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

func publications(n int) []engine.Publication {
	all := make([]engine.Publication, n)
	for i := range all {
		all[i].Type, all[i].Data = "a", []byte(fmt.Sprintf(`{"n":%d}`, i))
	}
	return all
}

func (w *world) publishAll(events []engine.Publication, key *store.IdempotencyKey) ([]engine.Published, error) {
	return w.e.PublishEvents(w.t.Context(), w.account.ID, events, key)
}

func (w *world) countEvents() int {
	w.t.Helper()
	events, err := w.store.ListEvents(w.t.Context(), w.account.ID, store.EventFilter{}, store.Page{Limit: 5000}, 1<<30)
	if err != nil {
		w.t.Fatal(err)
	}
	return len(events)
}

// cutOff is a store that takes a number of events and then, like a disk that is
// full or a machine that stops, nothing.
type cutOff struct {
	store.Store

	mu   sync.Mutex
	left int // events
}

func (c *cutOff) Commit(ctx context.Context, ops []store.Op) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	events := 0
	for _, op := range ops {
		if _, ok := op.(*store.PublishEvent); ok {
			events++
		}
	}
	if events > c.left {
		if events > 1 && c.left > 0 { // so that it ends within a batch
			for _, op := range ops {
				if _, ok := op.(*store.PublishEvent); !ok || c.left == 0 {
					continue
				}
				if err := c.Store.Commit(ctx, []store.Op{op}); err != nil {
					return err
				}
				c.left--
			}
		}
		return errDiskFull
	}
	c.left -= events
	return c.Store.Commit(ctx, ops)
}

// TestBatchIsCutOff repeats a batch that was cut off after each number of
// events: it makes the rest, and nothing twice. The answers of some that were
// made were lost.
func TestBatchIsCutOff(t *testing.T) {
	const n = 6
	for after := range n + 1 {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
				cut := &cutOff{Store: w.store.Store, left: after}
				w.store.commitTo(cut)
				key := &store.IdempotencyKey{Route: "events/batch", Key: "k", Fingerprint: [32]byte{1}}
				events := publications(n)
				events[2].Err = ringback.Invalid("type", "bad")
				first, err := w.publishAll(events, key)
				if after == 0 && ringback.CodeOf(err) != ringback.CodeUnavailable || after > 0 && err != nil {
					t.Fatal(err)
				}
				if got := w.countEvents(); got != min(after, n-1) {
					t.Fatalf("%d events were made", got)
				}
				w.store.commitTo(nil)
				second, err := w.publishAll(events, key)
				if err != nil {
					t.Fatal(err)
				}
				third, err := w.publishAll(events, key)
				if err != nil {
					t.Fatal(err)
				}
				for i := range events {
					if i == 2 {
						continue
					}
					if second[i].Err != nil || third[i].ID != second[i].ID || !third[i].Replayed {
						t.Errorf("event %d: %+v, and then %+v", i, second[i], third[i])
					}
					if first != nil && first[i].Err == nil && first[i].ID != second[i].ID {
						t.Errorf("event %d was %s and is %s", i, first[i].ID, second[i].ID)
					}
				}
				if got := w.countEvents(); got != n-1 {
					t.Errorf("%d events", got)
				}
				other := publications(n)
				if _, err := w.publishAll(other, &store.IdempotencyKey{Route: "events/batch", Key: "k", Fingerprint: [32]byte{2}}); ringback.CodeOf(err) != ringback.CodeIdempotencyMismatch {
					t.Error(err)
				}
			})
		})
	}
}

// TestBatchAtOnce publishes the same batch many times at once.
func TestBatchAtOnce(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		const n, callers = 50, 10
		results := make([][]engine.Published, callers)
		var wg sync.WaitGroup
		for i := range callers {
			wg.Go(func() {
				var err error
				results[i], err = w.publishAll(publications(n), &store.IdempotencyKey{Route: "events/batch", Key: "k"})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for i := range n {
			fresh := 0
			for _, r := range results {
				if r[i].ID != results[0][i].ID || r[i].ID == "" {
					t.Errorf("event %d: %+v and %+v", i, r[i], results[0][i])
				}
				if !r[i].Replayed {
					fresh++
				}
			}
			if fresh != 1 {
				t.Errorf("event %d was made %d times", i, fresh)
			}
		}
		if got := w.countEvents(); got != n {
			t.Errorf("%d events", got)
		}
	})
}

// TestBatchToManyEndpoints has more deliveries than may be in flight.
func TestBatchToManyEndpoints(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		const endpoints, n = 60, 100
		for range endpoints {
			if _, err := w.e.CreateEndpoint(t.Context(), w.account.ID, engine.CreateEndpointParams{URL: "https://receiver.example/hook", EventTypes: []string{"a"}}); err != nil {
				t.Fatal(err)
			}
		}
		results, err := w.publishAll(publications(n), nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			if r.Err != nil || r.Replayed {
				t.Errorf("event %d: %+v", i, r)
			}
		}
		ds, err := w.store.ListDeliveries(t.Context(), w.account.ID, store.DeliveryFilter{}, store.Page{Limit: endpoints*n + 1})
		if err != nil || len(ds) != endpoints*n {
			t.Errorf("%d deliveries, %v", len(ds), err)
		}
	})
}
