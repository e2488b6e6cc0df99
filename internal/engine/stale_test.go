package engine_test

import (
	"testing"
	"time"

	"github.com/ringback/ringback/internal/dispatch"
	"github.com/ringback/ringback/internal/engine"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// newEndpoint gives an endpoint that another node is to make.
func newEndpoint(accountID string) *ringback.Endpoint {
	at := time.Now()
	return &ringback.Endpoint{
		ID: ringback.NewID(ringback.PrefixEndpoint, at), AccountID: accountID, URL: receiver, EventTypes: []string{"*"},
		Profile: "standard", Secret: "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Enabled: true,
		Timeout: 15 * time.Second, CreatedAt: at, UpdatedAt: at,
	}
}

// What is planned with an account that was changed before the commit, unheard,
// is planned again: the new endpoint gets it.
func TestChangedWhilePlanning(t *testing.T) {
	for name, publish := range map[string]func(t *testing.T, w *world) error{
		"event": func(t *testing.T, w *world) error {
			_, _, err := w.e.PublishEvent(t.Context(), w.account.ID, engine.PublishEventParams{Type: "a"})
			return err
		},
		"event with a key": func(t *testing.T, w *world) error {
			key := &store.IdempotencyKey{Route: "events", Key: "k"}
			first, _, err := w.e.PublishEvent(t.Context(), w.account.ID, engine.PublishEventParams{Type: "a", Key: key})
			if err != nil {
				return err
			}
			again, replayed, err := w.e.PublishEvent(t.Context(), w.account.ID, engine.PublishEventParams{Type: "a", Key: key})
			if !replayed || again.ID != first.ID {
				t.Errorf("repeated: %t, %s after %s", replayed, again.ID, first.ID)
			}
			return err
		},
		"batch": func(t *testing.T, w *world) error {
			results, err := w.publishAll(publications(1), nil)
			if err == nil {
				err = results[0].Err
			}
			return err
		},
		"batch with a key": func(t *testing.T, w *world) error {
			results, err := w.publishAll(publications(1), &store.IdempotencyKey{Route: "events/batch", Key: "k"})
			if err == nil {
				err = results[0].Err
			}
			return err
		},
		"job": func(t *testing.T, w *world) error {
			job, _, err := w.e.SubmitJob(t.Context(), w.account.ID, engine.SubmitJobParams{Type: "x"})
			if err == nil {
				_, err = w.e.CancelJob(t.Context(), w.account.ID, job.ID)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
				got := answer(200)
				w.net.at(receiver, got.ServeHTTP)
				w.publish("warm")
				changed := false
				w.store.beforeCommit(func(op store.Op) {
					if _, job := op.(*store.SubmitJob); changed || job {
						return
					}
					changed = true
					if err := w.store.InsertEndpoint(t.Context(), newEndpoint(w.account.ID), 10); err != nil {
						t.Error(err)
					}
				})
				if err := publish(t, w); err != nil {
					t.Fatal(err)
				}
				sleep(time.Second)
				got.once(t, 1)
				if s := w.e.Stats(); s.InMemory != 0 {
					t.Errorf("in memory: %+v", s)
				}
			})
		})
	}
}

// An account that is changed before every commit gets an error that says to try
// again, and no place in memory is lost.
func TestNeverLeftAlone(t *testing.T) {
	inWorld(t, dispatch.Limits{}, func(t *testing.T, w *world) {
		w.net.at(receiver, answer(200).ServeHTTP)
		w.endpoint(receiver, nil)
		w.store.beforeCommit(func(store.Op) {
			_, err := w.store.UpdateAccount(t.Context(), w.account.ID, func(*ringback.Account) error { return nil })
			if err != nil {
				t.Error(err)
			}
		})
		if _, _, err := w.e.PublishEvent(t.Context(), w.account.ID, engine.PublishEventParams{Type: "a"}); ringback.CodeOf(err) != ringback.CodeUnavailable {
			t.Errorf("event: %v", err)
		}
		if _, err := w.publishAll(publications(10), nil); ringback.CodeOf(err) != ringback.CodeUnavailable {
			t.Errorf("batch: %v", err)
		}
		if s := w.e.Stats(); s.InMemory != 0 {
			t.Errorf("in memory: %+v", s)
		}
		if n := w.countEvents(); n != 0 {
			t.Errorf("%d events were made", n)
		}
	})
}
