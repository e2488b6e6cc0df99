// Package storetest is the conformance suite of the store: what the comments
// of package store promise, as tests that every driver runs. A driver's own
// tests are about what is particular to it.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ringback/ringback/internal/store"
	"github.com/ringback/ringback/ringback"
)

// Harness makes stores for the suite.
type Harness struct {
	// Open gives an empty store, closed when the test ends.
	Open func(t testing.TB) store.Store
	// Reopen ends the process that has the store, as far as the store can tell,
	// and gives the same store to a new one.
	Reopen func(t testing.TB, s store.Store) store.Store
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	for _, group := range []struct {
		name  string
		tests map[string]func(*world)
	}{
		{"Commit", commitTests},
		{"Accounts", accountTests},
		{"Keys", keyTests},
		{"Endpoints", endpointTests},
		{"Profiles", profileTests},
		{"Jobs", jobTests},
		{"Leases", leaseTests},
		{"Events", eventTests},
		{"EventTypes", eventTypeTests},
		{"Idempotency", idempotencyTests},
		{"Deliveries", deliveryTests},
		{"Claims", claimTests},
		{"Abandoned", abandonedTests},
		{"Attempts", attemptTests},
		{"Retries", retryTests},
		{"Recovery", recoveryTests},
		{"History", historyTests},
		{"Lists", listTests},
		{"Isolation", isolationTests},
		{"Backlog", backlogTests},
		{"Epochs", epochTests},
		{"Nodes", nodeTests},
		{"Revisions", revisionTests},
		{"Concurrency", concurrencyTests},
		{"Model", modelTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			for name, test := range group.tests {
				t.Run(name, func(t *testing.T) {
					test(newWorld(t, h))
				})
			}
		})
	}
}

// world is a store with a clock that a test moves.
type world struct {
	*testing.T
	h       Harness
	s       store.Store
	now     time.Time
	account string // the one that most tests act for
	epoch   int64
}

func newWorld(t *testing.T, h Harness) *world {
	w := &world{T: t, h: h, s: h.Open(t), now: time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)}
	w.account = w.id(ringback.PrefixAccount)
	w.join()
	return w
}

// tick moves the clock by a millisecond and gives the new time.
func (w *world) tick() time.Time {
	w.now = w.now.Add(time.Millisecond)
	return w.now
}

// id gives an id that is larger than those before it.
func (w *world) id(prefix string) string { return ringback.NewID(prefix, w.tick()) }

func (w *world) ctx() context.Context { return w.Context() }

// commit applies operations that must not fail.
func (w *world) commit(ops ...store.Op) {
	w.Helper()
	w.check(w.s.Commit(w.ctx(), ops))
}

func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) wantErr(got, want error) {
	w.Helper()
	if !errors.Is(got, want) || got == nil && want != nil {
		w.Fatalf("got error %v, want %v", got, want)
	}
}

// equal compares, taking nil and empty for the same.
func (w *world) equal(what string, got, want any) {
	w.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		w.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// exactly compares, telling nil from empty.
func (w *world) exactly(what string, got, want any) {
	w.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func ids[T any](all []T, id func(T) string) []string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = id(v)
	}
	return out
}

func jobID(j *ringback.Job) string           { return j.ID }
func eventID(e *ringback.Event) string       { return e.ID }
func deliveryID(d *ringback.Delivery) string { return d.ID }
func claimedID(c store.Claimed) string       { return c.Delivery.ID }

// newJob gives a job of the account that could run at once.
func (w *world) newJob(kind string) *ringback.Job {
	id := w.id(ringback.PrefixJob)
	return &ringback.Job{
		ID: id, AccountID: w.account, Type: kind, Status: ringback.JobQueued,
		Input: []byte(`{"n":1}`), RunAt: w.now, CreatedAt: w.now,
		Timeout: time.Hour, MaxAttempts: 3, TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
}

// submit makes a job.
func (w *world) submit(kind string) *ringback.Job {
	w.Helper()
	j := w.newJob(kind)
	w.commit(&store.SubmitJob{Job: j})
	return j
}

// lease leases one job, whichever is next.
func (w *world) lease(kind string) *ringback.Job {
	w.Helper()
	jobs := w.leaseAs("", 1, kind)
	if len(jobs) != 1 {
		w.Fatalf("leased %d jobs, want 1", len(jobs))
	}
	return jobs[0]
}

func (w *world) leaseAs(account string, limit int, kinds ...string) []*ringback.Job {
	w.Helper()
	op := &store.LeaseJobs{
		AccountID: account, Types: kinds, Max: limit, MaxBytes: anyBytes, Now: w.tick(), Lease: 30 * time.Second,
		Token: func(j *ringback.Job) string { return fmt.Sprintf("token-%s-%d", j.ID, j.Attempt) },
	}
	w.commit(op)
	return op.Jobs
}

// finish gives a leased job its outcome, with n deliveries.
func (w *world) finish(j *ringback.Job, status ringback.JobStatus, n int) *store.FinishJob {
	w.Helper()
	op := w.finishing(j, status, n)
	w.commit(op)
	w.check(op.Err)
	return op
}

func (w *world) finishing(j *ringback.Job, status ringback.JobStatus, n int) *store.FinishJob {
	w.tick()
	done := *j
	done.Status, done.FinishedAt, done.LeaseExpiresAt = status, w.now, time.Time{}
	if status == ringback.JobSucceeded {
		done.Result = []byte(`{"ok":true}`)
	} else {
		done.Error = "broke"
	}
	e := w.newEvent(ringback.JobEventTypes{}.For(status))
	e.AccountID, e.JobID, e.Data = j.AccountID, j.ID, nil
	return &store.FinishJob{Job: &done, Token: j.LeaseToken, Event: e, Deliveries: w.deliveriesOf(e, n, store.Scheduled)}
}

func (w *world) newEvent(kind string) *ringback.Event {
	id := w.id(ringback.PrefixEvent)
	return &ringback.Event{
		ID: id, AccountID: w.account, Type: kind, Data: []byte(`{"k":"v"}`), CreatedAt: w.now,
		TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
}

// deliveriesOf gives n deliveries of an event, due when it was made.
func (w *world) deliveriesOf(e *ringback.Event, n int, p store.Placement) []store.NewDelivery {
	all := make([]store.NewDelivery, n)
	for i := range all {
		all[i] = store.NewDelivery{Placement: p, Delivery: ringback.Delivery{
			ID: ringback.DeliveryID(e.ID, i), AccountID: e.AccountID, EventID: e.ID, EventType: e.Type,
			JobID: e.JobID, EndpointID: fmt.Sprintf("ep_%d", i), URL: fmt.Sprintf("https://example.com/%d", i),
			Profile: "standard", Status: ringback.DeliveryPending, NextAttemptAt: e.CreatedAt, CreatedAt: e.CreatedAt,
		}}
	}
	return all
}

// publish makes an event with one delivery.
func (w *world) publish(p store.Placement) *ringback.Delivery {
	w.Helper()
	return &w.publishN(1, p)[0].Delivery
}

func (w *world) publishN(n int, p store.Placement) []store.NewDelivery {
	w.Helper()
	e := w.newEvent("user.created")
	all := w.deliveriesOf(e, n, p)
	w.commit(&store.PublishEvent{Event: e, Deliveries: all})
	return all
}

// held is the lease that the tests take, if it does not matter which.
func (w *world) held() store.Lease { return store.NewLease(w.epoch, 1) }

func (w *world) leased() store.Placement { return store.Placement{Lease: w.held()} }

func (w *world) join() {
	w.Helper()
	var err error
	w.epoch, err = w.s.Join(w.ctx(), "test")
	w.check(err)
}

// reopen gives the store to a new process, which takes over from the one before.
func (w *world) reopen() {
	w.Helper()
	w.s = w.h.Reopen(w, w.s)
	before := w.epoch
	w.join()
	w.check(w.s.EndEpoch(w.ctx(), before))
	for {
		n, err := w.s.TakeOver(w.ctx(), 100)
		w.check(err)
		if n == 0 {
			return
		}
	}
}

func ref(d *ringback.Delivery) store.DeliveryRef {
	return store.DeliveryRef{AccountID: d.AccountID, ID: d.ID}
}

func (w *world) delivery(d *ringback.Delivery) *ringback.Delivery {
	w.Helper()
	got, err := w.s.Delivery(w.ctx(), d.AccountID, d.ID)
	w.check(err)
	return got
}

func (w *world) job(j *ringback.Job) *ringback.Job {
	w.Helper()
	got, err := w.s.Job(w.ctx(), j.AccountID, j.ID)
	w.check(err)
	return got
}

// outcome is an attempt of a delivery that ended with the status.
func (w *world) outcome(d *ringback.Delivery, number int, status ringback.DeliveryStatus) *store.RecordAttempt {
	w.tick()
	op := &store.RecordAttempt{
		DeliveryRef: ref(d), Lease: w.held(), Status: status, Now: w.now, URL: d.URL, Profile: d.Profile,
		Attempt: ringback.Attempt{Number: number, StartedAt: w.now, Duration: 1500 * time.Microsecond, StatusCode: 200},
	}
	if status != ringback.DeliveryDelivered {
		op.Attempt.StatusCode, op.Attempt.Error, op.Reason = 500, "server error", "HTTP 500"
	}
	if status == ringback.DeliveryPending {
		op.NextAttemptAt = w.now.Add(5 * time.Minute)
	}
	return op
}

// all is a page that holds everything that a test makes.
var all = store.Page{Limit: 1000}

const anyBytes = 1 << 30
