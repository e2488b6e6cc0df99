package engine_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// away is how long the store does not answer in these tests: longer than a
// caller is kept waiting, and than the dispatcher looks after what happened.
const away = 2 * time.Minute

// hangOnce has the first commit with such an operation take its time.
func (w *world) hangOnce(is func(store.Op) bool) {
	var once sync.Once
	w.store.beforeCommit(func(op store.Op) {
		if is(op) {
			once.Do(func() { time.Sleep(away) })
		}
	})
}

// An event that was committed after its publisher had been told that its fate
// is not known is sent, even if nothing else happens.
func TestSentAfterUnknownFate(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		got := answer(http.StatusOK)
		w.net.at(receiver, got.ServeHTTP)
		w.endpoint(receiver, nil)
		sleep(time.Minute)
		w.hangOnce(func(op store.Op) bool { _, is := op.(*store.PublishEvent); return is })
		_, _, err := w.e.PublishEvent(t.Context(), w.account.ID, engine.PublishEventParams{Type: "a"})
		if ringback.CodeOf(err) != ringback.CodeUnavailable {
			t.Fatalf("published while the store does not answer: %v", err)
		}
		sleep(away)
		if n := w.count(ringback.DeliveryDelivered); n != 1 || len(got.times()) != 1 {
			t.Errorf("%d delivered by %d calls", n, len(got.times()))
		}
	})
}

// An attempt that takes long to be recorded is in the history once, and the next
// one is made.
func TestRecordedOnceAfterStall(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		got := answer(http.StatusInternalServerError, http.StatusOK)
		w.net.at(receiver, got.ServeHTTP)
		w.endpoint(receiver, nil)
		w.hangOnce(func(op store.Op) bool { _, is := op.(*store.RecordAttempt); return is })
		ev := w.publish("a")
		sleep(2 * away)
		d, attempts := w.delivery(ev, 0)
		if d.Status != ringback.DeliveryDelivered || d.AttemptCount != 2 || len(attempts) != 2 || len(got.times()) != 2 {
			t.Errorf("%s after %d attempts (%d kept, %d made)", d.Status, d.AttemptCount, len(attempts), len(got.times()))
		}
	})
}
