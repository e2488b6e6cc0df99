package server_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ringback/ringback/client"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
	"github.com/ringback/ringback/webhook"
)

// eachKeptStore runs a test on a copy of every store that an earlier version
// made (see -keep-store).
func eachKeptStore(t *testing.T, test func(t *testing.T, dir string, kept *contents)) {
	t.Helper()
	dirs := must(filepath.Glob("../store/sqlite/testdata/schema*"))(t)
	if len(dirs) == 0 {
		t.Fatal("there are no stores of earlier versions")
	}
	for _, from := range dirs {
		t.Run(filepath.Base(from), func(t *testing.T) {
			dir := t.TempDir()
			f := must(os.Open(filepath.Join(from, "ringback.db.gz")))(t)
			defer f.Close()
			for name, content := range map[string][]byte{
				"ringback.db": must(io.ReadAll(must(gzip.NewReader(f))(t)))(t),
				"master.key":  must(os.ReadFile(filepath.Join(from, "master.key")))(t),
			} {
				if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var kept contents
			if err := json.Unmarshal(must(os.ReadFile(filepath.Join(from, "contents.json")))(t), &kept); err != nil {
				t.Fatal(err)
			}
			test(t, dir, &kept)
		})
	}
}

// TestKeptStores: what an earlier version wrote is read as it was meant.
func TestKeptStores(t *testing.T) {
	eachKeptStore(t, func(t *testing.T, dir string, kept *contents) {
		s := openStore(t, dir)
		defer s.Close()
		wantContents(t, contentsOf(t, s, kept), kept)
		wantKnownKeys(t, s, kept)
		wantWork(t, s, kept)
	})
}

// wantKnownKeys uses each idempotency key for another request.
func wantKnownKeys(t *testing.T, s store.Store, kept *contents) {
	t.Helper()
	if len(kept.Idempotency) == 0 {
		t.Fatal("no keys were kept")
	}
	for _, k := range kept.Idempotency {
		key := &store.IdempotencyKey{Route: k.Route, Key: k.Key}
		at := kept.Events[len(kept.Events)-1].CreatedAt // well within the keys' time
		publish := &store.PublishEvent{Event: &ringback.Event{
			ID: ringback.NewID(ringback.PrefixEvent, at), AccountID: k.AccountID, Type: "t", CreatedAt: at,
		}, Key: key}
		if err := s.Commit(t.Context(), []store.Op{publish}); err != nil {
			t.Fatal(err)
		}
		if !errors.Is(publish.Err, store.ErrIdempotencyMismatch) {
			t.Errorf("the key %q is not known: %v", k.Key, publish.Err)
		}
	}
}

// wantWork claims all that is pending, and leases all that is queued.
func wantWork(t *testing.T, s store.Store, kept *contents) {
	t.Helper()
	later := kept.Events[0].CreatedAt.AddDate(1, 0, 0)
	claim := &store.ClaimDeliveries{Now: later, Limit: 1000, MaxBytes: 1 << 30}
	promote := &store.PromoteJobs{Now: later, Limit: 1000}
	lease := &store.LeaseJobs{
		Types: []string{"queued", "waiting", "again", "of.another.account"}, Max: 1000, MaxBytes: 1 << 30, Now: later,
		Lease: time.Minute, Token: func(*ringback.Job) string { return "token" },
	}
	if err := s.Commit(t.Context(), []store.Op{claim, promote, lease}); err != nil {
		t.Fatal(err)
	}
	pending, queued := 0, 0
	for _, d := range kept.Deliveries {
		if d.Status == ringback.DeliveryPending {
			pending++
		}
	}
	for _, j := range kept.Jobs {
		if j.Status == ringback.JobQueued {
			queued++
		}
	}
	if pending == 0 || len(claim.Claimed) != pending {
		t.Errorf("claimed %d deliveries of %d", len(claim.Claimed), pending)
	}
	if queued == 0 || len(lease.Jobs) != queued {
		t.Errorf("leased %d jobs of %d", len(lease.Jobs), queued)
	}
}

// TestKeptStoresGoOn: a server starts on the store of an earlier version, knows
// its keys, and delivers what was pending.
func TestKeptStoresGoOn(t *testing.T) {
	eachKeptStore(t, func(t *testing.T, dir string, kept *contents) {
		arrived := make(chan error, 100)
		var verifier *webhook.Verifier
		receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err == nil {
				_, err = verifier.Verify(r.Header, body)
			}
			arrived <- err
		}))
		defer receiver.Close()
		s := openStore(t, dir)
		var delivery string
		for _, ep := range kept.Endpoints {
			if ep.Name != "later" {
				continue
			}
			profile, _ := webhook.Lookup(ep.Profile)
			verifier = must(webhook.NewVerifier(profile, []string{ep.Secret}))(t)
			must(s.UpdateEndpoint(t.Context(), ep.AccountID, ep.ID, func(ep *ringback.Endpoint) error {
				ep.URL = receiver.URL
				return nil
			}))(t)
			for _, d := range kept.Deliveries {
				if d.EndpointID == ep.ID {
					delivery = d.ID
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		r := run(t, dir)
		if r.Keys().APIKey != "" {
			t.Error("the server showed new keys")
		}
		if err := <-arrived; err != nil {
			t.Errorf("what arrived is not genuine: %v", err)
		}
		customer := r.client(kept.Keys.APIKey)
		deadline := time.After(20 * time.Second)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			d := must(customer.GetDelivery(t.Context(), delivery))(t)
			if d.Status == ringback.DeliveryDelivered && d.AttemptCount == 2 && len(d.Attempts) == 2 {
				break
			}
			select {
			case <-deadline:
				t.Fatalf("the delivery is %+v", d)
			case <-tick.C:
			}
		}
		must(r.client(kept.Keys.OperatorKey).ListAccounts(t.Context(), client.Page{}))(t)
	})
}
