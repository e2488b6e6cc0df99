package bench

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/internal/server"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// places makes an empty one of each kind.
var places = map[string]func(t *testing.T) place{
	"sqlite": func(t *testing.T) place { return place{dir: t.TempDir()} },
	"postgres": func(t *testing.T) place {
		var key [32]byte
		_, _ = rand.Read(key[:])
		return place{url: pgtest.Schema(t), masterKey: base64.StdEncoding.EncodeToString(key[:])}
	},
}

// openServer opens a server, which makes its store.
func openServer(t *testing.T, at place) *server.Server {
	t.Helper()
	s, err := server.Open(t.Context(), server.Config{
		Addr: loopback, Dir: at.dir, Store: at.url, MasterKey: at.masterKey, NodeName: "one", Version: "test", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// served has a server make the store, and gives its account.
func served(t *testing.T, at place) (accountID string) {
	t.Helper()
	s := openServer(t, at)
	ended, stop := context.WithCancel(t.Context())
	stop()
	if err := s.Run(ended); err != nil {
		t.Fatal(err)
	}
	return s.Keys().AccountID
}

func paramsOf(p place, events int) SeedParams {
	return SeedParams{Dir: p.dir, URL: p.url, MasterKey: p.masterKey, Events: events}
}

// What is seeded is there as the server would have made it: delivered, at the
// first attempt, nothing waiting.
func TestSeed(t *testing.T) {
	for name, newPlace := range places {
		t.Run(name, func(t *testing.T) { testSeed(t, newPlace(t)) })
	}
}

func testSeed(t *testing.T, at place) {
	const events = seedBatch + 500
	account := served(t, at)
	var told []int
	p := paramsOf(at, events)
	p.Progress = func(done int) { told = append(told, done) }
	if err := Seed(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if len(told) != 2 || told[1] != events {
		t.Errorf("progress: %v", told)
	}
	s, err := at.open(t.Context())
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
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	p.AccountID = "acc_nobody"
	if err := Seed(t.Context(), p); err == nil || !strings.Contains(err.Error(), `no account "acc_nobody"`) {
		t.Errorf("%v", err)
	}
}

// What a server that was killed had leased waits like what it had scheduled.
func TestWaiting(t *testing.T) {
	for name, newPlace := range places {
		t.Run(name, func(t *testing.T) {
			at := newPlace(t)
			account := served(t, at)
			s, err := at.open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			epoch, err := s.Join(t.Context(), "killed")
			if err != nil {
				t.Fatal(err)
			}
			waits(t, s, account, store.Scheduled)
			waits(t, s, account, store.Placement{Lease: store.NewLease(epoch, 1)})
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if n, err := at.waiting(t.Context()); n != 2 || err != nil {
				t.Errorf("%d deliveries wait, %v", n, err)
			}
		})
	}
}

// Nodes would take one that only writes for one that sends.
func TestSeedBesideAServer(t *testing.T) {
	at := places["postgres"](t)
	s := openServer(t, at)
	running, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(running) }()
	err := Seed(t.Context(), paramsOf(at, 1))
	if err == nil || !strings.Contains(err.Error(), `the server "one" runs on this store`) {
		t.Errorf("%v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := Seed(t.Context(), paramsOf(at, 1)); err != nil {
		t.Errorf("after it ended: %v", err)
	}
	at.masterKey = ""
	if err := Seed(t.Context(), paramsOf(at, 1)); err == nil || !strings.Contains(err.Error(), "RINGBACK_MASTER_KEY is needed") {
		t.Errorf("%v", err)
	}
}

// waits commits an event with a delivery that is due in an hour.
func waits(t *testing.T, s store.Store, account string, in store.Placement) {
	t.Helper()
	op := delivered(&ringback.Endpoint{ID: "ep_1", AccountID: account, URL: "http://127.0.0.1:1/", EventTypes: []string{eventType}, Profile: "standard"}, 0, 1, time.Now())[0]
	publish := op.(*store.PublishEvent)
	publish.Deliveries[0].Placement = in
	publish.Deliveries[0].NextAttemptAt = publish.Event.CreatedAt.Add(time.Hour)
	if err := s.Commit(t.Context(), []store.Op{publish}); err != nil {
		t.Fatal(err)
	}
}
