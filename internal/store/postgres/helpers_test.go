package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/postgres"
	"github.com/ringback/ringback/ringback"
)

// eventOf gives an event of an account with n deliveries.
func eventOf(account string, at time.Time, n int, p store.Placement) *store.PublishEvent {
	at = at.UTC().Truncate(time.Microsecond)
	e := &ringback.Event{ID: ringback.NewID(ringback.PrefixEvent, at), AccountID: account, Type: "t", CreatedAt: at}
	op := &store.PublishEvent{Event: e}
	for i := range n {
		op.Deliveries = append(op.Deliveries, store.NewDelivery{Placement: p, Delivery: ringback.Delivery{
			ID: ringback.DeliveryID(e.ID, i), AccountID: account, EventID: e.ID, EventType: e.Type,
			EndpointID: fmt.Sprintf("ep_%d", i), URL: "https://example.com/", Profile: "standard",
			Status: ringback.DeliveryPending, NextAttemptAt: at, CreatedAt: at,
		}})
	}
	return op
}

// publishLeased makes n events of an account each, with a delivery under the lease.
func publishLeased(t testing.TB, s *postgres.Store, lease store.Lease, n int) {
	t.Helper()
	for i := range n {
		commit(t, s, eventOf(fmt.Sprintf("acc_%d", i), time.Now(), 1, store.Placement{Lease: lease}))
	}
}

// delivered ends deliveries that are under the lease.
func delivered(t testing.TB, s *postgres.Store, lease store.Lease, at time.Time, all []store.NewDelivery) {
	t.Helper()
	for i := range all {
		op := &store.RecordAttempt{
			DeliveryRef: store.DeliveryRef{AccountID: all[i].AccountID, ID: all[i].ID}, Lease: lease,
			Status: ringback.DeliveryDelivered, Now: at, URL: all[i].URL, Profile: all[i].Profile,
			Attempt: ringback.Attempt{Number: all[i].AttemptCount + 1, StartedAt: at, StatusCode: 200},
		}
		commit(t, s, op)
		if op.Err != nil {
			t.Fatal(op.Err)
		}
	}
}

// jobOf gives a job of an account that can be leased at once.
func jobOf(account, kind string, at time.Time) *ringback.Job {
	at = at.UTC().Truncate(time.Microsecond)
	return &ringback.Job{
		ID: ringback.NewID(ringback.PrefixJob, at), AccountID: account, Type: kind, Status: ringback.JobQueued,
		Input: []byte("1"), RunAt: at, CreatedAt: at, Timeout: time.Hour, MaxAttempts: 3,
	}
}
