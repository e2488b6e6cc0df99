package sqlite_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// finishedJob submits, leases and finishes a job with one delivery, as three
// commits, and gives the delivery.
func finishedJob(t *testing.T, s store.Store, at time.Time) store.DeliveryRef {
	t.Helper()
	job := &ringback.Job{
		ID: ringback.NewID(ringback.PrefixJob, at), AccountID: "acc_1", Type: "t",
		Input: []byte(`{"in":1}`), CreatedAt: at, RunAt: at, Timeout: time.Hour,
	}
	lease := &store.LeaseJobs{
		Types: []string{"t"}, Max: 1, MaxBytes: 1 << 20, Now: at, Lease: time.Minute,
		Token: func(*ringback.Job) string { return "token" },
	}
	commit(t, s, &store.SubmitJob{Job: job}, lease)
	done := lease.Jobs[0]
	done.Status, done.Result, done.FinishedAt = ringback.JobSucceeded, []byte(`{"out":1}`), at
	e := &ringback.Event{
		ID: ringback.NewID(ringback.PrefixEvent, at), AccountID: "acc_1", Type: "job.succeeded", JobID: job.ID, CreatedAt: at,
	}
	d := ringback.Delivery{
		ID: ringback.DeliveryID(e.ID, 0), AccountID: "acc_1", EventID: e.ID, EventType: e.Type, JobID: job.ID,
		Status: ringback.DeliveryPending, NextAttemptAt: at, CreatedAt: at,
	}
	ref := store.DeliveryRef{AccountID: d.AccountID, ID: d.ID}
	record := &store.RecordAttempt{
		Lease:       store.NewLease(1, 1),
		DeliveryRef: ref, Status: ringback.DeliveryDelivered, Now: at,
		Attempt: ringback.Attempt{Number: 1, StartedAt: at, StatusCode: 200, ResponseBody: []byte("ok")},
	}
	commit(t, s, &store.FinishJob{Job: done, Token: "token", Event: e, Deliveries: []store.NewDelivery{
		{Delivery: d, Placement: store.Placement{Lease: store.NewLease(1, 1)}},
	}}, record)
	return ref
}

// purgeAll deletes what was over before the time in one slice.
func purgeAll(t *testing.T, s store.Store, before time.Time) (store.Purged, error) {
	t.Helper()
	over, err := s.OverEvents(t.Context(), before, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return s.PurgeEvents(t.Context(), store.PurgeEvents{Before: before, Events: over.Events, Rows: 1000})
}

// TestPurgeLeavesNothingBehind looks into the tables: what a job was given and
// returned must go with it.
func TestPurgeLeavesNothingBehind(t *testing.T) {
	s := openStore(t, t.TempDir())
	at := time.Now()
	for i := range 3 {
		finishedJob(t, s, at.Add(time.Duration(i)*time.Second))
	}
	purged, err := purgeAll(t, s, at.Add(1500*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	purged.Held = 0
	if want := (store.Purged{Done: 2, Events: 2, Deliveries: 2, Attempts: 2, Jobs: 2}); purged != want {
		t.Errorf("purged %+v, want %+v", purged, want)
	}
	got, err := s.Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"events": 1, "deliveries": 1, "deliveries_open": 0, "attempts": 0, "jobs": 1, "job_inputs": 1, "job_results": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows that are left (-want +got):\n%s", diff)
	}
}

// TestPurgeIsWhole: a slice that cannot be committed deletes nothing.
func TestPurgeIsWhole(t *testing.T) {
	s := openStore(t, t.TempDir())
	ref := finishedJob(t, s, time.Now())
	change(t, s, "CREATE TRIGGER full BEFORE DELETE ON jobs BEGIN SELECT raise(ABORT, 'full'); END")
	before := time.Now().Add(time.Hour)
	if purged, err := purgeAll(t, s, before); err == nil || purged != (store.Purged{}) {
		t.Errorf("purged %+v (%v)", purged, err)
	}
	if _, err := s.Delivery(t.Context(), ref.AccountID, ref.ID); err != nil {
		t.Errorf("the delivery: %v", err)
	}
	change(t, s, "DROP TRIGGER full")
	if purged, err := purgeAll(t, s, before); err != nil || purged.Jobs != 1 {
		t.Errorf("purged %+v (%v)", purged, err)
	}
	if _, err := s.Delivery(t.Context(), ref.AccountID, ref.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the delivery: %v", err)
	}
}
