package sqlite_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/sqlite"
	"github.com/ringback/ringback/internal/store/storetest"
	"github.com/ringback/ringback/ringback"
)

// bornLeased publishes an event with a delivery under a lease, and gives its outcome,
// which is not committed.
func bornLeased(t *testing.T, s store.Store) *store.RecordAttempt {
	t.Helper()
	publish, record := storetest.PublishBatch(1, 1, 0)
	commit(t, s, publish...)
	outcome, ok := record[0].(*store.RecordAttempt)
	if !ok {
		t.Fatalf("%T", record[0])
	}
	return outcome
}

// wantDelivery says what must be known of a delivery, and how many rows are
// pending.
func wantDelivery(t *testing.T, s *sqlite.Store, ref store.DeliveryRef, status ringback.DeliveryStatus, openRows int) {
	t.Helper()
	d, err := s.Delivery(t.Context(), ref.AccountID, ref.ID)
	if err != nil || d.Status != status {
		t.Errorf("the delivery: %+v (%v), want it %s", d, err, status)
	}
	listed, err := s.ListDeliveries(t.Context(), ref.AccountID, store.DeliveryFilter{Status: status}, store.Page{Limit: 9})
	if err != nil || len(listed) != 1 || listed[0].ID != ref.ID {
		t.Errorf("listed: %v (%v)", listed, err)
	}
	rows, err := s.Rows(t.Context())
	if err != nil || rows["deliveries_open"] != openRows {
		t.Errorf("rows: %v (%v), want %d pending", rows, err, openRows)
	}
}

// A delivery without a row is there after a crash, for whoever claims it.
func TestBornIsRecovered(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	join(t, s)
	pending := bornLeased(t, s)
	wantDelivery(t, s, pending.DeliveryRef, ringback.DeliveryPending, 0)
	closeStore(t, s)
	again := openStore(t, dir)
	join(t, again)
	wantDelivery(t, again, pending.DeliveryRef, ringback.DeliveryPending, 1)
	claim := &store.ClaimDeliveries{Lease: store.NewLease(2, 1), Now: time.Now(), Limit: 9, MaxBytes: 1 << 20}
	commit(t, again, pending, claim)
	if !errors.Is(pending.Err, store.ErrFenced) || len(claim.Claimed) != 1 || claim.Claimed[0].Delivery.ID != pending.ID {
		t.Errorf("the late outcome: %v; claimed %+v", pending.Err, claim.Claimed)
	}
}

// What had its end has it after a crash, too.
func TestBornEndsOnce(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	outcome := bornLeased(t, s)
	commit(t, s, outcome)
	wantDelivery(t, s, outcome.DeliveryRef, ringback.DeliveryDelivered, 0)
	closeStore(t, s)
	again := openStore(t, dir)
	join(t, again)
	wantDelivery(t, again, outcome.DeliveryRef, ringback.DeliveryDelivered, 0)
	attempts, err := again.ListAttempts(t.Context(), outcome.AccountID, outcome.ID, 9)
	if err != nil || len(attempts) != 1 || attempts[0].StatusCode != 200 || string(attempts[0].ResponseBody) != "ok" {
		t.Errorf("attempts: %+v (%v)", attempts, err)
	}
}

// What lasts gets a row, and the mark goes on.
func TestBornGetsItsRow(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t, dir)
		slow := bornLeased(t, s)
		time.Sleep(4 * time.Second)
		commit(t, s, &store.PromoteJobs{Now: time.Now(), Limit: 1})
		wantDelivery(t, s, slow.DeliveryRef, ringback.DeliveryPending, 0)
		time.Sleep(2 * time.Second)
		commit(t, s, &store.PromoteJobs{Now: time.Now(), Limit: 1})
		wantDelivery(t, s, slow.DeliveryRef, ringback.DeliveryPending, 1)
		commit(t, s, slow)
		if slow.Err != nil {
			t.Errorf("the outcome: %v", slow.Err)
		}
		wantDelivery(t, s, slow.DeliveryRef, ringback.DeliveryDelivered, 0)
		// Events up to the mark are not looked at again.
		change(t, s, "UPDATE events SET born = x'00'")
		closeStore(t, s)
		wantDelivery(t, openStore(t, dir), slow.DeliveryRef, ringback.DeliveryDelivered, 0)
	})
}

// What lasts is found among what has ended, however much that is.
func TestBornAmongMany(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t, dir)
		publish, record := storetest.PublishBatch(800, 1, 0)
		commit(t, s, publish...)
		commit(t, s, append(record[1:700:700], record[701:]...)...) // the first and another are slow
		time.Sleep(6 * time.Second)
		commit(t, s, &store.PromoteJobs{Now: time.Now(), Limit: 1})
		rows, err := s.Rows(t.Context())
		if err != nil || rows["deliveries_open"] != 2 || rows["deliveries"] != 798 {
			t.Errorf("rows: %v (%v)", rows, err)
		}
	})
}

// A transaction that is undone leaves no delivery.
func TestBornIsUndone(t *testing.T) {
	s := openStore(t, t.TempDir())
	publish, record := storetest.PublishBatch(3, 1, 0)
	known, _ := storetest.PublishBatch(1, 1, 0)
	commit(t, s, known...)
	err := s.Commit(t.Context(), append(publish, known...))
	if bad, ok := errors.AsType[*store.OpError](err); !ok || bad.Index != len(publish) {
		t.Fatalf("committed an event again: %v", err)
	}
	commit(t, s, record...)
	for _, op := range record {
		outcome := op.(*store.RecordAttempt) //nolint:forcetypeassert // storetest.PublishBatch makes no others
		if _, err := s.Delivery(t.Context(), outcome.AccountID, outcome.ID); !errors.Is(outcome.Err, store.ErrFenced) || !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the outcome: %v; the delivery: %v", outcome.Err, err)
		}
	}
	// An outcome that is undone leaves the delivery as it was.
	first := known[0].(*store.PublishEvent).Deliveries[0].Delivery //nolint:forcetypeassert // see above
	ref := store.DeliveryRef{AccountID: first.AccountID, ID: first.ID}
	outcome := &store.RecordAttempt{
		DeliveryRef: ref, Lease: store.NewLease(1, 1), Status: ringback.DeliveryDelivered, Now: time.Now(),
		Attempt: ringback.Attempt{Number: 1, StartedAt: time.Now(), StatusCode: 200},
	}
	if err := s.Commit(t.Context(), append([]store.Op{outcome}, known...)); err == nil {
		t.Fatal("committed an event again")
	}
	wantDelivery(t, s, ref, ringback.DeliveryPending, 0)
	commit(t, s, outcome)
	wantDelivery(t, s, ref, ringback.DeliveryDelivered, 0)
}

// The rows of events go on after all of them were deleted: those that come later
// are behind the mark.
func TestBornAfterPurge(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	for range 3 {
		commit(t, s, bornLeased(t, s))
	}
	closeStore(t, s)
	s = openStore(t, dir)
	if purged, err := purgeAll(t, s, time.Now().Add(time.Hour)); err != nil || purged.Events != 3 {
		t.Fatalf("purged %+v (%v)", purged, err)
	}
	closeStore(t, s)
	s = openStore(t, dir)
	pending := bornLeased(t, s)
	closeStore(t, s)
	wantDelivery(t, openStore(t, dir), pending.DeliveryRef, ringback.DeliveryPending, 1)
}
