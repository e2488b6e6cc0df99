package engine_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// keeping runs a test with a retention, and gives it what is logged about that.
func keeping(t *testing.T, retention time.Duration, test func(t *testing.T, w *world, log *journal)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var log journal
		w := openWith(t, dir, engine.Config{Retention: retention, Log: slog.New(retentionOnly{slog.NewTextHandler(&log, nil)})})
		defer w.stop()
		account, err := w.e.CreateAccount(t.Context(), engine.CreateAccountParams{Name: "test"})
		if err != nil {
			t.Fatal(err)
		}
		w.account = account
		test(t, w, &log)
	})
}

// journal is what was logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// retentionOnly passes on what is logged about the retention.
type retentionOnly struct{ slog.Handler }

func (h retentionOnly) Handle(ctx context.Context, r slog.Record) error {
	if !strings.Contains(r.Message, "retention") {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// has says whether an event is there.
func (w *world) has(ev *ringback.Event) bool {
	w.t.Helper()
	_, err := w.store.Event(w.t.Context(), ev.AccountID, ev.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		w.t.Fatal(err)
	}
	return err == nil
}

func TestRetention(t *testing.T) {
	const kept = 26 * time.Hour
	keeping(t, kept, func(t *testing.T, w *world, log *journal) {
		w.net.at("https://ok.example/", answer(http.StatusOK).ServeHTTP)
		ep := w.endpoint("https://ok.example/", nil)
		old := make([]*ringback.Event, 500) // more than a slice
		for i := range old {
			old[i] = w.publish("a")
		}
		pending := w.publishFor(ep, 100*time.Hour)
		sleep(kept - 2*time.Hour)
		young := w.publish("a")
		sleep(time.Hour)
		for _, ev := range slices.Concat(old, []*ringback.Event{pending, young}) {
			if !w.has(ev) {
				t.Fatal("an event went before its time")
			}
		}
		if log.String() != "" {
			t.Errorf("logged without need:\n%s", log)
		}
		sleep(2 * time.Hour)
		for _, ev := range old {
			if w.has(ev) {
				t.Fatal("an old event is still there")
			}
		}
		if !w.has(young) {
			t.Error("a young event is gone")
		}
		want := "events=500 deliveries=500 attempts=500 jobs=0"
		if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), want) {
			t.Errorf("the log is not one line with %q:\n%s", want, log)
		}
		sleep(kept)
		claim := &store.ClaimDeliveries{Now: time.Now().Add(200 * time.Hour), Limit: 10, MaxBytes: 1 << 20}
		if err := w.store.Commit(t.Context(), []store.Op{claim}); err != nil {
			t.Fatal(err)
		}
		if len(claim.Claimed) != 1 || claim.Claimed[0].Event.ID != pending.ID || w.has(young) {
			t.Errorf("claimed %d; the young one is still there: %v", len(claim.Claimed), w.has(young))
		}
	})
}

// publishFor publishes an event whose delivery is due after the given time.
func (w *world) publishFor(ep *ringback.Endpoint, after time.Duration) *ringback.Event {
	w.t.Helper()
	at := time.Now().UTC()
	ev := &ringback.Event{ID: ringback.NewID(ringback.PrefixEvent, at), AccountID: ep.AccountID, Type: "late", CreatedAt: at}
	d := ringback.Delivery{
		ID: ringback.DeliveryID(ev.ID, 0), AccountID: ep.AccountID, EventID: ev.ID, EventType: ev.Type, EndpointID: ep.ID,
		URL: ep.URL, Profile: ep.Profile, Status: ringback.DeliveryPending, CreatedAt: at, NextAttemptAt: at.Add(after),
	}
	publish := &store.PublishEvent{Event: ev, Deliveries: []store.NewDelivery{{Delivery: d, Placement: store.Scheduled}}}
	if err := w.store.Commit(w.t.Context(), []store.Op{publish}); err != nil {
		w.t.Fatal(err)
	}
	return ev
}

// TestRetentionOff: without a retention nothing is ever deleted.
func TestRetentionOff(t *testing.T) {
	keeping(t, 0, func(t *testing.T, w *world, _ *journal) {
		ev := w.publish("a")
		sleep(3 * time.Hour)
		if !w.has(ev) {
			t.Error("the event is gone")
		}
	})
}

// TestRetentionTriesAgain: a store that cannot delete is asked again an hour
// later.
func TestRetentionTriesAgain(t *testing.T) {
	const kept = 26 * time.Hour
	keeping(t, kept, func(t *testing.T, w *world, log *journal) {
		ev := w.publish("a")
		sleep(kept - time.Hour/2)
		w.store.fail(true)
		sleep(2 * time.Hour)
		if got := strings.Count(log.String(), "could not be deleted"); !w.has(ev) || got != 2 {
			t.Errorf("the event is there: %v; logged %d times:\n%s", w.has(ev), got, log)
		}
		w.store.fail(false)
		sleep(time.Hour)
		if w.has(ev) {
			t.Error("the event is still there")
		}
	})
}
