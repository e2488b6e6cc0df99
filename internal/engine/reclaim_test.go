package engine_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// lateAnswer is a store that makes a change a while before it says so.
type lateAnswer struct{ store.Store }

func (l lateAnswer) Commit(ctx context.Context, ops []store.Op) error {
	err := l.Store.Commit(ctx, ops)
	switch ops[0].(type) {
	case *store.PublishEvent, *store.RetryDelivery:
		time.Sleep(1900 * time.Millisecond)
	}
	return err
}

// A delivery whose lease was on its way into memory at one check, and another
// lease at the next, lost neither: each attempt is made once.
func TestLeasesOnTheirWayAreNotLost(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		got := answer(http.StatusOK)
		w.net.at(receiver, func(rw http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second)
			got.ServeHTTP(rw, r)
		})
		w.endpoint(receiver, nil)
		w.store.commitTo(lateAnswer{w.store.Store})
		sleep(4 * time.Second) // checks are every five seconds
		ev := w.publish("a")
		sleep(3 * time.Second)
		if _, err := w.e.RetryDelivery(t.Context(), w.account.ID, ringback.DeliveryID(ev.ID, 0)); err != nil {
			t.Fatal(err)
		}
		sleep(time.Minute)
		if n := len(got.times()); n != 2 {
			t.Errorf("%d attempts, want the first one and the one that was asked for", n)
		}
	})
}
