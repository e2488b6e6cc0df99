package bench

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/server"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// serverFolder makes a data folder as a server does, and gives its account.
func serverFolder(t *testing.T) (dir, accountID string) {
	t.Helper()
	dir = t.TempDir()
	s, err := server.Open(t.Context(), server.Config{Addr: loopback, Dir: dir, Version: "test", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	if err := s.Run(ended); err != nil {
		t.Fatal(err)
	}
	return dir, s.Keys().AccountID
}

// What is seeded is there as the server would have made it: delivered, at the
// first attempt, nothing waiting.
func TestSeed(t *testing.T) {
	const events = seedBatch + 500
	dir, account := serverFolder(t)
	var told []int
	p := SeedParams{Dir: dir, Events: events, Progress: func(done int) { told = append(told, done) }}
	if err := Seed(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if len(told) != 2 || told[1] != events {
		t.Errorf("progress: %v", told)
	}
	s, err := openFolder(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.ListDeliveries(t.Context(), account, store.DeliveryFilter{Status: ringback.DeliveryDelivered}, store.Page{Limit: 2 * events})
	if err != nil || len(all) != events {
		t.Fatalf("%d deliveries, %v", len(all), err)
	}
	e, err := s.Event(t.Context(), account, all[0].EventID)
	if err != nil || len(e.Data) != dataBytes {
		t.Errorf("%v, %v", e, err)
	}
	attempts, err := s.ListAttempts(t.Context(), account, all[0].ID, 10)
	if err != nil || len(attempts) != 1 || attempts[0].StatusCode != 200 || all[0].AttemptCount != 1 {
		t.Errorf("%+v, %v", attempts, err)
	}
	if endpoint, err := s.Endpoint(t.Context(), account, all[0].EndpointID); err != nil || endpoint.Subscribes(eventType) {
		t.Errorf("%+v, %v", endpoint, err)
	}
	waits(t, s, account)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n, known, err := (place{dir: dir}).waiting(t.Context()); n != 1 || !known || err != nil {
		t.Errorf("%d deliveries wait, %t, %v", n, known, err)
	}
	p.AccountID = "acc_nobody"
	if err := Seed(t.Context(), p); err == nil || !strings.Contains(err.Error(), `no account "acc_nobody"`) {
		t.Errorf("%v", err)
	}
}

// waits commits an event with a delivery that is due in an hour.
func waits(t *testing.T, s store.Store, account string) {
	t.Helper()
	op := delivered(&ringback.Endpoint{ID: "ep_1", AccountID: account, URL: "http://127.0.0.1:1/", EventTypes: []string{eventType}, Profile: "standard"}, 0, 1, time.Now())[0]
	publish := op.(*store.PublishEvent)
	publish.Deliveries[0].Placement = store.Scheduled
	publish.Deliveries[0].NextAttemptAt = publish.Event.CreatedAt.Add(time.Hour)
	if err := s.Commit(t.Context(), []store.Op{publish}); err != nil {
		t.Fatal(err)
	}
}
