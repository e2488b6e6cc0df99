package postgres_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ringback/ringback/internal/pgtest"
	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/internal/store/postgres"
	"github.com/ringback/ringback/ringback"
)

// history is a store with parts for some days of the past.
type history struct {
	*testing.T
	s     *postgres.Store
	url   string
	lease store.Lease
	noon  time.Time // of the first day
}

func newHistory(t *testing.T, days int) *history {
	h := &history{T: t, url: pgtest.Schema(t), noon: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	h.s = openStore(t, h.url)
	h.lease = store.NewLease(join(t, h.s), 1)
	for day := range days {
		if err := h.s.MakeDay(t.Context(), h.day(day)); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func (h *history) day(n int) time.Time { return h.noon.AddDate(0, 0, n) }

// ended publishes an event whose n deliveries arrive a minute later.
func (h *history) ended(account string, at time.Time, n int) *store.PublishEvent {
	h.Helper()
	op := eventOf(account, at, n, store.Placement{Lease: h.lease})
	commit(h, h.s, op)
	delivered(h, h.s, h.lease, at.Add(time.Minute), op.Deliveries)
	return op
}

func (h *history) drop(before time.Time) store.Purged {
	h.Helper()
	got, err := h.s.DropDays(h.Context(), before)
	if err != nil {
		h.Fatal(err)
	}
	return got
}

// wantEvent checks an event, its deliveries and their attempts, or that all are gone;
// they are looked for by id and in lists.
func (h *history) wantEvent(op *store.PublishEvent, there bool) {
	h.Helper()
	account := op.Event.AccountID
	_, err := h.s.Event(h.Context(), account, op.Event.ID)
	events, listErr := h.s.ListEvents(h.Context(), account, store.EventFilter{}, store.Page{Limit: 1000}, 1<<20)
	if listErr != nil {
		h.Fatal(listErr)
	}
	listed := slices.ContainsFunc(events, func(e *ringback.Event) bool { return e.ID == op.Event.ID })
	if (err == nil) != there || listed != there || err != nil && !errors.Is(err, store.ErrNotFound) {
		h.Errorf("event of %s: found %v, listed %v, want %v", op.Event.CreatedAt, err, listed, there)
	}
	deliveries, err := h.s.ListDeliveries(h.Context(), account, store.DeliveryFilter{EventID: op.Event.ID}, store.Page{Limit: 1000})
	want := 0
	if there {
		want = len(op.Deliveries)
	}
	if err != nil || len(deliveries) != want {
		h.Errorf("event of %s: %d deliveries are listed, want %d (%v)", op.Event.CreatedAt, len(deliveries), want, err)
	}
	for i := range op.Deliveries {
		d := &op.Deliveries[i]
		_, err := h.s.Delivery(h.Context(), account, d.ID)
		attempts, listErr := h.s.ListAttempts(h.Context(), account, d.ID, 10)
		if (err == nil) != there || listErr != nil || !there && len(attempts) > 0 {
			h.Errorf("delivery of %s: found %v, with %d attempts, want %v", d.CreatedAt, err, len(attempts), there)
		}
	}
}

// Days that are over are dropped, with their jobs; what is pending or ended late of
// them stays, and so do later days.
func TestDropDays(t *testing.T) {
	h := newHistory(t, 4)
	before := h.day(2).Add(time.Hour) // the third day has not passed as a whole
	var gone, stays []*store.PublishEvent
	for day := range 2 {
		gone = append(gone, h.ended("acc_a", h.day(day), 2), h.ended("acc_b", h.day(day), 0))
	}
	stays = append(stays, h.ended("acc_a", h.day(2), 1), h.ended("acc_a", h.day(3), 1))

	pending := eventOf("acc_b", h.day(0).Add(time.Hour), 3, store.Placement{Lease: h.lease})
	commit(t, h.s, pending)
	delivered(t, h.s, h.lease, h.day(0).Add(2*time.Hour), pending.Deliveries[:2])
	late := eventOf("acc_c", h.day(1).Add(time.Hour), 2, store.Placement{Lease: h.lease})
	commit(t, h.s, late)
	delivered(t, h.s, h.lease, h.day(1).Add(2*time.Hour), late.Deliveries[:1])
	delivered(t, h.s, h.lease, before, late.Deliveries[1:])
	retried := h.ended("acc_c", h.day(1).Add(3*time.Hour), 1)
	retry := &store.RetryDelivery{
		DeliveryRef: store.DeliveryRef{AccountID: "acc_c", ID: retried.Deliveries[0].ID},
		Placement:   store.Placement{Lease: h.lease}, Now: before,
	}
	commit(t, h.s, retry)
	stays = append(stays, pending, late, retried)

	got := h.drop(before)
	if want := (store.Purged{Events: 4, Deliveries: 4, Attempts: 4}); !cmp.Equal(got, want) {
		t.Errorf("purged %+v, want %+v", got, want)
	}
	for _, op := range gone {
		h.wantEvent(op, false)
	}
	for _, op := range stays {
		h.wantEvent(op, true)
	}
	for _, table := range []string{"events", "deliveries", "attempts"} {
		if left := parts(t, h.url, table); slices.Contains(left, postgres.PartOf(table, h.day(0))) ||
			slices.Contains(left, postgres.PartOf(table, h.day(1))) || !slices.Contains(left, postgres.PartOf(table, h.day(2))) {
			t.Errorf("the parts are %v", left)
		}
	}
	// What stayed goes on as before: it ends, and is then deleted like all else.
	delivered(t, h.s, h.lease, h.day(2), pending.Deliveries[2:])
	h.wantEvent(pending, true)
	over, err := h.s.OverEvents(t.Context(), h.day(2).Add(2*time.Hour), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	purged, err := h.s.PurgeEvents(t.Context(), store.PurgeEvents{Before: h.day(2).Add(2 * time.Hour), Events: over.Events, Rows: 100})
	if err != nil || purged.Events != 3 {
		t.Errorf("purged %+v of %d that are over (%v)", purged, len(over.Events), err)
	}
	h.wantEvent(pending, false)
	if again := h.drop(before); !cmp.Equal(again, store.Purged{}) {
		t.Errorf("purged %+v once more", again)
	}
}

// The jobs of a day go with their events; one whose event stays, stays.
func TestDropDaysWithJobs(t *testing.T) {
	h := newHistory(t, 1)
	var jobs []*ringback.Job
	for i := range 3 {
		j := jobOf("acc_a", "t", h.day(0).Add(time.Duration(i)*time.Minute))
		finish := eventOf("acc_a", j.CreatedAt.Add(time.Second), 1, store.Placement{Lease: h.lease})
		finish.Event.JobID, finish.Deliveries[0].JobID = j.ID, j.ID
		done := *j
		done.Status, done.FinishedAt = ringback.JobCanceled, j.CreatedAt.Add(time.Second)
		commit(t, h.s, &store.SubmitJob{Job: j}, &store.FinishJob{Job: &done, Event: finish.Event, Deliveries: finish.Deliveries})
		if i > 0 {
			delivered(t, h.s, h.lease, h.day(0).Add(time.Hour), finish.Deliveries)
		}
		jobs = append(jobs, j)
	}
	if got := h.drop(h.day(2)); got.Jobs != 2 || got.Events != 2 {
		t.Errorf("purged %+v, want two jobs with their events", got)
	}
	for i, j := range jobs {
		if _, err := h.s.Job(t.Context(), j.AccountID, j.ID); (err == nil) != (i == 0) {
			t.Errorf("job %d: %v", i, err)
		}
	}
}

// A day that cannot leave its tables, because a long query holds them, is left for
// later, and nobody waits for it long.
func TestDropDaysGivesWay(t *testing.T) {
	h := newHistory(t, 1)
	old := h.ended("acc_a", h.day(0), 1)
	conn := connect(t, h.url)
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT count(*) FROM events"); err != nil {
		t.Fatal(err)
	}
	var longest atomic.Int64
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			default:
			}
			began := time.Now()
			commit(t, h.s, eventOf("acc_b", time.Now(), 1, store.Scheduled))
			if took := int64(time.Since(began)); took > longest.Load() {
				longest.Store(took)
			}
		}
	})
	got := h.drop(h.day(2))
	close(done)
	wg.Wait()
	if !cmp.Equal(got, store.Purged{}) {
		t.Errorf("purged %+v while a query held the tables", got)
	}
	if took := time.Duration(longest.Load()); took > 5*time.Second {
		t.Errorf("a commit waited for %s", took)
	}
	h.wantEvent(old, true)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := h.drop(h.day(2)); got.Events != 1 {
		t.Errorf("purged %+v afterwards", got)
	}
	h.wantEvent(old, false)
}

// A day of which much is to be kept stays as it is.
func TestDropDaysLeavesMuch(t *testing.T) {
	h := newHistory(t, 1)
	old := h.ended("acc_a", h.day(0), 1)
	var pending []store.Op
	for i := range postgres.MaxKept + 1 {
		pending = append(pending, eventOf("acc_b", h.day(0).Add(time.Duration(i)*time.Second), 1, store.Scheduled))
	}
	commit(t, h.s, pending...)
	if got := h.drop(h.day(2)); !cmp.Equal(got, store.Purged{}) {
		t.Errorf("purged %+v", got)
	}
	h.wantEvent(old, true)
	canceled, _ := pending[0].(*store.PublishEvent)
	commit(t, h.s, &store.CancelDelivery{
		DeliveryRef: store.DeliveryRef{AccountID: "acc_b", ID: canceled.Deliveries[0].ID}, Now: h.day(1),
	})
	if got := h.drop(h.day(2)); got.Events != 2 {
		t.Errorf("purged %+v when there is less", got)
	}
	h.wantEvent(old, false)
	last, _ := pending[len(pending)-1].(*store.PublishEvent)
	h.wantEvent(last, true)
}

// A node that ended between the two steps of a drop leaves parts that belong to no
// table. The next one finishes: what ended late of them is inserted again, what
// was inserted stays as it is.
func TestDropDaysGoesOn(t *testing.T) {
	h := newHistory(t, 1)
	before := h.day(2)
	over, late, moved := h.ended("acc_a", h.day(0), 1), h.ended("acc_b", h.day(0), 1), h.ended("acc_c", h.day(0), 1)
	conn := connect(t, h.url)
	for _, sql := range []string{
		"UPDATE deliveries SET finished_at = $1 WHERE account_id IN ('acc_b', 'acc_c')",
		"ALTER TABLE events DETACH PARTITION " + postgres.PartOf("events", h.day(0)),
		"ALTER TABLE deliveries DETACH PARTITION " + postgres.PartOf("deliveries", h.day(0)),
		"ALTER TABLE attempts DETACH PARTITION " + postgres.PartOf("attempts", h.day(0)),
		"INSERT INTO events SELECT * FROM " + postgres.PartOf("events", h.day(0)) + " WHERE account_id = 'acc_c'",
	} {
		var args []any
		if strings.Contains(sql, "$1") {
			args = append(args, before.UnixMicro())
		}
		if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.drop(before); got.Events != 1+1 { // with the one that was inserted earlier
		t.Errorf("purged %+v", got)
	}
	h.wantEvent(over, false)
	h.wantEvent(late, true)
	if _, err := h.s.Event(t.Context(), "acc_c", moved.Event.ID); err != nil {
		t.Errorf("what was moved earlier: %v", err)
	}
	if d, err := h.s.Delivery(t.Context(), "acc_c", moved.Deliveries[0].ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what was moved earlier got an old delivery: %+v, %v", d, err)
	}
	if left := parts(t, h.url, "events"); slices.Contains(left, postgres.PartOf("events", h.day(0))) {
		t.Errorf("the part is still there: %v", left)
	}
}
